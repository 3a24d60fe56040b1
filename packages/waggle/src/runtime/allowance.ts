import type { RunId } from "../core/ids.ts";
import type { AddWrite } from "../ports/store.ts";

/** Messages that one run may send in all, whoever sends them: a run that only begets messages ends. */
export const MAX_RUN_MESSAGES: number = 1_000_000;

/** Messages a host may send for a run before it reserves more; so that most runs never write the cell. */
const BLOCK = 1_000;

/** Runs whose allowance is remembered, those that sent last. */
const MAX_RUNS = 10_000;

/** The cell that counts the messages reserved for a run. */
export function messagesCell(run: RunId): string {
  return `messages.${run}`;
}

/** The right to send one message. */
export interface MessageTicket {
  /** What has to be written with the message; refused as `bound` when its run has sent too many. */
  readonly writes: readonly AddWrite[];
  /** The message was accepted. */
  used(): void;
  /** The message was refused. */
  returned(): void;
}

/**
 * What one host may still send for each run. It reserves blocks in a cell that all hosts share, in the commit of
 * the message that needs it; so a run sends at most the limit, and a block more for each host that served it or has
 * forgotten it. What is taken counts at once, for many messages can be on their way at one time.
 */
export class Allowance {
  readonly #left = new Map<RunId, number>();
  readonly #limit: number;

  constructor(limit: number = MAX_RUN_MESSAGES) {
    this.#limit = limit;
  }

  /** Takes the right to send a message of `run`. */
  take(run: RunId): MessageTicket {
    if (this.#of(run) > 0) {
      this.#add(run, -1);
      return { writes: NOTHING, used: () => {}, returned: () => this.#add(run, 1) };
    }
    return {
      writes: [{ type: "add", cell: messagesCell(run), by: BLOCK, max: this.#limit }],
      used: () => this.#add(run, BLOCK - 1),
      returned: () => {},
    };
  }

  #add(run: RunId, count: number): void {
    const left = this.#of(run) + count;
    this.#left.delete(run);
    this.#left.set(run, left);
    if (this.#left.size <= MAX_RUNS) return;
    const [oldest] = this.#left.keys();
    if (oldest !== undefined) this.#left.delete(oldest);
  }

  #of(run: RunId): number {
    return this.#left.get(run) ?? Math.min(BLOCK, this.#limit);
  }
}

const NOTHING: readonly AddWrite[] = [];
