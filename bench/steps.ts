import { z } from "zod";
import { agent, contract, createSystem, type System } from "../packages/waggle/src/index.ts";
import { newStore } from "./bench-store.ts";
import {
  benchRow,
  type Durability,
  type Experiment,
  perSecond,
  type RawMeasure,
  timeBeside,
} from "./measure.ts";
import { rawInserts, rawTurns } from "./raw-limits.ts";

const STEPS = 10;

const worker = contract("worker", { run: { input: z.null(), output: z.number() } });
const workerAgent = agent(
  worker,
  {
    async run(ctx) {
      let sum = 0;
      for (let i = 0; i < STEPS; i++) sum += await ctx.step("add", () => i);
      return sum;
    },
  },
  { concurrency: 1_000 },
);

/** What is asked of one row of steps. */
interface StepsCase {
  readonly row: string;
  readonly durability: Durability;
  /** Runs at one time. */
  readonly width: number;
  /** Runs of ten steps in each timed run; a run is 12 commits. */
  readonly count: number;
  readonly goal: number;
}

const CASES: readonly StepsCase[] = [
  { row: "memory-step", durability: "none", width: 1, count: 10_000, goal: 340_000 },
  { row: "fsync-1-run", durability: "power", width: 1, count: 300, goal: 4_500 },
  { row: "fsync-100-runs", durability: "power", width: 100, count: 10_000, goal: 100_000 },
  { row: "no-fsync-1-run", durability: "process", width: 1, count: 2_000, goal: 48_000 },
  { row: "no-fsync-100-runs", durability: "process", width: 100, count: 10_000, goal: 150_000 },
];

/** Steps a second, in memory and on disk. */
export const STEP_EXPERIMENTS: readonly Experiment[] = CASES.map((one) => ({
  rows: [one.row],
  measure: async (folder) => {
    const { row, durability, width, count, goal } = one;
    await using system = await createSystem({
      store: newStore(folder, durability),
      agents: [workerAgent],
    });
    const limit = durability === "none" ? TURNS : singleRows(folder, durability, width);
    const { ms, raw } = await timeBeside(limit, () => runAll(system, width, count));
    const runs = ms.map((time) => perSecond(count * STEPS, time));
    return [benchRow({ row, unit: "steps/s", goal, raw, durability, runs })];
  },
}));

const TURNS: RawMeasure = { what: "macrotask turns/s", measure: rawTurns };

function singleRows(folder: string, durability: "power" | "process", width: number): RawMeasure {
  const what = `rows/s of SQLite alone, ${width} per transaction`;
  return { what, measure: () => rawInserts(folder, durability, width) };
}

async function runAll(system: System, width: number, count: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const run = await system.start(worker.run, null);
      if ((await run.result()) !== 45) throw new Error("wrong result");
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}
