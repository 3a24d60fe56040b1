import { expect, test } from "vitest";
import { z } from "zod";
import { agent, contract, messageType, type System, to } from "../../../src/index.ts";
import type { RegisteredAgent } from "../../../src/runtime/registry.ts";
import { inWorld } from "./in-world.ts";

const BEAT_MS = 5_000;

const boss = contract("boss", { run: { input: z.string(), output: z.json() } });
const cook = contract("cook", { boil: { input: z.number(), output: z.number() } }, { mailbox: 10 });
const boil = messageType("boil", { input: z.number(), output: z.number() });

async function entryOf(system: System, name: string): Promise<Partial<RegisteredAgent>> {
  const entry = (await system.agents()).find((one) => one.name === name);
  if (entry === undefined) return {};
  const { status, busy, concurrency, waiting } = entry;
  return { status, busy, concurrency, waiting };
}

test("an agent is busy while it works, says how much waits for it, and is idle again", async () => {
  await inWorld(async (self, kernel) => {
    let done = false;
    const slow = agent(
      cook,
      {
        boil: (ctx, n) =>
          ctx.step("boil", () => self.effect("boil", () => n, { ready: () => done })),
      },
      { concurrency: 2 },
    );
    await using system = await kernel.system(self, [slow]);
    expect(await entryOf(system, "cook")).toEqual({
      status: "idle",
      busy: 0,
      concurrency: 2,
      waiting: 0,
    });
    const runs = [];
    for (const n of [1, 2, 3]) runs.push(await system.start(cook.boil, n));
    await self.clock.sleep(BEAT_MS);
    expect(await entryOf(system, "cook")).toMatchObject({ status: "busy", busy: 2, waiting: 1 });
    done = true;
    await Promise.all(runs.map((run) => run.result()));
    await self.clock.sleep(2 * BEAT_MS);
    expect(await entryOf(system, "cook")).toMatchObject({ status: "idle", busy: 0, waiting: 0 });
  });
});

test("three failures in a row make the status error, a success ends it", async () => {
  await inWorld(async (self, kernel) => {
    const moody = agent(cook, {
      boil: (_ctx, n) => {
        if (n < 0) throw new Error("cold");
        return n;
      },
    });
    await using system = await kernel.system(self, [moody]);
    const status = async (n: number): Promise<unknown> => {
      await (await system.start(cook.boil, n)).result().catch(() => {});
      await self.clock.sleep(BEAT_MS);
      return (await entryOf(system, "cook")).status;
    };
    expect(await status(-1)).toBe("idle");
    expect(await status(-1)).toBe("idle");
    expect(await status(-1)).toBe("error");
    expect(await status(1)).toBe("idle");
  });
});

test("agents of another host are known through its beats, by what they can do", async () => {
  await inWorld(async (self, kernel) => {
    const found: unknown[] = [];
    const asking = agent(boss, {
      async run(ctx) {
        found.push(await ctx.peers({ capability: "heats" }));
        found.push(await ctx.peers({ group: "kitchen" }));
        found.push(await ctx.peers({ operation: "boil", group: "kitchen" }));
        found.push(await ctx.peers({ capability: "heats", group: "garden" }));
        return ctx.ask(to("cook", boil), 7);
      },
    });
    const cooking = { capabilities: ["heats"], groups: ["kitchen"] };
    const cookAgent = agent(cook, { boil: (_ctx, n) => n + 1 }, cooking);
    const waiter = contract("waiter", { serve: { input: z.null(), output: z.null() } });
    const waiterAgent = agent(waiter, { serve: () => null }, { groups: ["kitchen"] });
    await using other = await kernel.system(self, [cookAgent, waiterAgent]);
    await using system = await kernel.system(self, [asking]);
    const run = await system.start(boss.run, "go");
    expect(await run.result()).toBe(8);
    expect(found).toEqual([["cook"], ["cook", "waiter"], ["cook"], []]);
    expect((await other.agents()).map(({ name }) => name)).toEqual(["boss", "cook", "waiter"]);
  });
});

test("an agent that came after the last beat is looked up, one that nobody runs is refused", async () => {
  await inWorld(async (self, kernel) => {
    const asking = agent(boss, { run: (ctx, name) => ctx.ask(to(name, boil), 7) });
    await using system = await kernel.system(self, [asking]);
    await using _other = await kernel.system(self, [agent(cook, { boil: (_ctx, n) => n + 1 })]);
    expect(await (await system.start(boss.run, "cook")).result()).toBe(8);
    const nobody = (await system.start(boss.run, "nobody")).result();
    await expect(nobody).rejects.toMatchObject({ code: "UNKNOWN_AGENT" });
  });
});

test("an agent is as free as its freest host, and offline when its hosts are gone", async () => {
  await inWorld(async (self, kernel) => {
    const definition = agent(cook, { boil: (_ctx, n) => n }, { concurrency: 3 });
    await using one = await kernel.system(self, [definition]);
    const two = await kernel.system(self, [definition]);
    const both = (await one.agents()).find(({ name }) => name === "cook");
    expect(both).toMatchObject({ status: "idle", concurrency: 6 });
    for (const { host } of both?.hosts.slice(0, 1) ?? []) kernel.ledger.markGone(host);
    expect(await entryOf(one, "cook")).toMatchObject({ status: "idle", concurrency: 3 });
    for (const { host } of both?.hosts ?? []) kernel.ledger.markGone(host);
    const gone = (await one.agents()).find(({ name }) => name === "cook");
    expect(gone).toMatchObject({ status: "offline", concurrency: 0 });
    expect(gone?.hosts.map(({ status }) => status)).toEqual(["offline", "offline"]);
    await two[Symbol.asyncDispose]();
  });
});

test("a task whose host is lost again and again is a dead letter, and its asker hears", async () => {
  await inWorld(async (self, kernel) => {
    let begun = 0;
    const deadly = agent(cook, {
      boil: (ctx, n) =>
        ctx.step("boil", async ({ signal }) => {
          begun++;
          await self.clock.sleep(1_000_000, { signal });
          return n;
        }),
    });
    const asking = agent(boss, { run: (ctx) => ctx.ask(cook.boil, 1) });
    await using system = await kernel.system(self, [asking]);
    const open = (): Promise<System> => kernel.system(self, [deadly], { graceMs: 0 });
    let host = await open();
    const run = await system.start(boss.run, "go");
    for (let life = 1; life <= 6; life++) {
      await self.effect("it has begun", () => {}, { ready: () => begun === life });
      await host[Symbol.asyncDispose]();
      host = await open();
    }
    await expect(run.result()).rejects.toMatchObject({ code: "POISON" });
    expect(begun).toBe(6);
    const [letter] = await system.deadLetters();
    expect(letter).toMatchObject({ agent: "cook", operation: "boil", input: 1 });
    await host[Symbol.asyncDispose]();
  });
});
