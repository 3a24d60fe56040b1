import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { contract } from "../../../src/core/contract.ts";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import { type HostId, hostIdFrom, type RunId } from "../../../src/core/ids.ts";
import type { Store } from "../../../src/ports/store.ts";
import { readTexts } from "../../../src/runtime/journal.ts";
import { readCursor } from "../../../src/state/cursor.ts";
import { readDeadLetters } from "../../../src/state/dead-letters.ts";
import { type PumpResult, pumpOnce } from "../../../src/state/pump.ts";
import { on, type Subscription } from "../../../src/state/subscription.ts";
import { publishWrites, topic } from "../../../src/state/topic.ts";
import { openTopics, type Topics } from "../../../src/state/topics.ts";
import { type BoardWorld, boardWorld, type CommitFault, faultyStore } from "./board-world.ts";

const orders = topic("orders.created", z.object({ id: z.int() }));
const notes = topic("notes", z.string());
const Order = z.object({ id: z.int() });
const billing = contract(
  "billing",
  { bill: { input: Order, output: z.null() }, audit: { input: z.unknown(), output: z.null() } },
  { mailbox: 5 },
);
const shipping = contract("shipping", { pack: { input: Order, output: z.null() } });

const one = hostIdFrom("one");
const other = hostIdFrom("other");

function topicsOf(world: BoardWorld): Topics {
  const { clock, random } = world;
  return openTopics(world.store(), { clock, random });
}

async function publish(topics: Topics, from: number, to: number): Promise<void> {
  for (let id = from; id <= to; id++) await topics.publish(orders, { id });
}

/** Pumps until there is nothing to do any more. */
async function pumpAll(
  world: BoardWorld,
  subscription: Subscription,
  host: HostId = one,
  store: Store = world.store(),
): Promise<PumpResult[]> {
  const results: PumpResult[] = [];
  for (;;) {
    const result = await pumpOnce({ store, host, clock: world.clock }, subscription);
    results.push(result);
    if (result.state === "caught-up" || result.state === "full" || result.state === "fenced") {
      return results;
    }
  }
}

/** The inputs of all tasks of `agent`, in order of creation. */
async function inputsOf(world: BoardWorld, agent: string): Promise<unknown[]> {
  const store = world.store();
  const inputs: unknown[] = [];
  for (const row of await store.find({ agent })) {
    const loaded = await store.load(row.id);
    const event = loaded === undefined ? undefined : decodeEvent(loaded.origin);
    inputs.push(event?.type === "started" ? event.input : event);
  }
  return inputs;
}

/** An agent takes one message: its mailbox has room for one more. */
async function takeOne(world: BoardWorld, agent: string): Promise<void> {
  await world.store().claim({ host: one, agents: [{ agent, free: 1 }] });
}

const ids = (count: number, first = 1): { id: number }[] =>
  Array.from({ length: count }, (_, i) => ({ id: first + i }));

test("each event starts one run of the operation, with its value as the input", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const subscription = on("orders.*", shipping.pack, { from: "beginning" });
  await publish(topics, 1, 70);
  const results = await pumpAll(world, subscription);
  expect(results.map(({ state, started }) => [state, started])).toEqual([
    ["more", 32],
    ["more", 32],
    ["caught-up", 6],
  ]);
  expect(await inputsOf(world, "shipping")).toEqual(ids(70));
  const [row] = await world.store().find({ agent: "shipping" });
  expect(row).toMatchObject({ operation: "pack", hops: 1, parent: null, priority: "normal" });
  expect(row?.run).toMatch(/^event-[0-9a-f]{32}$/);
  const [run] = await world.store().runs({ run: row?.run as RunId });
  expect(run).toMatchObject({ gate: "open", root: row?.id });
});

