import { z } from "zod";
import { type AgentDefinition, agent, contract } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.number() } });
const helper = contract("helper", { help: { input: z.number(), output: z.number() } });
const desk = contract(
  "desk",
  { serve: { input: z.number(), output: z.number() } },
  { key: () => "the-desk" },
);

/** How the world of {@link recovery} is made. */
export interface RecoveryWorld {
  /** Crashes of each of the two hosts. */
  readonly crashes: number;
  readonly faults: number;
  readonly passivateAfterMs: number;
}

/**
 * Virtual ms from the last start of a host to the end of all runs. A silent host is freed 15 s after its last beat,
 * seen at the second beat after that (a beat takes 5 s here); then a poll (20 s), for a wake-up can be lost; a sleep of
 * 2 s; and what came before the crash of the other host once more.
 */
const RECOVERY_MS = 90_000;

/**
 * Two runs that ask, queue behind a key, send and sleep, on two hosts that crash again and again: soon after the last
 * crash all runs have ended, and at no time is anything owned by the dead or forgotten (K8).
 */
export function recovery(parts: RecoveryWorld): Scenario {
  return {
    name: `recovery (${JSON.stringify(parts)})`,
    faults: parts.faults,
    maxSteps: 4_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      const runs = ["first", "second"];
      let lastStart = 0;
      const haveEnded = (): boolean => runs.every((run) => kernel.gate(run) === "ended");
      for (const name of runs) {
        const main = async (self: Process): Promise<void> => {
          lastStart = world.now();
          if (self.incarnation > 2) kernel.mark("a host crashed twice");
          const system = await kernel.system(self, agents(kernel, self, name), parts);
          await (await system.start(boss.run, null, { id: name })).result();
          await self.effect("all runs have ended", () => {}, { ready: haveEnded });
          await system[Symbol.asyncDispose]();
        };
        world.process(name, main, { crashes: parts.crashes });
      }
      world.invariant(() => {
        const tookMs = world.now() - lastStart;
        if (tookMs > RECOVERY_MS) return `it took ${tookMs} ms from the last start of a host`;
        const open = kernel.ledger.find({ state: "open" });
        if (open.length > 0) return `${open.length} tasks are open`;
        return kernel.problems("first") ?? kernel.problems("second");
      });
    },
  };
}

function agents(kernel: KernelWorld, self: Process, name: string): readonly AgentDefinition[] {
  return [
    agent(boss, {
      async run(ctx) {
        await ctx.send(helper.help, 0);
        const asked = [ctx.ask(helper.help, 1), ctx.ask(desk.serve, 2)];
        await ctx.sleep("a while", 2_000);
        const [one = 0, two = 0] = await Promise.all(asked);
        return one + two;
      },
    }),
    agent(helper, {
      async help(ctx, n) {
        await ctx.step("act", () =>
          kernel.act(self, ctx.task, "step:act", `${name} helps ${ctx.run} with ${n}`),
        );
        return n;
      },
    }),
    agent(desk, { serve: (ctx, n) => ctx.ask(helper.help, n) }),
  ];
}
