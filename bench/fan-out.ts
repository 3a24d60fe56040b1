import { z } from "zod";
import { agent, type Context, contract, createSystem } from "../packages/waggle/src/index.ts";
import { newStore } from "./bench-store.ts";
import {
  benchRow,
  type Durability,
  type Experiment,
  type RawMeasure,
  timeBeside,
} from "./measure.ts";
import { rawInserts, rawTurns } from "./raw-limits.ts";

const WIDTH = 100;

const branch = contract("branch", { work: { input: z.number(), output: z.number() } });
const plan = contract("plan", {
  steps: { input: z.null(), output: z.number() },
  agents: { input: z.null(), output: z.number() },
});

const branchAgent = agent(branch, { work: (_ctx, n) => n }, { concurrency: 2 * WIDTH });
const planAgent = agent(plan, {
  steps: (ctx) =>
    fanOut(ctx, (n) => ctx.step("branch", () => Promise.resolve(n), { key: String(n) })),
  agents: (ctx) => fanOut(ctx, (n) => ctx.ask(branch.work, n, { key: String(n) })),
});

async function fanOut(ctx: Context, work: (n: number) => Promise<number>): Promise<number> {
  const done = await Promise.all(Array.from({ length: WIDTH }, (_, n) => work(n)));
  return await ctx.step("join", () => done.reduce((sum, n) => sum + n, 0));
}

interface FanOutCase {
  readonly row: string;
  readonly operation: typeof plan.steps;
  readonly durability: Exclude<Durability, "process">;
  readonly goal: number;
  /** Plans in each timed run, one after the other. */
  readonly count: number;
}

const CASES: readonly FanOutCase[] = [
  { row: "fan-out-memory", operation: plan.steps, durability: "none", goal: 0.3, count: 500 },
  { row: "fan-out-fsync", operation: plan.steps, durability: "power", goal: 3, count: 100 },
  {
    row: "fan-out-agents-memory",
    operation: plan.agents,
    durability: "none",
    goal: 0.3,
    count: 300,
  },
  { row: "fan-out-agents-fsync", operation: plan.agents, durability: "power", goal: 3, count: 50 },
];

/** One run that does 100 things side by side and joins them: as steps, and as questions to 100 tasks of an agent. */
export const FAN_OUT_EXPERIMENTS: readonly Experiment[] = CASES.map((one) => ({
  rows: [one.row],
  measure: async (folder) => {
    const { row, operation, durability, goal, count } = one;
    await using system = await createSystem({
      store: newStore(folder, durability),
      agents: [planAgent, branchAgent],
    });
    const limit = durability === "none" ? TURNS : commitsOfPlan(folder);
    const { ms, raw } = await timeBeside(limit, async () => {
      for (let i = 0; i < count; i++) {
        const run = await system.start(operation, null);
        if ((await run.result()) !== (WIDTH * (WIDTH - 1)) / 2) throw new Error("wrong join");
      }
    });
    return [
      benchRow({
        row,
        unit: "ms/plan",
        better: "less",
        goal,
        raw,
        durability,
        runs: ms.map((time) => time / count),
      }),
    ];
  },
}));

/** Each result reaches the handler in a turn of its own. */
const TURNS: RawMeasure = {
  what: `ms for ${WIDTH + 1} macrotask turns`,
  measure: async () => ((WIDTH + 1) / (await rawTurns())) * 1_000,
};

/** Start, branches, join with the end: each has to be safe before the next can begin. */
function commitsOfPlan(folder: string): RawMeasure {
  const measure = (): number =>
    2_000 / rawInserts(folder, "power", 1) + (WIDTH * 1_000) / rawInserts(folder, "power", WIDTH);
  return { what: `ms for 2 commits of a row and one of ${WIDTH}`, measure };
}
