import { z } from "zod";
import { type AgentDefinition, agent, contract, messageType } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const news = messageType("news", { input: z.string(), output: z.null() });

const GROUPS = { groups: ["team"] };

/** How the world of {@link broadcasts} is made. */
export interface BroadcastWorld {
  /** Crashes of each of the two hosts. */
  readonly crashes: number;
  readonly faults: number;
  readonly passivateAfterMs: number;
}

/** A broadcast to a group on two hosts: each of those named in its answer gets it once, its sender does not. */
export function broadcasts(parts: BroadcastWorld): Scenario {
  return {
    name: `broadcasts (${JSON.stringify(parts)})`,
    faults: parts.faults,
    maxSteps: 4_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      let told: readonly string[] = [];
      const main = async (self: Process): Promise<void> => {
        // Who has never been there is not told.
        await self.effect("the others are there", () => {}, {
          ready: () => kernel.ledger.hosts().some(({ report }) => report.includes("carl")),
        });
        const system = await kernel.system(self, [teller(), hearer(kernel, self, "anna")], parts);
        const run = await system.start(speaker.tell, null, { id: "run" });
        told = await run.result();
        await self.effect("all have heard", () => {}, {
          ready: () => kernel.gate("run") === "ended",
        });
        await system[Symbol.asyncDispose]();
      };
      world.process("speaker", main, { crashes: parts.crashes });
      world.process(
        "others",
        async (self) => {
          const others = ["bert", "carl"].map((name) => hearer(kernel, self, name));
          await kernel.system(self, others, parts);
          await self.effect("never", () => {}, { ready: () => false });
        },
        { crashes: parts.crashes, daemon: true },
      );
      world.invariant(() => verdict(kernel, told));
    },
  };
}

const speaker = contract("speaker", {
  news: news.shape,
  tell: { input: z.null(), output: z.array(z.string()) },
});

function verdict(kernel: KernelWorld, told: readonly string[]): string | undefined {
  const sent = kernel.ledger.find({}).filter(({ operation }) => operation === "news");
  const got = sent.map(({ agent: name }) => name).sort();
  if (String(got) !== String(told)) return `told ${told.join(", ")}, got by ${got.join(", ")}`;
  if (!told.includes("anna") || told.includes("speaker")) return `told ${told.join(", ")}`;
  if (told.length === 3) kernel.mark("a broadcast went to both hosts");
  const deaf = told.find((name) => !kernel.outside.counts.has(`${name} hears`));
  return deaf === undefined ? kernel.problems("run") : `${deaf} never heard`;
}

function teller(): AgentDefinition {
  return agent(
    speaker,
    {
      news: () => null,
      async tell(ctx) {
        const { agents } = await ctx.broadcast(news, "hello", { group: "team" });
        return [...agents];
      },
    },
    GROUPS,
  );
}

function hearer(kernel: KernelWorld, self: Process, name: string): AgentDefinition {
  return agent(
    contract(name, { news: news.shape }),
    {
      async news(ctx) {
        await ctx.step("hear", () => kernel.act(self, ctx.task, "step:hear", `${name} hears`));
        return null;
      },
    },
    GROUPS,
  );
}
