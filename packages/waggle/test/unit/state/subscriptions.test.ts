import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import {
  agent,
  boardIn,
  boardKey,
  contract,
  createSystem,
  on,
  publishIn,
  topic,
} from "../../../src/index.ts";

const order = topic("orders.created", z.object({ id: z.string(), total: z.number() }));
const total = boardKey("total", z.number(), { merge: "counter" });
const bill = contract("bill", {
  charge: { input: z.object({ id: z.string(), total: z.number() }), output: z.null() },
});
const shop = contract("shop", { sell: { input: z.number(), output: z.null() } });

test("each event reaches a subscribed agent once, from handlers and from outside", async () => {
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(bill, {
        charge: async (ctx, event) => {
          await boardIn(ctx, "sales").add(total, event.total);
          return null;
        },
      }),
      agent(shop, {
        sell: async (ctx, n) => {
          await publishIn(ctx, order, { id: `order-${n}`, total: n });
          return null;
        },
      }),
    ],
    subscriptions: [on("orders.*", bill.charge)],
    pollMs: 10,
  });
  await using board = system.board("sales");
  await Promise.all([1, 2, 3].map(async (n) => (await system.start(shop.sell, n)).result()));
  await system.topics.publish(order, { id: "order-4", total: 4 });
  await expect.poll(() => board.get(total)).toBe(10);
  await system.topics.publish(order, { id: "order-5", total: 5 });
  await expect.poll(() => board.get(total)).toBe(15);
});

test("a subscription of an agent that is not there is refused", async () => {
  await expect(
    createSystem({
      store: memoryStore({ clock: nodeClock() }),
      agents: [],
      subscriptions: [on("orders.*", bill.charge)],
    }),
  ).rejects.toThrow("subscribed, but not among the agents: bill");
});
