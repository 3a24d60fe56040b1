import { expect, test } from "vitest";
import { z } from "zod";
import { agent, contract, on, requestIn } from "../../../src/index.ts";
import { inWorld } from "../runtime/in-world.ts";
import { buyer, cheap, Offer, shop, slow, wanted } from "./request-world.ts";

test("the deadline of the asker travels with its request", () =>
  inWorld(async (self, kernel) => {
    const deadlines: (number | null)[] = [];
    const own = contract("shop", { offer: { input: z.string(), output: Offer } });
    const late = agent(own, {
      async offer(ctx) {
        deadlines.push(ctx.deadline);
        await ctx.sleep("long", 60_000);
        return { price: 1 };
      },
    });
    const asking = agent(buyer, {
      async buy(ctx) {
        const { missing } = await requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 });
        return { missing: [...missing], at: ctx.now() };
      },
    });
    const subscriptions = [on(wanted, own.offer)];
    const system = await kernel.system(self, [asking, late], { subscriptions, pollMs: 100 });
    const began = kernel.now();
    const run = await system.start(buyer.buy, null, { timeoutMs: 10_000 });
    const result = (await run.result()) as { readonly missing: unknown; readonly at: number };
    expect(result.missing).toEqual(["shop.offer"]);
    expect(result.at - began).toBe(10_000);
    expect(deadlines[0]).toBeLessThanOrEqual(began + 10_100);
    await system[Symbol.asyncDispose]();
  }));

test("the time of a request stands still while its run is paused", () =>
  inWorld(
    async (self, kernel) => {
      const asking = agent(buyer, {
        async buy(ctx) {
          const { responses } = await requestIn(ctx, wanted, "screw", { timeoutMs: 8_000 });
          return responses.length;
        },
      });
      const system = await kernel.system(self, [asking, cheap.agent, slow.agent], {
        subscriptions: [cheap.subscription, slow.subscription],
        pollMs: 100,
      });
      const run = await system.start(buyer.buy, null);
      // Between the first response and the second.
      await self.clock.sleep(2_000);
      await system.pause(run.id);
      await self.clock.sleep(60_000);
      await system.resume(run.id);
      expect(await run.result()).toBe(2);
      await system[Symbol.asyncDispose]();
    },
    { maxSteps: 20_000 },
  ));

test("whoever asked may be gone with its run: the responder ends all the same", () =>
  inWorld(async (self, kernel) => {
    const asking = agent(buyer, {
      async buy(ctx) {
        await requestIn(ctx, wanted, "screw", { timeoutMs: 1_000 });
        return null;
      },
    });
    const failing = shop("failing", async (ctx) => {
      await ctx.sleep("think", 5_000);
      throw new Error("no");
    });
    const shops = [slow, failing];
    const system = await kernel.system(self, [asking, ...shops.map((one) => one.agent)], {
      subscriptions: shops.map((one) => one.subscription),
      pollMs: 100,
    });
    const run = await system.start(buyer.buy, null);
    await run.result();
    await system.trim(run.id);
    const responders = (await system.runs()).map((row) => row.run);
    expect(responders).toHaveLength(2);
    await Promise.all(
      responders.map((id) =>
        system
          .run(id)
          .result()
          .catch(() => {}),
      ),
    );
    expect((await system.runs()).map(({ gate }) => gate)).toEqual(["ended", "ended"]);
    await system[Symbol.asyncDispose]();
  }));

test("a fork of what came of a request does not respond to it", () =>
  inWorld(async (self, kernel) => {
    const asking = agent(buyer, {
      async buy(ctx) {
        const { responses, missing } = await requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 });
        return { prices: responses.map(({ value }) => value.price), missing: [...missing] };
      },
    });
    const own = contract("hesitant", { offer: { input: z.string(), output: Offer } });
    const hesitant = agent(own, {
      offer: (ctx) => ctx.waitFor("price", Offer, { timeoutMs: null }),
    });
    const subscriptions = [on(wanted, own.offer)];
    const system = await kernel.system(self, [asking, hesitant], { subscriptions, pollMs: 100 });
    const run = await system.start(buyer.buy, null);
    await self.clock.sleep(1_000);
    const [responder] = (await system.runs()).filter(({ run: id }) => id !== run.id);
    const fork = await system.fork(responder?.run ?? "", { after: Number.MAX_SAFE_INTEGER });
    await system.signal({ run: fork.id }, "price", { price: 1 });
    expect(await fork.result()).toEqual({ price: 1 });
    await system.signal({ run: responder?.run ?? "" }, "price", { price: 2 });
    expect(await run.result()).toEqual({
      prices: [2],
      missing: [],
    });
    await system[Symbol.asyncDispose]();
  }));
