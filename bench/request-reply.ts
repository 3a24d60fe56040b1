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
import { rawAwaits, rawInserts } from "./raw-limits.ts";

const IN_FLIGHT = 100;
/** Questions that one run asks, one after the other. */
const ASKS = 50;
const BODY = "x".repeat(300);

const echo = contract("echo", { answer: { input: z.string(), output: z.string() } });
const asker = contract("asker", { ask: { input: z.null(), output: z.number() } });

const agents = [
  agent(echo, { answer: (_ctx, body) => body }, { concurrency: 2 * IN_FLIGHT }),
  agent(
    asker,
    {
      async ask(ctx) {
        let bytes = 0;
        for (let i = 0; i < ASKS; i++) bytes += (await ctx.ask(echo.answer, BODY)).length;
        return bytes;
      },
    },
    { concurrency: 2 * IN_FLIGHT },
  ),
];

interface RequestReplyCase {
  readonly row: string;
  readonly durability: Exclude<Durability, "process">;
  readonly goal: number;
  /** Askers in each timed run, {@link IN_FLIGHT} at a time. */
  readonly askers: number;
}

const CASES: readonly RequestReplyCase[] = [
  { row: "request-reply-fsync", durability: "power", goal: 28_000, askers: 400 },
  { row: "request-reply-memory", durability: "none", goal: 200_000, askers: 1_000 },
];

/** One agent asks another and gets its answer, 300 bytes each way, 100 questions in flight. */
export const REQUEST_REPLY_EXPERIMENTS: readonly Experiment[] = CASES.map((one) => ({
  rows: [one.row],
  measure: async (folder) => {
    const { row, durability, goal, askers } = one;
    await using system = await createSystem({ store: newStore(folder, durability), agents });
    const limit = durability === "none" ? CALLS : rowPairs(folder);
    const { ms, raw } = await timeBeside(limit, () => askAll(system, askers));
    const runs = ms.map((time) => perSecond(askers * ASKS, time));
    return [benchRow({ row, unit: "answers/s", goal, raw, durability, runs })];
  },
}));

async function askAll(system: System, askers: number): Promise<void> {
  let left = askers;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const run = await system.start(asker.ask, null);
      if ((await run.result()) !== ASKS * BODY.length) throw new Error("wrong answers");
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

const CALLS: RawMeasure = { what: "awaited calls/s of an async function", measure: rawAwaits };

/** A question and its answer are a row each, at the least. */
function rowPairs(folder: string): RawMeasure {
  const what = `pairs of rows/s of SQLite alone, ${IN_FLIGHT} rows per transaction`;
  return { what, measure: () => rawInserts(folder, "power", IN_FLIGHT) / 2 };
}
