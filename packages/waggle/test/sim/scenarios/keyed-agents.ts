import { z } from "zod";
import type { TaskId } from "../../../src/core/ids.ts";
import { type AgentDefinition, agent, contract } from "../../../src/index.ts";
import type { TaskRow } from "../../../src/ports/store.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const ENTRY = z.object({ account: z.string(), entry: z.string() });

const clerk = contract("clerk", {
  run: { input: z.object({ name: z.string(), entries: z.number() }), output: z.null() },
});
const ledger = contract(
  "bookkeeper",
  { book: { input: ENTRY, output: z.null() } },
  { key: ({ account }) => account },
);
const auditor = contract("auditor", { look: { input: ENTRY, output: z.null() } });

/** How the world of {@link keyedAgents} is made. */
export interface KeyedWorld {
  /** Messages of one key that each of two senders sends. */
  readonly entries: number;
  /** Crashes of each host. */
  readonly crashes: number;
  readonly faults: number;
  /** 0: whoever holds a key and waits leaves memory at once. */
  readonly passivateAfterMs: number;
}

/**
 * Two senders on two hosts that may crash send messages of one key; whoever takes one asks somebody else while it
 * holds the key: one at a time, in the order in which they were accepted, none is forgotten (K9).
 */
export function keyedAgents(parts: KeyedWorld): Scenario {
  return {
    name: `keyed agents (${JSON.stringify(parts)})`,
    faults: parts.faults,
    maxSteps: 4_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      let over = 0;
      for (const name of ["anna", "bert"]) {
        const main = async (self: Process): Promise<void> => {
          const system = await kernel.system(self, agents(kernel, self), parts);
          const run = await system.start(clerk.run, { name, entries: parts.entries }, { id: name });
          await run.result();
          over++;
          // The other one may still need this host.
          await self.effect("both are over", () => {}, { ready: () => over >= 2 });
          await system[Symbol.asyncDispose]();
        };
        world.process(name, main, { crashes: parts.crashes });
      }
      world.invariant(() => {
        const booked = kernel.ledger.find({ agent: "bookkeeper" });
        if (booked.length !== 2 * parts.entries) return `${booked.length} entries were accepted`;
        return outOfOrder(kernel, booked) ?? kernel.problems("anna") ?? kernel.problems("bert");
      });
    },
  };
}

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  // Of one key only who holds it may do anything.
  const act = (task: TaskId, path: string, name: string): Promise<string> => {
    const { ledger: there } = kernel;
    const row = there.load(task)?.row;
    const line = row?.key == null ? [] : there.find({ agent: row.agent, key: row.key });
    const holder = line.find(({ state }) => state === "open");
    if (holder !== undefined && holder.id !== task) {
      kernel.report(`${name} acts while ${holder.id} holds its key`);
    }
    if (line.filter(({ state }) => state === "open").length > 1) kernel.mark("queued behind a key");
    return kernel.act(self, task, path, name);
  };
  return [
    agent(clerk, {
      async run(ctx, { name, entries }) {
        await ctx.all("entries", [...Array(entries).keys()], (branch, i) =>
          branch.ask(ledger.book, { account: "a", entry: `${name}-${i}` }),
        );
        return null;
      },
    }),
    agent(ledger, {
      async book(ctx, input) {
        await ctx.step("open", () => act(ctx.task, "step:open", `open ${input.entry}`));
        await ctx.ask(auditor.look, input);
        await ctx.step("shut", () => act(ctx.task, "step:shut", `shut ${input.entry}`));
        return null;
      },
    }),
    agent(auditor, {
      async look(ctx, { entry }) {
        await ctx.step("look", () => act(ctx.task, "step:look", `look at ${entry}`));
        return null;
      },
    }),
  ];
}

/** Messages of one key end in the order in which they were accepted. */
function outOfOrder(kernel: KernelWorld, booked: readonly TaskRow[]): string | undefined {
  let last = 0;
  for (const { id } of booked) {
    const closed = kernel.ledger.load(id)?.events.at(-1)?.position ?? 0;
    if (closed <= last) return `${id} ended before one of its key that was accepted earlier`;
    last = closed;
  }
  return undefined;
}
