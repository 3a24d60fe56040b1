import { z } from "zod";
import { type RunId, rootTaskId } from "../../../src/core/ids.ts";
import { agent, contract } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { lateOrUnknown, type Outsider, RUN, runWorld, type Weather } from "./run-world.ts";

const ROUND = z.object({ round: z.number(), taken: z.array(z.number()) });
const endless = contract("endless", { run: { input: ROUND, output: z.array(z.number()) } });
const helper = contract("helper", { help: { input: z.number(), output: z.number() } });

/** Generations of the handler. */
const ROUNDS = 4;

/**
 * A handler that begins anew again and again, over crashes: each generation does its own effects and asks its own
 * children, each signal is taken by one generation only, and the input of the last restart is what it begins with.
 */
export function restartedHandlers(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "restarted handlers",
    root: endless.run,
    input: { round: 0, taken: [] },
    agents,
    outside: [sender],
    check: (kernel, ended) => {
      if (JSON.stringify(ended) !== "[0,1]") return `signals taken: ${JSON.stringify(ended)}`;
      const children = kernel.ledger.find({ run: RUN as RunId, agent: "helper" });
      return children.length === ROUNDS / 2 ? undefined : `${children.length} children were asked`;
    },
  }));
}

const sender: Outsider = async (kernel, self, system) => {
  await self.effect("started", () => {}, { ready: () => kernel.gate(RUN) !== undefined });
  await system.signal({ run: RUN }, "number", 0).catch(lateOrUnknown);
  const anew = (): boolean =>
    kernel.events(rootTaskId(RUN as RunId)).some(({ type }) => type === "restarted");
  if (self.random.next() < 0.5) await self.effect("begun anew", () => {}, { ready: anew });
  await system.signal({ run: RUN }, "number", 1).catch(lateOrUnknown);
};

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  return [
    agent(endless, {
      async run(ctx, { round, taken }) {
        const saw = kernel.life(`round ${round}`);
        saw(JSON.stringify(taken));
        // Every second generation begins anew at once.
        if (round % 2 === 1) {
          kernel.mark("a handler began anew at once");
          return ctx.restart({ round: round + 1, taken });
        }
        const prefix = round === 0 ? "" : `~${round}/`;
        const path = `${prefix}step:work`;
        await ctx.step("work", () => kernel.act(self, ctx.task, path, `work ${round}`));
        kernel.seen(ctx.task, path);
        if ((await ctx.ask(helper.help, round)) !== round) kernel.report("an old answer came");
        const number = await ctx.waitFor("number", z.number(), { timeoutMs: null });
        saw(`took ${number}`);
        const now = [...taken, number];
        return round + 2 < ROUNDS ? ctx.restart({ round: round + 1, taken: now }) : now;
      },
    }),
    agent(helper, {
      help: (ctx, round) =>
        ctx.step("help", async () => {
          await kernel.act(self, ctx.task, "step:help", `help ${round}`);
          return round;
        }),
    }),
  ];
}
