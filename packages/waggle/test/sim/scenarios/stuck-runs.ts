import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { RUN, runWorld, someMoment, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.string() } });
const helper = contract("helper", { work: { input: z.null(), output: z.string() } });

/**
 * Handlers that take another way after each crash, so that their tasks become stuck; the run is cancelled at any
 * moment: it ends all the same.
 */
export function stuckRuns(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "stuck runs",
    root: boss.run,
    input: null,
    agents,
    outside: [
      async (kernel, self, system) => {
        kernel.mayDiverge = true;
        // A stuck run records nothing more: only time can tell a later moment.
        await someMoment(kernel, self, 2);
        if (self.random.next() < 0.8) await self.clock.sleep(60_000 * self.random.next());
        await system.cancel(RUN);
        const isStuck = kernel.record(RUN).some(({ event }) => event.type === "stuck");
        if (isStuck) kernel.mark("a run with a stuck task was cancelled");
      },
    ],
  }));
}

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  const n = self.incarnation;
  return [
    agent(boss, {
      async run(ctx) {
        await ctx.step(`first ${n}`, () => kernel.act(self, ctx.task, `step:first ${n}`, "first"));
        const { winner } = await ctx.race("race", {
          ask: (c) => c.ask(helper.work, null),
          nap: (c) => c.sleep("nap", 30_000),
        });
        return winner;
      },
    }),
    agent(helper, {
      async work(ctx) {
        await ctx.step(`work ${n}`, () => kernel.act(self, ctx.task, `step:work ${n}`, "work"));
        await ctx.waitFor("never", z.null(), { timeoutMs: null });
        return "worked";
      },
    }),
  ];
}