describe("whatever pumps and faults there are, each event is handled exactly once", () => {
  test("by every agent that subscribed", async () => {
    const faults = fc.array(fc.constantFrom<CommitFault>("none", "lost before", "lost after"), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(
        faults,
        faults,
        fc.integer({ min: 1, max: 50 }),
        async (mine, yours, count) => {
          const world = boardWorld();
          const stores = [mine, yours].map((list) => {
            const queue = [...list];
            return faultyStore(world.store(), () => queue.shift() ?? "none");
          });
          const subscription = on(orders, shipping.pack, { from: "beginning" });
          await publish(topicsOf(world), 1, count);
          await Promise.all([
            pumpAll(world, subscription, one, stores[0]),
            pumpAll(world, subscription, other, stores[1]),
            publish(topicsOf(world), count + 1, count + 5),
          ]);
          await pumpAll(world, subscription);
          expect(await inputsOf(world, "shipping")).toEqual(ids(count + 5));
        },
      ),
      { numRuns: 40 },
    );
  });

  test("also when two patterns of one operation match it, or its cursor is lost", async () => {
    const world = boardWorld();
    await publish(topicsOf(world), 1, 40);
    const subscription = on(orders, shipping.pack, { from: "beginning" });
    await pumpAll(world, subscription);
    await pumpAll(world, on("orders.>", shipping.pack, { from: "beginning" }));
    const cursor = await readCursor(world.store(), subscription);
    const cell = "cursor.shipping.pack.orders.created";
    const forget = { type: "set", cell, expect: cursor?.version ?? 0, value: null } as const;
    await world.store().commit({ host: one, writes: [forget] });
    const again = await pumpAll(world, subscription);
    expect(again.map(({ started }) => started)).toEqual([0, 0]);
    expect(await inputsOf(world, "shipping")).toEqual(ids(40));
  });
});

test("a subscription hears of what comes from its first pump on, unless it asks for more", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const subscription = on(orders, shipping.pack);
  await publish(topics, 1, 2);
  await pumpAll(world, subscription);
  await publish(topics, 3, 4);
  await pumpAll(world, subscription);
  expect(await inputsOf(world, "shipping")).toEqual(ids(2, 3));
});

describe("a full mailbox", () => {
  test("stops that subscription before the first event without room, and no other", async () => {
    const world = boardWorld();
    await publish(topicsOf(world), 1, 12);
    const billed = on(orders, billing.bill, { from: "beginning" });
    const first = await pumpAll(world, billed);
    expect(first).toMatchObject([{ state: "full", started: 5, position: 5 }]);
    expect(await pumpAll(world, billed)).toMatchObject([
      { state: "full", started: 0, position: 5 },
    ]);
    const packed = await pumpAll(world, on(orders, shipping.pack, { from: "beginning" }));
    expect(packed).toMatchObject([{ state: "caught-up", started: 12 }]);
    await takeOne(world, "billing");
    expect(await pumpAll(world, billed)).toMatchObject([
      { state: "full", started: 1, position: 6 },
    ]);
    expect(await inputsOf(world, "billing")).toEqual(ids(6));
  });

  test("keeps its place before an event without room, whatever comes after that one", async () => {
    const world = boardWorld();
    const topics = topicsOf(world);
    await publish(topics, 1, 6);
    await topics.publish(notes, "fits nowhere");
    await topics.publish(orders, { id: 7 }, { ttlMs: 1 });
    world.advance(1);
    const all = on(">", billing.bill, { from: "beginning" });
    const first = await pumpAll(world, all);
    expect(first).toMatchObject([{ state: "full", started: 5, dead: 0, expired: 0, position: 5 }]);
    await takeOne(world, "billing");
    const second = await pumpAll(world, all);
    expect(second).toMatchObject([{ state: "caught-up", started: 1, dead: 1, expired: 1 }]);
    expect(await inputsOf(world, "billing")).toEqual(ids(6));
  });
});

describe("an event that cannot be handled becomes a dead letter, and does not stop the others", () => {
  test("when it does not fit the input", async () => {
    const world = boardWorld();
    const topics = topicsOf(world);
    await topics.publish(notes, "no order");
    await publish(topics, 1, 1);
    const [result] = await pumpAll(world, on(">", shipping.pack, { from: "beginning" }));
    expect(result).toMatchObject({ state: "caught-up", started: 1, dead: 1 });
    expect(await readDeadLetters(world.store(), { agent: "shipping" })).toMatchObject([
      {
        operation: "pack",
        topic: "notes",
        position: 1,
        input: "no order",
        error: { code: "SCHEMA" },
      },
    ]);
    expect(await readDeadLetters(world.store(), { agent: "ship" })).toEqual([]);
  });

  test("when a filter throws", async () => {
    const world = boardWorld();
    await publish(topicsOf(world), 1, 2);
    const filter = ({ value }: { value: { id: number } }): boolean => {
      if (value.id === 1) throw new Error("cannot tell");
      return true;
    };
    await pumpAll(world, on(orders, shipping.pack, { from: "beginning", filter }));
    expect(await readDeadLetters(world.store())).toMatchObject([
      { position: 1, error: { code: "HANDLER_FAILED", message: "cannot tell" } },
    ]);
    expect(await inputsOf(world, "shipping")).toEqual(ids(1, 2));
  });

  test("when a filter throws more than can be kept beside the event", async () => {
    const world = boardWorld();
    const text = "x".repeat(2_000_000);
    await topicsOf(world).publish(notes, text);
    const filter = (): boolean => {
      throw new Error("y".repeat(3_000_000));
    };
    await pumpAll(world, on(notes, billing.audit, { from: "beginning", filter }));
    const [letter] = await readDeadLetters(world.store());
    expect(letter?.error.message).toContain("(3000000 characters)");
    expect(letter?.input === text).toBe(true);
  });

  test("when messages have begotten messages too often", async () => {
    const world = boardWorld();
    const store = world.store();
    for (const hops of [63, 64]) {
      const writes = publishWrites(orders, { id: hops }, { by: null, hops });
      await store.commit({ host: one, writes });
    }
    await pumpAll(world, on(orders, shipping.pack, { from: "beginning" }));
    const [row] = await store.find({ agent: "shipping" });
    expect(row?.hops).toBe(64);
    expect(await readDeadLetters(store)).toMatchObject([
      { position: 2, error: { code: "LIMIT_REACHED" } },
    ]);
  });
});

