import { z } from "zod";
import { type AgentDefinition, agent, type Context, contract } from "../../src/index.ts";

/** What the handlers of the corpus do to the world. */
export interface Tools {
  /** A step's body: its effect happens when the scheduler chooses; it gives a number that follows from `name`. */
  body(ctx: Context, name: string): () => Promise<number>;
}

const value = { input: z.number(), output: z.number() };
const helper = contract("helper", { double: value, refuse: value, late: value });

/** Doubles with a step; refuses; or answers late. */
export function helperAgent({ body }: Tools): AgentDefinition {
  return agent(helper, {
    async double(ctx, input) {
      return 2 * input + 0 * (await ctx.step("double", body(ctx, "double")));
    },
    refuse(_ctx, input) {
      throw new Error(`refused ${input}`);
    },
    async late(ctx, input) {
      await ctx.sleep("late", input);
      return await ctx.step("late", body(ctx, "late"));
    },
  });
}

/** Asks for twice the value; `key` where asks overlap. */
export function askDouble(ctx: Context, input: number, key?: string): Promise<number> {
  return ctx.ask(helper.double, input, key === undefined ? {} : { key });
}

/** Asks what is refused. */
export function askRefused(ctx: Context, input: number): Promise<number> {
  return ctx.ask(helper.refuse, input);
}

/** Asks what is answered after `ms`, and waits for `timeoutMs`. */
export function askLate(ctx: Context, ms: number, timeoutMs: number): Promise<number> {
  return ctx.ask(helper.late, ms, { timeoutMs });
}

/** Gives the helper work without waiting for it. */
export async function sendDouble(ctx: Context, input: number): Promise<void> {
  await ctx.send(helper.double, input);
}
