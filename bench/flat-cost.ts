import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { z } from "zod";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { agent, contract, createSystem, type System } from "../packages/waggle/src/index.ts";
import { newLedger } from "./bench-store.ts";
import { type BenchRow, benchRow, type Experiment, median, RUNS } from "./measure.ts";
import { rawTransactions } from "./raw-limits.ts";

const MESSAGES = 2_000;
/** Conversations in each timed run; their step times are pooled. */
const CONVERSATIONS = 5;
/** Of a message, as characters that cannot be packed into less. */
const MESSAGE_BYTES = 200;
const LONG_RUN_STEPS = 10_000;

const talker = contract("talker", {
  converse: { input: z.null(), output: z.number() },
  count: { input: z.null(), output: z.number() },
});

/** What a run notes beside the ledger: how long each of its steps took, in ms. */
type StepTimes = number[];

function talkerAgent(times: StepTimes): ReturnType<typeof agent> {
  const timed = async <T>(step: Promise<T>): Promise<T> => {
    const start = performance.now();
    const value = await step;
    times.push(performance.now() - start);
    return value;
  };
  return agent(talker, {
    async converse(ctx) {
      const messages: { readonly role: string; readonly content: string }[] = [];
      while (messages.length < MESSAGES) {
        messages.push(await timed(ctx.step("speak", () => ({ role: "user", content: words() }))));
      }
      return messages.length;
    },
    async count(ctx) {
      let sum = 0;
      for (let i = 0; i < LONG_RUN_STEPS; i++) sum += await timed(ctx.step("count", () => 1));
      return sum;
    },
  });
}

/** Whether a step costs more the more went before it, and what a conversation takes on disk. */
export const FLAT_COST_EXPERIMENTS: readonly Experiment[] = [
  {
    rows: ["conversation-time", "conversation-bytes"],
    measure: async (folder) => {
      const ratios: number[] = [];
      const stored: number[] = [];
      for (let i = 0; i < RUNS; i++) {
        const ledger = newLedger(folder);
        const times = await stepTimes(ledger, CONVERSATIONS, (system) =>
          system.start(talker.converse, null),
        );
        ratios.push(endAgainstStart(times, 100));
        const content = (CONVERSATIONS + 1) * MESSAGES * MESSAGE_BYTES;
        stored.push(statSync(ledger).size / content);
      }
      return [timeRow(folder, ratios), bytesRow(stored)];
    },
  },
  {
    rows: ["long-run"],
    measure: async (folder) => {
      const ratios: number[] = [];
      for (let i = 0; i < RUNS; i++) {
        const times = await stepTimes(newLedger(folder), 1, (system) =>
          system.start(talker.count, null),
        );
        ratios.push(endAgainstStart(times, 1_000));
      }
      return [longRunRow(folder, ratios)];
    },
  },
];

/** Runs one after the other, after one that warms up. @returns the step times of each run. */
async function stepTimes(
  ledger: string,
  runs: number,
  start: (system: System) => ReturnType<System["start"]>,
): Promise<readonly (readonly number[])[]> {
  const times: StepTimes = [];
  const store = sqliteStore(ledger, { durability: "process" });
  await using system = await createSystem({ store, agents: [talkerAgent(times)] });
  const found: (readonly number[])[] = [];
  for (let i = 0; i <= runs; i++) {
    await (await start(system)).result();
    found.push(times.splice(0));
  }
  return found.slice(1);
}

/** The median of the last `span` times of all runs, divided by that of the first `span`. */
function endAgainstStart(runs: readonly (readonly number[])[], span: number): number {
  const first = median(runs.flatMap((times) => times.slice(0, span)));
  const last = median(runs.flatMap((times) => times.slice(-span)));
  return last / first;
}

function rawRatio(folder: string, steps: number, bytes: number, span: number): number {
  const writes = { durability: "process", transactions: steps, perTransaction: 1, bytes } as const;
  const runs = Array.from({ length: CONVERSATIONS + 1 }, () => rawTransactions(folder, writes));
  return endAgainstStart(runs.slice(1), span);
}

function timeRow(folder: string, runs: readonly number[]): BenchRow {
  const raw = rawRatio(folder, MESSAGES, MESSAGE_BYTES, 100);
  return benchRow({
    row: "conversation-time",
    unit: `x, steps ${MESSAGES - 99}-${MESSAGES} against 1-100`,
    better: "less",
    goal: 1.05,
    raw: { what: "x of SQLite alone, one row per step", value: raw },
    durability: "process",
    runs,
  });
}

function bytesRow(runs: readonly number[]): BenchRow {
  return benchRow({
    row: "conversation-bytes",
    unit: "x of the content stored",
    better: "less",
    goal: 2,
    raw: { what: "x: the content itself", value: 1 },
    durability: "process",
    runs,
    note: `${MESSAGES} messages of ${MESSAGE_BYTES} B a run; the size of the file when it is closed`,
  });
}

function longRunRow(folder: string, runs: readonly number[]): BenchRow {
  return benchRow({
    row: "long-run",
    unit: "x, steps 9,001-10,000 against 1-1,000",
    better: "less",
    goal: 1.05,
    raw: {
      what: "x of SQLite alone, one row per step",
      value: rawRatio(folder, LONG_RUN_STEPS, 20, 1_000),
    },
    durability: "process",
    runs,
  });
}

function words(): string {
  return randomBytes((MESSAGE_BYTES * 3) / 4).toString("base64");
}
