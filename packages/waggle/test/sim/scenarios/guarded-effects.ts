import { z } from "zod";
import { agent, contract, type EffectClass, RuntimeError } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const payer = contract("payer", {
  pay: { input: z.object({ payments: z.number() }), output: z.array(z.string()) },
});

/**
 * Payments as `keyed` steps against an outside that honours keys, or as `once` steps against one that does
 * not, with a crash anywhere: the outside is never charged twice (K5, K6).
 */
export function guardedEffects(effect: EffectClass, payments: number, crashes: number): Scenario {
  return {
    name: `guarded effects (${effect}, ${payments} payments, ${crashes} crashes)`,
    faults: 1,
    setup(world) {
      const kernel = new KernelWorld(world);
      const charged = new Map<string, Set<string>>();
      const charge = (self: Process, name: string, key: string): Promise<string> =>
        self.effect(`charge ${name}`, () => {
          const keys = charged.get(name) ?? new Set();
          if (effect === "once" && keys.size > 0) throw new Error(`${name} was charged twice`);
          if (keys.has(key)) kernel.mark("a repeated call was deduplicated by its key");
          charged.set(name, keys.add(key));
          return name;
        });
      let result: readonly string[] | undefined;
      const main = async (self: Process): Promise<void> => {
        const definition = agent(payer, {
          async pay(ctx, input) {
            const done: string[] = [];
            for (let i = 0; i < input.payments; i++) {
              const name = `payment-${i}`;
              try {
                const pay = ctx.step(name, (step) => charge(self, name, step.key), {
                  class: effect,
                });
                done.push(await pay);
              } catch (error) {
                if (!RuntimeError.is(error, "EFFECT_UNKNOWN")) throw error;
                kernel.mark("an unknown effect went to its policy");
                done.push(`${name} unknown`);
              }
            }
            return done;
          },
        });
        const system = await kernel.system(self, [definition]);
        const run = await system.start(payer.pay, { payments }, { id: "run" });
        result = await run.result();
        await system[Symbol.asyncDispose]();
      };
      world.process("host", main, { crashes });
      world.invariant(() => {
        for (const [name, keys] of charged) {
          if (keys.size !== 1) return `${name} was charged under ${keys.size} keys`;
        }
        const unpaid = (result ?? []).find(
          (name) => !name.endsWith("unknown") && !charged.has(name),
        );
        if (unpaid !== undefined) return `${unpaid} was reported and never charged`;
        if (result?.length !== payments) return `result is ${String(result)}`;
        return kernel.problems("run");
      });
    },
  };
}
