import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  contract,
  type System,
} from "../packages/waggle/src/index.ts";

const woken = contract("woken", { note: { input: z.number(), output: z.null() } });

/** The agent that carries the runs out. */
export function wokenAgent(body: (n: number) => null): AgentDefinition {
  return agent(woken, { note: (ctx, n) => ctx.step("note", () => body(n)) });
}

/** Starts run `n`; resolves when its start is durable. */
export async function startNote(system: System, n: number): Promise<void> {
  await system.start(woken.note, n);
}
