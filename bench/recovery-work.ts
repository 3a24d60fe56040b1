import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  contract,
  type System,
} from "../packages/waggle/src/index.ts";

const recovering = contract("recovering", { work: { input: z.number(), output: z.number() } });

/** What happens in this process to runs of two steps: one that is recorded before the crash, one that the crash cuts. */
export interface RecoveryWork {
  /** Body of the first step, which is recorded. */
  readonly first: () => number;
  /** Body of the second step. */
  readonly second: () => Promise<number>;
  /** The second step is recorded and its result has reached the handler. */
  readonly movedOn: () => void;
  readonly concurrency: number;
}

/** The agent that carries the runs out. */
export function recoveringAgent(work: RecoveryWork): AgentDefinition {
  return agent(
    recovering,
    {
      async work(ctx, n) {
        const first = await ctx.step("first", work.first);
        const second = await ctx.step("second", work.second);
        work.movedOn();
        return n + first + second;
      },
    },
    { concurrency: work.concurrency },
  );
}

/** Starts run `n`, which ends with `n` and the values of both steps as a sum. */
export async function startWork(system: System, n: number): Promise<void> {
  await system.start(recovering.work, n, { id: workId(n) });
}

/** The id of run `n`. */
export function workId(n: number): string {
  return `run-${n}`;
}
