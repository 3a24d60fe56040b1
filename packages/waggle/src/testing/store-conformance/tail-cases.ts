import { deepEqual, equal } from "node:assert/strict";
import { parseRunId } from "../../core/ids.ts";
import type { Store, StoredEvent } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import { ANNE, append, apply, create, expectRefusal, RUN, startRun, taskNamed } from "./writes.ts";

/** The next `count` events of the run from after `from`. */
async function take(store: Store, from: number, count: number): Promise<StoredEvent[]> {
  const stop = new AbortController();
  const events: StoredEvent[] = [];
  for await (const event of store.tail(RUN, from, stop.signal)) {
    events.push(event);
    if (events.length >= count) stop.abort();
  }
  return events;
}

function texts(events: readonly StoredEvent[]): string[] {
  return events.map((event) => String((JSON.parse(event.data) as { text?: string }).text));
}

/** What holds for tail. */
export const tailCases: readonly StoreCase[] = [
  storeCase(
    "a tail gives the events of all tasks of a run in the order of their positions",
    async (store) => {
      const root = await startRun(store, ANNE);
      const other = await startRun(store, ANNE, {}, parseRunId("other"));
      await apply(store, ANNE, create(0, { id: taskNamed("t") }, ANNE));
      await apply(store, ANNE, append(root, 1, ["1"]), append(taskNamed("t"), 1, ["2"]));
      await apply(store, ANNE, append(other, 1, ["not mine"]), append(root, 2, ["3", "4"]));
      const events = await take(store, 0, 6);
      deepEqual(texts(events.slice(2)), ["1", "2", "3", "4"]);
      const positions = events.map((event) => event.position);
      deepEqual(
        positions,
        [...positions].sort((a, b) => a - b),
      );
      const loaded = [
        ...((await store.load(root))?.events ?? []),
        ...((await store.load(taskNamed("t")))?.events ?? []),
      ];
      deepEqual(
        events,
        loaded.sort((a, b) => a.position - b.position),
      );
    },
  ),
  storeCase("a tail starts after the position it is given", async (store) => {
    const root = await startRun(store, ANNE);
    await apply(store, ANNE, append(root, 1, ["1", "2", "3"]));
    const all = await take(store, 0, 4);
    for (const [i, event] of all.slice(0, 3).entries()) {
      deepEqual(await take(store, event.position, 3 - i), all.slice(i + 1));
    }
  }),
  storeCase("a tail does not give the events of refused batches", async (store) => {
    const root = await startRun(store, ANNE);
    equal((await take(store, 0, 1)).length, 1);
    const writes = [append(root, 1, ["never"]), append(root, 1, ["never"])];
    await expectRefusal(store, ANNE, writes, "fenced", 1);
    await apply(store, ANNE, append(root, 1, ["1"]));
    deepEqual(texts(await take(store, 0, 2)).slice(1), ["1"]);
  }),
  storeCase("a tail gives each of many events exactly once", async (store) => {
    const root = await startRun(store, ANNE);
    const many = Array.from({ length: 3_000 }, (_, i) => `${i}`);
    await apply(store, ANNE, append(root, 1, many));
    deepEqual(texts(await take(store, 0, 3_001)).slice(1), many);
  }),
  storeCase("a tail reads one run among many events of others", async (store) => {
    const other = await startRun(store, ANNE, {}, parseRunId("other"));
    const noise = Array.from({ length: 1_500 }, () => "noise");
    await apply(store, ANNE, append(other, 1, noise));
    const root = await startRun(store, ANNE);
    await apply(store, ANNE, append(root, 1, ["1"]));
    await apply(store, ANNE, append(other, 1_501, noise));
    await apply(store, ANNE, append(root, 2, ["2"]));
    deepEqual(texts(await take(store, 0, 3)).slice(1), ["1", "2"]);
  }),
  sharedCase(
    "a tail gives events as they are committed, by whichever store",
    async (one, other) => {
      const root = await startRun(one, ANNE);
      const stop = new AbortController();
      const got: string[] = [];
      let version = 1;
      for await (const event of one.tail(RUN, 0, stop.signal)) {
        got.push(texts([event])[0] ?? "");
        if (version > 20) break;
        // Each event is written only after the tail has given the one before.
        const store = version % 2 === 0 ? one : other;
        await apply(store, ANNE, append(root, version, [`${version}`]));
        version += 1;
      }
      deepEqual(
        got.slice(1),
        Array.from({ length: 20 }, (_, i) => `${i + 1}`),
      );
    },
  ),
  sharedCase(
    "a tail that began before its run existed gives the run's events",
    async (one, other) => {
      const events = take(one, 0, 2);
      const root = await startRun(other, ANNE);
      await apply(other, ANNE, append(root, 1, ["1"]));
      equal(texts(await events)[1], "1");
    },
  ),
  sharedCase("a tail beside busy writers misses and repeats nothing", async (one, other) => {
    const root = await startRun(one, ANNE);
    await apply(other, ANNE, create(0, { id: taskNamed("t") }, ANNE));
    const events = take(one, 0, 202);
    const writers = (
      [
        [one, root],
        [other, taskNamed("t")],
      ] as const
    ).map(async ([store, task]) => {
      for (let i = 1; i <= 100; i++) await apply(store, ANNE, append(task, i, [`${i}`]));
    });
    await Promise.all(writers);
    const got = await events;
    equal(new Set(got.map((event) => event.position)).size, 202);
    for (const task of [root, taskNamed("t")]) {
      const own = got.filter((event) => event.task === task).slice(1);
      deepEqual(
        texts(own),
        Array.from({ length: 100 }, (_, i) => `${i + 1}`),
      );
    }
  }),
  storeCase("a tail ends without an error when its signal aborts", async (store) => {
    await startRun(store, ANNE);
    const stop = new AbortController();
    const tail = store.tail(RUN, 0, stop.signal)[Symbol.asyncIterator]();
    equal((await tail.next()).done, false);
    const waiting = tail.next();
    stop.abort();
    equal((await waiting).done, true);
    const never = store.tail(RUN, 0, AbortSignal.abort())[Symbol.asyncIterator]();
    equal((await never.next()).done, true);
  }),
  storeCase("a tail says that its store was disposed", async (store) => {
    await startRun(store, ANNE);
    const tail = store.tail(RUN, 0, new AbortController().signal)[Symbol.asyncIterator]();
    await tail.next();
    const waiting = tail.next().catch((error: { code?: string }) => error.code);
    await store[Symbol.asyncDispose]();
    equal(await waiting, "CLOSED");
  }),
];
