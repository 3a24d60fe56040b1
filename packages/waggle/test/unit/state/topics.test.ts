import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { TopicEvent } from "../../../src/state/read-topics.ts";
import { topic } from "../../../src/state/topic.ts";
import { matchesTopic, patternOf, patternQuery } from "../../../src/state/topic-pattern.ts";
import { openTopics, type Topics } from "../../../src/state/topics.ts";
import { type BoardWorld, boardWorld, type CommitFault, faultyStore } from "./board-world.ts";

const created = topic(
  "orders.created",
  z.object({ id: z.string(), amount: z.number().default(1) }),
);
const shipped = topic("orders.shipped.eu", z.string());
const noise = topic("noise", z.int());

function topicsOf(world: BoardWorld): Topics {
  const { clock, random } = world;
  return openTopics(world.store(), { clock, random, pollMs: 2 });
}

async function take<T>(events: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

describe("patterns", () => {
  const segment = fc.constantFrom("a", "b", "ab");
  const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((list) => list.join("."));
  const part = fc.oneof(segment, fc.constantFrom("*"));
  const pattern = fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 4 }).map((list) => list.join(".")),
    fc.array(part, { maxLength: 3 }).map((list) => [...list, ">"].join(".")),
  );

  /** The reference: the pattern as a regular expression. */
  function asExpression(text: string): RegExp {
    const source = text
      .split(".")
      .map((one) => (one === "*" ? "[^.]+" : one === ">" ? ".+" : one))
      .join("\\.");
    return new RegExp(`^${source}$`);
  }

  test("match what the reference matches, and read no less than that", () => {
    fc.assert(
      fc.property(pattern, name, (text, found) => {
        const expected = asExpression(patternOf(text)).test(found);
        expect(matchesTopic(text, found)).toBe(expected);
        const query = patternQuery(text);
        const read = "key" in query ? found === query.key : found.startsWith(query.prefix);
        if (expected) expect(read).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("and names that are none are refused", () => {
    for (const bad of ["", ".", "a..b", "a.>.b", "a>", "a b", "*a", "a.", `${"a".repeat(201)}`]) {
      expect(() => patternOf(bad), bad).toThrow("topic pattern");
    }
    for (const bad of ["", "a.*", ">", "a..b", "ä"]) {
      expect(() => topic(bad, z.string()), bad).toThrow("does not match");
    }
  });
});

test("events come to whoever follows, in order, each once, whichever process publishes", async () => {
  const world = boardWorld();
  const [reader, writer] = [topicsOf(world), topicsOf(world)];
  await writer.publish(created, { id: "before" });
  const orders = take(reader.follow("orders.>"), 3);
  const exact = take(reader.follow(created), 2);
  const all = take(reader.follow(">", { from: "beginning" }), 5);
  await writer.publish(created, { id: "1" }, { confidence: 0.8, priority: "high" });
  await writer.publish(noise, 7);
  await writer.publish(shipped, "1");
  await writer.publish(created, { id: "2", amount: 5 });
  expect(await orders).toMatchObject([
    { topic: "orders.created", value: { id: "1", amount: 1 }, confidence: 0.8, priority: "high" },
    { topic: "orders.shipped.eu", value: "1", confidence: null },
    { value: { id: "2", amount: 5 } },
  ]);
  expect((await exact).map(({ value }) => value.id)).toEqual(["1", "2"]);
  expect((await all).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
});

test("many events are read in pages, and from any position", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  for (let n = 0; n < 250; n++) await topics.publish(noise, n);
  const all = await take(topics.follow(noise, { from: "beginning" }), 250);
  expect(all.map(({ value }) => value)).toEqual(Array.from({ length: 250 }, (_, n) => n));
  const [next] = await take(topics.follow(noise, { from: all[99]?.position ?? 0 }), 1);
  expect(next?.value).toBe(100);
  const page = await topics.read(noise, 200, 10);
  expect(page.events.map(({ value }) => value)).toEqual([
    200, 201, 202, 203, 204, 205, 206, 207, 208, 209,
  ]);
  expect(page).toMatchObject({ position: 210, atEnd: false });
});

test("what is published after the call of follow is not missed, whenever the loop begins", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const events = topics.follow(noise);
  await topics.publish(noise, 1);
  await topics.publish(noise, 2);
  expect((await take(events, 2)).map(({ value }) => value)).toEqual([1, 2]);
});

test("stale events are left out", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  await topics.publish(noise, 1, { ttlMs: 1_000 });
  await topics.publish(noise, 2);
  world.advance(999);
  expect((await topics.read(noise, 0)).events).toHaveLength(2);
  world.advance(1);
  const page = await topics.read(noise, 0);
  expect(page.events.map(({ value }) => value)).toEqual([2]);
  expect(page.expired).toEqual([1]);
});

test("an event is published once though the outcome of its commit is unknown", async () => {
  const world = boardWorld();
  const { clock, random } = world;
  const faults: CommitFault[] = ["lost after", "lost before", "lost before", "lost after"];
  const store = faultyStore(world.store(), () => faults.shift() ?? "none");
  const topics = openTopics(store, { clock, random });
  await topics.publish(noise, 1);
  await topics.publish(noise, 2);
  await topics.publish(noise, 3);
  const { events } = await topics.read(noise, 0);
  expect(events.map(({ value }) => value)).toEqual([1, 2, 3]);
});

test("what does not fit is refused, and nothing is published", async () => {
  const topics = topicsOf(boardWorld());
  // @ts-expect-error a number is no order
  await expect(topics.publish(created, 3)).rejects.toMatchObject({ code: "SCHEMA" });
  await expect(topics.publish(noise, 1, { confidence: 2 })).rejects.toMatchObject({
    code: "USAGE",
  });
  await expect(topics.publish(noise, 1, { ttlMs: 0 })).rejects.toMatchObject({ code: "USAGE" });
  expect((await topics.read(">", 0)).events).toEqual([]);
});

test("a large value is kept by content", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const text = "event ".repeat(10_000);
  await topics.publish(shipped, text);
  const [event] = (await topics.read(shipped, 0)).events;
  expect(event?.value).toBe(text);
  const { records } = await world.store().records({ log: "topics" });
  expect(records[0]?.data?.length).toBeLessThan(400);
});

test("following ends with its signal, with the loop, and with the topics", async () => {
  const world = boardWorld();
  const topics = topicsOf(world);
  const stop = new AbortController();
  const ends: Promise<TopicEvent[]>[] = [
    take(topics.follow(noise, { signal: stop.signal }), 9),
    take(topics.follow(noise), 9),
  ];
  await topics.publish(noise, 1);
  const [first] = await take(topics.follow(noise, { from: "beginning" }), 1);
  expect(first?.value).toBe(1);
  stop.abort();
  await ends[0];
  await topics[Symbol.asyncDispose]();
  await ends[1];
  expect(() => topics.follow(noise)).toThrow("closed");
});
