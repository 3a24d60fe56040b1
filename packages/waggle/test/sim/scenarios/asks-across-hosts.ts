import { z } from "zod";
import { type AgentDefinition, agent, contract } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const boss = contract("boss", {
  run: { input: z.object({ asks: z.number() }), output: z.array(z.string()) },
});
const helper = contract("helper", {
  help: { input: z.object({ i: z.number() }), output: z.string() },
});

/** How the world of {@link asksAcrossHosts} is made. */
export interface AskWorld {
  readonly asks: number;
  readonly hosts: number;
  /** Crashes of each host. */
  readonly crashes: number;
  readonly faults: number;
  readonly earlyTimers?: number;
  /** 0: whoever waits leaves memory at once. */
  readonly passivateAfterMs: number;
  /** True: the engine knows at once when a process has ended, as an embedded one does. */
  readonly knowsGone?: boolean;
}

/**
 * A run that asks several children at once, on one or two hosts that may crash, stand still, or lose each
 * other's wake-ups: every message changes its receiver once, nothing is lost, answers come back in an order
 * that replay repeats.
 */
export function asksAcrossHosts(parts: AskWorld): Scenario {
  return {
    name: `asks across hosts (${JSON.stringify(parts)})`,
    faults: parts.faults,
    earlyTimers: parts.earlyTimers ?? 0,
    maxSteps: 4_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      let result: readonly string[] | undefined;
      let over = false;
      const starter = async (self: Process): Promise<void> => {
        const system = await kernel.system(self, agents(kernel, self), parts);
        const run = await system.start(boss.run, { asks: parts.asks }, { id: "run" });
        result = await run.result();
        over = true;
        await system[Symbol.asyncDispose]();
      };
      const worker = async (self: Process): Promise<void> => {
        await kernel.system(self, agents(kernel, self), parts);
        await self.effect("never", () => {}, { ready: () => false });
      };
      world.process("starter", starter, { crashes: parts.crashes });
      for (let i = 1; i < parts.hosts; i++) {
        world.process(`worker-${i}`, worker, { crashes: parts.crashes, daemon: true });
      }
      world.invariant(() => {
        const wanted = Array.from({ length: parts.asks }, (_, i) => `help-${i}`);
        for (const name of wanted) {
          if ((kernel.outside.counts.get(name) ?? 0) === 0) return `${name} never ran`;
        }
        if (!over || String([...(result ?? [])].sort()) !== String(wanted)) {
          return `result is ${String(result)}`;
        }
        return kernel.problems("run");
      });
    },
  };
}

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  return [
    agent(boss, {
      async run(ctx, input) {
        const open = new Map(
          Array.from({ length: input.asks }, (_, i) => [
            i,
            ctx.ask(helper.help, { i }, { key: String(i) }).then((text) => ({ i, text })),
          ]),
        );
        // The order of the answers steers what happens next: a replay in another order would diverge.
        const order: string[] = [];
        while (open.size > 0) {
          const { i, text } = await Promise.race(open.values());
          open.delete(i);
          order.push(await ctx.step(`after ${i}`, () => text));
        }
        return order;
      },
    }),
    agent(helper, {
      help: (ctx, { i }) =>
        ctx.step("act", () => kernel.act(self, ctx.task, "step:act", `help-${i}`)),
    }),
  ];
}
