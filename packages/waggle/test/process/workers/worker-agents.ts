import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  type Run,
  RuntimeError,
  type System,
} from "../../../src/index.ts";

/** What a step of these agents records: its value, and the process that executed it. */
const Mark = z.object({ by: z.number(), value: z.number() });

const chain = contract("chain", {
  run: {
    input: z.object({ rounds: z.number() }),
    output: z.object({ sum: z.number(), certain: z.number(), uncertain: z.number() }),
  },
});

const helper = contract("helper", {
  double: { input: z.object({ value: z.number() }), output: z.number() },
});

/** Starts a chain of `rounds` rounds as run `id`. */
export function startChain(system: System, id: string, rounds: number): Promise<Run<unknown>> {
  return system.start(chain.run, { rounds }, { id });
}

/** What a chain of `rounds` rounds comes to, whatever is killed: one keyed step, one plain, one ask each. */
export function expectedSum(rounds: number): number {
  let sum = 0;
  for (let round = 0; round < rounds; round++) sum += round + round + 2 * round;
  return sum;
}

/** What steps do to the world outside, which counts. */
export interface OutsideWorld {
  /** The body of a step begins: its effect happens now. */
  ran(ctx: Context, name: string, key: string): void;
  /** The recorded result of a step has reached the handler. */
  seen(ctx: Context, name: string): void;
  /** Takes a moment, in which the process may be killed. */
  dawdle(ctx: Context, name: string): Promise<void>;
  readonly by: number;
}

/** The agents: chains of steps of each class, with an ask in each round. */
export function workerAgents(world: OutsideWorld): readonly AgentDefinition[] {
  const step = async (
    ctx: Context,
    name: string,
    value: number,
    effect: "repeatable" | "keyed" | "once",
  ): Promise<number> => {
    const body = async ({ key }: { readonly key: string }): Promise<z.infer<typeof Mark>> => {
      world.ran(ctx, name, key);
      await world.dawdle(ctx, name);
      return { by: world.by, value };
    };
    const mark = await ctx.step(name, body, { class: effect });
    world.seen(ctx, name);
    return mark.value;
  };
  return [
    agent(chain, {
      async run(ctx, { rounds }) {
        let [sum, certain, uncertain] = [0, 0, 0];
        for (let round = 0; round < rounds; round++) {
          sum += await step(ctx, `plain-${round}`, round, "repeatable");
          sum += await step(ctx, `keyed-${round}`, round, "keyed");
          sum += await ctx.ask(helper.double, { value: round });
          try {
            await step(ctx, `once-${round}`, round, "once");
            certain++;
          } catch (error) {
            if (!RuntimeError.is(error, "EFFECT_UNKNOWN")) throw error;
            uncertain++;
          }
        }
        return { sum, certain, uncertain };
      },
    }),
    agent(helper, {
      async double(ctx, { value }) {
        const first = await step(ctx, "first", value, "repeatable");
        return first + (await step(ctx, "second", value, "repeatable"));
      },
    }),
  ];
}
