import { MemoryLedger, memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Random } from "../../../src/ports/random.ts";
import type { CommitResult, Store } from "../../../src/ports/store.ts";
import type { Board, BoardOptions } from "../../../src/state/board.ts";
import type { BoardName } from "../../../src/state/board-place.ts";
import { openBoard } from "../../../src/state/open-board.ts";

/** One ledger in memory, and a clock whose wall time stands still until it is moved. */
export interface BoardWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: MemoryLedger;
  /** One more store on the ledger, as of a process of its own. */
  store(): Store;
  /** A board on a store of its own. */
  board(name?: BoardName, options?: Partial<BoardOptions>): Board;
  advance(ms: number): void;
}

/** Pauses are so many times shorter than they say. */
const HURRY = 50;

/** 2026-01-01: any start will do. */
const START = 1_767_225_600_000;

/** A new world; what is in it needs no disposing. */
export function boardWorld(): BoardWorld {
  let now = START;
  const machine = nodeClock();
  const clock: Clock = {
    ...machine,
    now: () => now,
    sleep: (ms, options) => machine.sleep(ms / HURRY, options),
  };
  const random = nodeRandom();
  const ledger = new MemoryLedger({ now: () => now });
  const store = (): Store => memoryStore({ clock, ledger });
  return {
    clock,
    random,
    ledger,
    store,
    board: (name = "test", options = {}) =>
      openBoard(store(), name, { clock, random, pollMs: 2, ...options }),
    advance: (ms) => {
      now += ms;
    },
  };
}

/** What becomes of a commit on its way. */
export type CommitFault = "none" | "lost before" | "lost after";

/** `store`, but each commit meets the next fault: its outcome is unknown, and it was applied or not. */
export function faultyStore(store: Store, nextFault: () => CommitFault): Store {
  const commit = async (batch: Parameters<Store["commit"]>[0]): Promise<CommitResult> => {
    const fault = nextFault();
    if (fault === "lost before") return { type: "unknown", cause: fault };
    const result = await store.commit(batch);
    return fault === "lost after" ? { type: "unknown", cause: fault } : result;
  };
  return { ...store, commit };
}

/** Resolves when `isTrue` is, looked at in each turn of the event loop; fails after a time no test needs. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!isTrue()) {
    if (performance.now() - start > 4_000) throw new Error(`in vain waited until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