test("stale events and those that a filter refuses are passed over, the stale ones counted", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  await topics.publish(orders, { id: 1 }, { ttlMs: 10 });
  await publish(topics, 2, 3);
  world.advance(10);
  const subscription = on(orders, shipping.pack, {
    from: "beginning",
    filter: ({ value }) => value.id !== 2,
  });
  expect(await pumpAll(world, subscription)).toMatchObject([
    { started: 1, expired: 1, position: 3 },
  ]);
  expect(await inputsOf(world, "shipping")).toEqual([{ id: 3 }]);
  const [cell] = await world.store().cells("expired.");
  expect(cell).toMatchObject({ cell: "expired.cursor.shipping.pack.orders.created", amount: 1 });
});

test("the whole event can be the input, and its own priority comes before the subscription's", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  await topics.publish(notes, "now", { priority: "critical", confidence: 0.5 });
  await topics.publish(notes, "later");
  const subscription = on(notes, billing.audit, {
    from: "beginning",
    give: "event",
    priority: "low",
  });
  await pumpAll(world, subscription);
  expect(await inputsOf(world, "billing")).toMatchObject([
    { topic: "notes", value: "now", confidence: 0.5, position: 1 },
    { topic: "notes", value: "later", confidence: null, position: 2 },
  ]);
  const rows = await world.store().find({ agent: "billing" });
  expect(rows.map(({ priority }) => priority)).toEqual(["critical", "low"]);
});

test("a large event reaches its handler, and a trim of the topics leaves what is not handled yet", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const text = "long ".repeat(10_000);
  const subscription = on(notes, billing.audit, { from: "beginning" });
  await topics.publish(notes, "first");
  await pumpAll(world, subscription);
  await topics.publish(notes, text);
  await topics.publish(notes, "third");
  expect(await topics.trim(99)).toBe(2);
  await pumpAll(world, subscription);
  expect((await topics.read(notes, 0)).events.map(({ position }) => position)).toEqual([2, 3]);
  const [, large] = await world.store().find({ agent: "billing" });
  const loaded = large === undefined ? undefined : await world.store().load(large.id);
  const texts = await readTexts(world.store(), loaded === undefined ? [] : [loaded.origin]);
  expect(loaded?.origin.data.length).toBeLessThan(400);
  expect(loaded && decodeEvent(loaded.origin, texts)).toMatchObject({ input: text });
});

test("a host that was declared dead pumps nothing", async () => {
  const world = boardWorld();
  const store = world.store();
  await publish(topicsOf(world), 1, 1);
  await store.commit({ host: other, writes: [{ type: "free", host: one, beat: 0 }] });
  const subscription = on(orders, shipping.pack, { from: "beginning" });
  expect(await pumpAll(world, subscription)).toMatchObject([{ state: "fenced" }]);
  expect(await pumpAll(world, on(orders, shipping.pack))).toMatchObject([{ state: "fenced" }]);
  expect(await inputsOf(world, "shipping")).toEqual([]);
});

test("a subscription that nothing concerns writes its cursor only when it has fallen far behind", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const subscription = on(notes, billing.audit, { from: "beginning" });
  await topics.publish(notes, "one");
  await pumpAll(world, subscription);
  await publish(topics, 1, 20);
  await pumpAll(world, subscription);
  const near = await readCursor(world.store(), subscription);
  expect(near).toEqual({ position: 1, version: 1 });
  await publish(topics, 21, 1_010);
  await pumpAll(world, subscription);
  expect(await readCursor(world.store(), subscription)).toEqual({ position: 1_011, version: 2 });
});
