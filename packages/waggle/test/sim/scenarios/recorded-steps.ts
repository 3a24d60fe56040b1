import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const worker = contract("worker", {
  run: { input: z.object({ steps: z.number() }), output: z.array(z.string()) },
});

/**
 * One host, one run of a few steps, a crash at any effect: nothing recorded runs again, nothing is lost (R4).
 * @param isSmall - Without wake-ups and unknown outcomes: can be explored to its end.
 */
export function recordedSteps(steps: number, crashes: number, isSmall = false): Scenario {
  return {
    name: `recorded steps (${steps} steps, ${crashes} crashes)`,
    faults: isSmall ? 0 : 1,
    setup(world) {
      const kernel = new KernelWorld(world);
      kernel.isAlone = isSmall;
      let result: readonly string[] | undefined;
      const main = async (self: Process): Promise<void> => {
        const definition = agent(worker, {
          async run(ctx, input) {
            const done: string[] = [];
            for (let i = 0; i < input.steps; i++) {
              const path = i === 0 ? "step:act" : `step:act#${i}`;
              done.push(await ctx.step("act", () => kernel.act(self, ctx.task, path, `act-${i}`)));
              kernel.seen(ctx.task, path);
            }
            return done;
          },
        });
        const system = await kernel.system(self, [definition]);
        const run = await system.start(worker.run, { steps }, { id: "run" });
        result = await run.result();
        await system[Symbol.asyncDispose]();
      };
      world.process("host", main, { crashes });
      world.invariant(() => {
        const wanted = Array.from({ length: steps }, (_, i) => `act-${i}`);
        for (const name of wanted) {
          const count = kernel.outside.counts.get(name) ?? 0;
          if (count === 0) return `${name} never ran`;
          if (count > 1) kernel.mark("an unrecorded step ran again");
        }
        if (String(result) !== String(wanted)) return `result is ${String(result)}`;
        return kernel.problems("run");
      });
    },
  };
}
