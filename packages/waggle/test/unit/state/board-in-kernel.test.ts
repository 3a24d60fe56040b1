import { expect, test } from "vitest";
import { z } from "zod";
import { MemoryLedger, memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import { contract } from "../../../src/core/contract.ts";
import { agent } from "../../../src/runtime/agent.ts";
import { boardIn } from "../../../src/state/board-context.ts";
import { boardKey } from "../../../src/state/board-key.ts";
import { openBoard } from "../../../src/state/open-board.ts";
import { createSystem } from "../../../src/system/create-system.ts";

const total = boardKey("total", z.int());
const hits = boardKey("hits", z.int(), { merge: "counter" });
const report = boardKey("report", z.string());

const worker = contract("worker", { add: { input: z.int(), output: z.int() } });
const chief = contract("chief", { run: { input: z.int(), output: z.int() } });

const agents = [
  agent(worker, {
    add: async (ctx, by) => {
      const board = boardIn(ctx);
      await board.add(hits, 1);
      return board.update(total, (now = 0) => now + by);
    },
  }),
  agent(chief, {
    run: async (ctx, workers) => {
      const items = Array.from({ length: workers }, (_, i) => i);
      await ctx.all("workers", items, (branch, item) => branch.ask(worker.add, item));
      const board = boardIn(ctx);
      await board.set(report, "done ".repeat(10_000));
      const view = await board.snapshot([hits, total, report]);
      return (view.get(total) ?? 0) * 1_000 + (view.get(hits) ?? 0);
    },
  }),
];

test("agents of a run work on its board, and no update is lost", async () => {
  const [clock, random] = [nodeClock(), nodeRandom()];
  const ledger = new MemoryLedger({ now: () => clock.now() });
  await using system = await createSystem({ store: memoryStore({ clock, ledger }), agents });
  const run = await system.start(chief.run, 30);
  expect(await run.result()).toBe(435_030);
  await using board = openBoard(memoryStore({ clock, ledger }), { run: run.id }, { clock, random });
  expect(await board.get(total)).toBe(435);
  expect((await board.get(report))?.length).toBe(50_000);
  const { entries } = await board.history(total, { limit: 1_000 });
  expect(new Set(entries.map(({ by }) => by)).size).toBeGreaterThan(25);
});
