import { digest128 } from "../core/digest.ts";
import { parseRunId, type RunId, rootTaskId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";

/** What makes two starts the same work. */
export interface RunSubject {
  readonly goal: string;
  /** Absolute, without links. */
  readonly folder: string;
  readonly install: boolean;
  readonly allowUnsandboxed: boolean;
  readonly testTimeoutMs: number;
}

/** The run that a start is about. */
export interface ChosenRun {
  readonly id: RunId;
  /** True: it is in the ledger and has not ended. */
  readonly isUnfinished: boolean;
}

/**
 * Finds the run a start is about: the newest one of its subject if that has not ended, otherwise the next new
 * one. Ids are `key-1`, `key-2`, ..., so two processes that start at once meet in one run.
 * @param isFresh - True: always the next new one.
 */
export async function chooseRun(
  store: Store,
  subject: RunSubject,
  isFresh: boolean,
): Promise<ChosenRun> {
  const { goal, folder, install, allowUnsandboxed, testTimeoutMs } = subject;
  const options = JSON.stringify({ install, allowUnsandboxed, testTimeoutMs });
  const key = digest128("waggle run, version 1", goal, folder, options).slice(0, 12);
  const id = (number: number): RunId => parseRunId(`${key}-${number}`);
  const newest = await newestNumber(async (number) => {
    return (await store.runs({ run: id(number), limit: 1 })).length > 0;
  });
  if (newest > 0 && !isFresh && !(await hasEnded(store, id(newest)))) {
    return { id: id(newest), isUnfinished: true };
  }
  return { id: id(newest + 1), isUnfinished: false };
}

/** True if the root of `run` has ended. False too if there is no such run. */
export async function hasEnded(store: Store, run: RunId): Promise<boolean> {
  const state = (await store.load(rootTaskId(run)))?.row.state;
  return state === "closed" || state === "dead";
}

/** The largest number that exists, where all numbers from 1 to it do; 0 if none does. */
async function newestNumber(exists: (number: number) => Promise<boolean>): Promise<number> {
  let absent = 1;
  while (await exists(absent)) absent *= 2;
  let there = absent >> 1;
  while (absent - there > 1) {
    const middle = (absent + there) >> 1;
    if (await exists(middle)) there = middle;
    else absent = middle;
  }
  return there;
}
