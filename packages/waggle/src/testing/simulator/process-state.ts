import type { Process, ProcessOptions } from "./scenario.ts";

/** What the scheduler knows about one process through all its incarnations. */
export class ProcessState {
  readonly name: string;
  /** Place in the order of declaration, from 0. */
  readonly index: number;
  readonly main: (self: Process) => Promise<unknown>;
  readonly daemon: boolean;
  crashesLeft: number;
  /** Number of the living incarnation; 0 while there is none. Port calls compare theirs with it. */
  life = 0;
  /** Number of incarnations so far. */
  incarnations = 0;
  /** Virtual ms at which the living incarnation started. */
  startedAt = 0;
  /** True when the main of the living incarnation has returned or thrown. */
  settled = false;
  /** Effects and timers of the living incarnation that have not happened yet; deliveries are not counted. */
  pending = 0;
  /** Subscriptions of the living incarnation. */
  subscriptions = 0;

  constructor(
    name: string,
    index: number,
    main: (self: Process) => Promise<unknown>,
    options: ProcessOptions | undefined,
  ) {
    this.name = name;
    this.index = index;
    this.main = main;
    this.daemon = options?.daemon ?? false;
    this.crashesLeft = options?.crashes ?? 0;
  }

  /** Name for traces: with the incarnation from the second on. */
  title(): string {
    return this.life > 1 ? `${this.name}/${this.life}` : this.name;
  }
}
