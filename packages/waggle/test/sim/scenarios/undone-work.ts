import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { RUN, runWorld, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.string() } });
const undoer = contract("undoer", { undo: { input: z.string(), output: z.string() } });

/** What is done and undone, in the order in which it has to be recorded. */
const RECORDED = [
  "step:a",
  "step:b",
  "cleanup:c/step:undo",
  "cleanup:b/ask:undoer.undo",
  "cleanup:a/step:undo",
];

/**
 * A handler that fails after some work, over crashes: what it did is undone to the end, the last thing first, also
 * after an undoing that fails, and nothing that was undone is undone again.
 */
export function undoneWork(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "undone work",
    root: boss.run,
    input: null,
    agents,
    check: (kernel, ended) => {
      if (ended !== "HANDLER_FAILED") return `the run ended with ${String(ended)}`;
      const recorded = kernel.record(RUN).flatMap(({ event }) => {
        const isOwn = event.type === "done" || event.type === "received";
        return isOwn && event.path !== "step:work" ? [String(event.path)] : [];
      });
      const isRight = JSON.stringify(recorded) === JSON.stringify(RECORDED);
      return isRight ? undefined : `recorded: ${recorded.join(", ")}`;
    },
  }));
}

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  return [
    agent(boss, {
      async run(ctx) {
        const act = (path: string, name: string): Promise<string> =>
          kernel.act(self, ctx.task, path, name);
        ctx.cleanup("a", async (c) => {
          await c.step("undo", () => act("cleanup:a/step:undo", "undo a"));
        });
        await ctx.step("a", () => act("step:a", "a"));
        ctx.cleanup("b", async (c) => {
          await c.ask(undoer.undo, "b");
        });
        await ctx.step("b", () => act("step:b", "b"));
        ctx.cleanup("c", async (c) => {
          await c.step("undo", async () => {
            await act("cleanup:c/step:undo", "undo c");
            throw new Error("c cannot be undone");
          });
        });
        throw new Error("the work is bad");
      },
    }),
    agent(undoer, {
      undo: (ctx, name) => ctx.step("work", () => kernel.act(self, ctx.task, "step:work", name)),
    }),
  ];
}
