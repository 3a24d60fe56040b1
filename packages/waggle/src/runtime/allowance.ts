import type { RunId } from "../core/ids.ts";
import type { AddWrite } from "../ports/store.ts";

/** Messages that one run may send in all, whoever sends them: a run that only begets messages ends. */
const MAX_RUN_MESSAGES = 1_000_000;

/** Most messages a host may send for a run before it reserves more; so that most runs never write the cell. */
const MAX_BLOCK = 1_000;

/** Part of the limit that a block is at most: so small limits are kept to a few messages. */
const LEAST_BLOCKS = 20;

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
  /** The message was not sent. */
  returned(): void;
}

/** What one host may send for one run. */
interface Entry {
  left: number;
  /** True while a block is being reserved. */
  isReserving: boolean;
  /** True once the cell counts the first block, which needs no reservation. */
  isCounted: boolean;
}

/**
 * What one host may still send for each run. It reserves blocks in a cell that all hosts share, in the commit of
 * the message that needs it; so a run sends at most the limit, and a block more for each host that served it. What is
 * taken counts at once, for many messages can be on their way at one time: those that find a block being reserved
 * reserve for themselves only.
 */
export class Allowance {
  readonly #entries = new Map<RunId, Entry>();
  readonly #limit: number;
  readonly #block: number;

  constructor(limit: number = MAX_RUN_MESSAGES) {
    this.#limit = limit;
    this.#block = Math.min(MAX_BLOCK, Math.max(1, Math.floor(limit / LEAST_BLOCKS)));
  }

  /** Takes the right to send a message of `run`. */
  take(run: RunId): MessageTicket {
    const entry = this.#entryOf(run);
    if (entry.left > 0) return takeOne(entry);
    if (entry.isReserving) return { writes: this.#reserve(run, 1), ...NOTHING_TO_DO };
    return this.#takeBlock(run, entry);
  }

  #takeBlock(run: RunId, entry: Entry): MessageTicket {
    const block = this.#block;
    entry.isReserving = true;
    return {
      writes: this.#reserve(run, entry.isCounted ? block : 2 * block),
      used: () => {
        entry.isReserving = false;
        entry.isCounted = true;
        entry.left += block - 1;
      },
      returned: () => {
        entry.isReserving = false;
      },
    };
  }

  #reserve(run: RunId, by: number): readonly AddWrite[] {
    return [{ type: "add", cell: messagesCell(run), by, max: this.#limit }];
  }

  #entryOf(run: RunId): Entry {
    const entry = this.#entries.get(run) ?? {
      left: this.#block,
      isReserving: false,
      isCounted: false,
    };
    this.#entries.delete(run);
    this.#entries.set(run, entry);
    if (this.#entries.size > MAX_RUNS) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return entry;
  }
}

const NOTHING_TO_DO: Pick<MessageTicket, "used" | "returned"> = {
  used: () => {},
  returned: () => {},
};

const NOTHING: readonly AddWrite[] = [];

function takeOne(entry: Entry): MessageTicket {
  entry.left -= 1;
  return {
    writes: NOTHING,
    used: NOTHING_TO_DO.used,
    returned: () => {
      entry.left += 1;
    },
  };
}
