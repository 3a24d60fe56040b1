import { z } from "zod";
import type { Context } from "../../../src/index.ts";
import { agent, contract } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const racer = contract("racer", {
  run: { input: z.object({ branches: z.number(), rounds: z.number() }), output: z.string() },
});

async function plainAwaits(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await null;
}

/** A helper that costs one more tick than calling directly, as real code has them. */
async function viaHelper(ctx: Context, name: string, value: number): Promise<number> {
  return await ctx.step(name, () => value);
}

/**
 * Parallel branches with plain awaits of different length in between, whose winner decides what is done
 * next; after a crash the code has other plain awaits, as a harmless refactoring gives it. A replay that hands
 * results over in another order, several at once, or by counted ids takes another way (R12, K4).
 */
export function racingBranches(branches: number, rounds: number, crashes: number): Scenario {
  return {
    name: `racing branches (${branches} branches, ${rounds} rounds, ${crashes} crashes)`,
    faults: 1,
    setup(world) {
      const kernel = new KernelWorld(world);
      const told = new Map<number, string>();
      let result: string | undefined;
      const main = async (self: Process): Promise<void> => {
        const definition = agent(racer, {
          async run(ctx, input) {
            const order: string[] = [];
            const branch = async (b: number): Promise<number> => {
              // After a crash the code is another: the same branches, with other plain awaits before them.
              const call = [viaHelper, plainStep(self)][b % 2] ?? viaHelper;
              let ticks = 4 - 2 * ((b + self.incarnation) % 2);
              for (let i = 0; i < input.rounds; i++) {
                await plainAwaits(ticks);
                ticks = (await call(ctx, `b${b}.${i}`, (b * 3 + i) % 7)) % 5;
                order.push(`${b}.${i}`);
                note(kernel, told, order);
              }
              return b;
            };
            const all = Array.from({ length: input.branches }, (_, b) => branch(b));
            const winner = await Promise.race(all);
            await ctx.step(`winner-${winner}`, () => winner);
            await Promise.all(all);
            await ctx.step("end", () => 0);
            return order.join(" ");
          },
        });
        const system = await kernel.system(self, [definition]);
        const run = await system.start(racer.run, { branches, rounds }, { id: "run" });
        result = await run.result();
        await system[Symbol.asyncDispose]();
      };
      world.process("host", main, { crashes });
      world.invariant(
        () => kernel.problems("run") ?? (result === undefined ? "no result" : undefined),
      );
      world.invariant(() => told.get(-1));
    },
  };
}

/** A step whose body is an effect, so that the scheduler decides which branch is first. */
function plainStep(self: Process): typeof viaHelper {
  return (ctx, name, value) => ctx.step(name, () => self.effect(`body ${name}`, () => value));
}

/** The n-th thing that happened to the handler must be the same in every life of it. */
function note(kernel: KernelWorld, told: Map<number, string>, order: readonly string[]): void {
  const before = told.get(order.length);
  const now = order.join(" ");
  if (before === undefined) told.set(order.length, now);
  else if (before === now) kernel.mark("replayed the same way");
  else told.set(-1, `order was ${before} and is ${now} in replay`);
}
