import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { type AgentDefinition, agent, contract, createSystem } from "../../../src/index.ts";

const loop = contract("loop", { run: { input: z.json(), output: z.json() } });

async function endOf(
  handler: AgentDefinition,
  options: { readonly maxMessagesPerRun?: number } = {},
): Promise<unknown> {
  const store = memoryStore({ clock: nodeClock() });
  await using system = await createSystem({ store, agents: [handler], ...options });
  return await (await system.start(loop.run, null)).result();
}

test("a handler without an end is stopped at 100,000 operations", async () => {
  let done = 0;
  const endless = agent(loop, {
    async run(ctx) {
      for (;;) done = await ctx.step("one more", () => done + 1);
    },
  });
  await expect(endOf(endless)).rejects.toMatchObject({ code: "LIMIT_REACHED" });
  expect(done).toBe(100_000);
}, 30_000);

test("a run sends no more messages than it may, however many are on their way at one time", async () => {
  let handled = 0;
  const flood = agent(loop, {
    async run(ctx, input) {
      if (input !== null) {
        handled++;
        return null;
      }
      const sends = [...Array(2_500).keys()].map((i) => ctx.send(loop.run, i, { key: String(i) }));
      const ends = await Promise.allSettled(sends);
      return ends.map((end) => (end.status === "fulfilled" ? "sent" : end.reason.code));
    },
  });
  const ends = (await endOf(flood, { maxMessagesPerRun: 2_000 })) as readonly string[];
  const sent = ends.filter((end) => end === "sent").length;
  expect(new Set(ends)).toEqual(new Set(["sent", "LIMIT_REACHED"]));
  // A block is a twentieth of the limit: one may be too many, two may be left over.
  expect(sent).toBeLessThanOrEqual(2_100);
  expect(sent).toBeGreaterThanOrEqual(1_800);
  expect(handled).toBeLessThanOrEqual(sent);
}, 30_000);
