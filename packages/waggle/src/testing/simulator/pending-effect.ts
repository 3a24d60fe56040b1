import type { ProcessState } from "./process-state.ts";
import type { Alternative, EffectOptions } from "./scenario.ts";

/** `call`: made by the process. `timer`: fires at a time. `delivery`: comes to the process from the bus. */
export type EffectKind = "call" | "timer" | "delivery";

/** Who hears how an effect ended. */
export interface Settle {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** Something that can happen to the living incarnation of a process; the scheduler decides when. */
export class PendingEffect {
  readonly kind: EffectKind;
  readonly process: ProcessState;
  readonly label: string;
  readonly apply: () => unknown;
  readonly settle: Settle;
  readonly ready: (() => boolean) | undefined;
  readonly waitsFor: string | undefined;
  readonly alternatives: readonly Alternative<unknown>[] | undefined;
  /** Virtual ms at which a timer fires; 0 for others. */
  at = 0;
  /** The subscription that a delivery belongs to; undefined for others. */
  origin: object | undefined = undefined;
  /** Whether it could happen when the menu was last filled. */
  enabled = false;

  constructor(
    kind: EffectKind,
    process: ProcessState,
    label: string,
    apply: () => unknown,
    settle: Settle,
    options: EffectOptions<unknown> | undefined,
  ) {
    this.kind = kind;
    this.process = process;
    this.label = label;
    this.apply = apply;
    this.settle = settle;
    this.ready = options?.ready;
    this.waitsFor = options?.waitsFor;
    this.alternatives = options?.alternatives;
  }
}
