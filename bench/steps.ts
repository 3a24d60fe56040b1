import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { memoryStore } from "../packages/waggle/src/adapters/memory/index.ts";
import { nodeClock } from "../packages/waggle/src/adapters/node/index.ts";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { agent, contract, createSystem, type System } from "../packages/waggle/src/index.ts";
import type { Store, StoreFactory } from "../packages/waggle/src/ports/index.ts";
import { type BenchRow, benchRow, rates } from "./measure.ts";
import { rawInserts, rawTurns } from "./raw-limits.ts";

const STEPS = 10;
const RUNS = 3;

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

/** Runs of ten steps, `width` at a time; a run is 12 commits. @returns steps per second. */
async function stepRates(
  store: Store | StoreFactory,
  width: number,
  count: number,
): Promise<readonly number[]> {
  await using system = await createSystem({ store, agents: [workerAgent] });
  return await rates(count * STEPS, RUNS, () => runAll(system, width, count));
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

async function durable(
  folder: string,
  durability: "power" | "process",
  width: number,
  count: number,
): Promise<readonly number[]> {
  const path = join(mkdtempSync(join(folder, "steps-")), "bench.db");
  const store = sqliteStore(path, { durability });
  const found = await stepRates(store, width, count);
  rmSync(join(path, ".."), { recursive: true });
  return found;
}

/** Step rates in memory and on disk. @param folder - Where the files go; measure on a real disk. */
export async function benchSteps(
  folder: string,
  wanted: (row: string) => boolean,
): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  const unit = "steps/s";
  if (wanted("memory-step")) {
    const raw = { what: "macrotask turns/s", value: await rawTurns() };
    const runs = await stepRates(memoryStore({ clock: nodeClock() }), 1, 10_000);
    rows.push(benchRow({ row: "memory-step", unit, goal: 340_000, raw, durability: "none", runs }));
  }
  for (const { row, durability, width, count, goal } of DURABLE) {
    if (!wanted(row)) continue;
    const value = rawInserts(folder, durability, width);
    const raw = { what: `rows/s, ${width} per transaction`, value };
    const runs = await durable(folder, durability, width, count);
    rows.push(benchRow({ row, unit, goal, raw, durability, runs }));
  }
  return rows;
}

const DURABLE = [
  { row: "fsync-1-run", durability: "power", width: 1, count: 300, goal: 4_500 },
  { row: "fsync-100-runs", durability: "power", width: 100, count: 10_000, goal: 100_000 },
  { row: "no-fsync-1-run", durability: "process", width: 1, count: 2_000, goal: 48_000 },
  { row: "no-fsync-100-runs", durability: "process", width: 100, count: 10_000, goal: 150_000 },
] as const;
