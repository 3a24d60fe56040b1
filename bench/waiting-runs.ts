import { setTimeout as pause } from "node:timers/promises";
import { nodeClock, nodeRandom } from "../packages/waggle/src/adapters/node/index.ts";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import type { Store } from "../packages/waggle/src/ports/index.ts";
import { newLedger } from "./bench-store.ts";
import { type ChildProgram, startProgram } from "./child-program.ts";
import { type BenchRow, benchRow, type Experiment, median, RUNS, roundFigure } from "./measure.ts";

/** Runs that wait before those that are measured, so that all code and all else that does not grow is there. */
const BEFORE = 10_000;
/** Runs that are measured: as many as the store's cache holds, which then is as full as before them. */
const WAITING = 65_536;
const POLL_MS = 500;
const LIMIT_MS = 60_000;
/** Less per run is what the collector happens to leave behind, not the run's. */
const RESOLUTION_BYTES = 20;

interface WaitingCase {
  readonly row: string;
  readonly mode: "held" | "dropped";
  /** Bytes. */
  readonly goal: number;
  readonly note: string;
}

const CASES: readonly WaitingCase[] = [
  { row: "waiting-run", mode: "held", goal: 2_000, note: "heap of a run that waits in memory" },
  {
    row: "waiting-run-dropped",
    mode: "dropped",
    goal: 0,
    note: `the same after it left memory; under ${RESOLUTION_BYTES} B count as 0`,
  },
];

/**
 * What a run takes in memory while it waits for a signal: in a process of its own with a SQLite file, the growth of
 * the heap by 65,536 runs after garbage collections, with 10,000 there before. In the note: what the process grew by,
 * and the heap of those 10,000, which has bounded caches in it.
 */
export const WAITING_EXPERIMENTS: readonly Experiment[] = CASES.map((one) => ({
  rows: [one.row],
  measure: async (folder) => [await measureWaiting(folder, one)],
}));

async function measureWaiting(folder: string, one: WaitingCase): Promise<BenchRow> {
  const { row, mode, goal } = one;
  const found: WaitingFigures[] = [];
  for (let i = 0; i < RUNS; i++) found.push(await oneProcess(newLedger(folder), mode));
  const runs = found.map(({ heapBytes }) => (heapBytes < RESOLUTION_BYTES ? 0 : heapBytes));
  const resident = found.map(({ residentBytes }) => roundFigure(residentBytes)).join(" / ");
  const raw =
    mode === "held"
      ? { what: "B of a pending async function", value: median(found.map((one) => one.rawBytes)) }
      : { what: "B of nothing", value: 0 };
  const first = found.map(({ firstBytes }) => roundFigure(firstBytes)).join(" / ");
  const note = `${one.note}; resident memory ${resident} B/run; with caches and code, for the first ${BEFORE} ${first} B/run`;
  const durability = "process";
  return benchRow({ row, unit: "B/run", better: "less", goal, raw, durability, runs, note });
}

/** Bytes per run. */
interface WaitingFigures {
  readonly rawBytes: number;
  readonly firstBytes: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

async function oneProcess(ledger: string, mode: WaitingCase["mode"]): Promise<WaitingFigures> {
  const program = new URL("./waiting-runs-child.ts", import.meta.url);
  await using child = startProgram(program, [ledger, mode]);
  const { rawBytes } = (await child.message()) as Pick<WaitingFigures, "rawBytes">;
  await using store = await sqliteStore(ledger)({ clock: nodeClock(), random: nodeRandom() });
  const empty = await memoryOf(child);
  const before = await memoryWith(child, store, { more: BEFORE, total: BEFORE, mode });
  const after = await memoryWith(child, store, { more: WAITING, total: BEFORE + WAITING, mode });
  return {
    rawBytes,
    firstBytes: (before.heapBytes - empty.heapBytes) / BEFORE,
    heapBytes: (after.heapBytes - before.heapBytes) / WAITING,
    residentBytes: (after.residentBytes - before.residentBytes) / WAITING,
  };
}

type Memory = Pick<WaitingFigures, "heapBytes" | "residentBytes">;

interface Waiting {
  readonly total: number;
  readonly mode: WaitingCase["mode"];
}

/** Lets the child start `more` runs. @returns what its process takes when all of the `total` wait. */
async function memoryWith(
  child: ChildProgram,
  store: Store,
  runs: Waiting & { readonly more: number },
): Promise<Memory> {
  child.send(String(runs.more));
  await child.message();
  await untilWaiting(store, runs);
  // It is recorded that they wait; nothing shows when the last turn after that is over.
  await pause(POLL_MS);
  return await memoryOf(child);
}

async function memoryOf(child: ChildProgram): Promise<Memory> {
  child.send("measure");
  return (await child.message()) as Memory;
}

async function untilWaiting(store: Store, { total, mode }: Waiting): Promise<void> {
  const start = performance.now();
  for (;;) {
    const waiting = await countWaiting(store, mode);
    if (waiting >= total) return;
    if (performance.now() - start > LIMIT_MS) {
      throw new Error(`${waiting} of ${total} runs wait after ${LIMIT_MS} ms (${mode})`);
    }
    await pause(POLL_MS);
  }
}

/** Runs whose wait is recorded; with `dropped`, only those that nobody owns any more. */
async function countWaiting(store: Store, mode: WaitingCase["mode"]): Promise<number> {
  const tasks = await store.find({ state: "open", limit: BEFORE + WAITING });
  return tasks.filter(({ version, owner }) => version >= 2 && (mode === "held" || owner === null))
    .length;
}
