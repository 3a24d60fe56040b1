import { deepEqual, equal } from "node:assert/strict";
import type { Envelope } from "../../core/envelope.ts";
import { parseRunId, type TaskId } from "../../core/ids.ts";
import type { Store } from "../../ports/store.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  CARL,
  CLOSE,
  cancel,
  claim,
  create,
  deliver,
  expectRefusal,
  gate,
  pathNamed,
  RUN,
  release,
  rowOf,
  taskNamed,
} from "./writes.ts";

const OTHER = parseRunId("other");

/** Opens both runs, and creates tasks of one key in this order. */
async function queue(store: Store, ...names: string[]): Promise<readonly TaskId[]> {
  await apply(store, ANNE, gate(RUN, null, "open"), gate(OTHER, null, "open"));
  const ids: TaskId[] = [];
  for (const name of names) ids.push(await keyed(store, name));
  return ids;
}

async function keyed(store: Store, name: string, more: Partial<Envelope> = {}): Promise<TaskId> {
  const id = taskNamed(name);
  await apply(store, ANNE, create(0, { key: "cart", ...more, id }));
  return id;
}

async function dues(store: Store, ids: readonly TaskId[]): Promise<readonly (number | null)[]> {
  return (await Promise.all(ids.map((id) => rowOf(store, id)))).map((row) => row.due);
}

/** Closes `task`, which Anne takes first and which has one event. */
async function finish(store: Store, task: TaskId): Promise<void> {
  deepEqual(await claim(store, ANNE), [`claimed ${task}`]);
  await apply(store, ANNE, append(task, 1, ["end"], CLOSE));
}

/** What holds for keys. */
export const keyCases: readonly StoreCase[] = [
  storeCase(
    "the oldest unfinished task of a key is due, the others are not",
    async (store, world) => {
      const ids = await queue(store, "first", "second", "third");
      deepEqual(await dues(store, ids), [world.now(), null, null]);
      deepEqual(await claim(store, ANNE), [`claimed ${ids[0]}`]);
      deepEqual(await claim(store, BERT), []);
    },
  ),
  storeCase("the tasks of one batch queue behind each other", async (store) => {
    const [one, two] = [taskNamed("one"), taskNamed("two")];
    const tasks = [create(1, { id: one, key: "k" }), create(2, { id: two, key: "k" })];
    await apply(store, ANNE, gate(RUN, null, "open"), ...tasks);
    await finish(store, one);
    await finish(store, two);
  }),
  ...(["closed", "dead"] as const).map((state) =>
    storeCase(
      `when the holder of a key ends as ${state} the next is due from then on`,
      async (store, world) => {
        const ids = await queue(store, "first", "second", "third");
        await claim(store, ANNE);
        world.advance(7);
        const ending = { type: "close", state } as const;
        await apply(store, ANNE, append(taskNamed("first"), 1, ["end"], { ending }));
        deepEqual(await dues(store, ids), [null, world.now(), null]);
        deepEqual(await claim(store, BERT), [`claimed ${ids[1]}`]);
      },
    ),
  ),
  storeCase(
    "tasks of a key run in the order of their creation, whatever their priority",
    async (store) => {
      await queue(store);
      const ids: TaskId[] = [];
      for (const priority of ["low", "critical", "normal"] as const) {
        ids.push(await keyed(store, priority, { priority }));
      }
      for (const id of ids) await finish(store, id);
      deepEqual(await claim(store, ANNE), []);
    },
  ),
  storeCase("another key, another agent and no key do not wait", async (store, world) => {
    const [holder] = await queue(store, "holder");
    const ids = [
      await keyed(store, "key", { key: "other" }),
      await keyed(store, "empty", { key: "" }),
      await keyed(store, "agent", { agent: "waiter" }),
      await keyed(store, "none", { key: null }),
      await keyed(store, "none again", { key: null }),
    ];
    deepEqual(
      await dues(store, ids),
      ids.map(() => world.now()),
    );
    equal((await rowOf(store, holder ?? taskNamed("none"))).due, world.now());
  }),
  storeCase("a key is held in all runs together", async (store) => {
    const [holder = taskNamed("holder")] = await queue(store, "holder");
    const next = await keyed(store, "next", { run: OTHER });
    equal((await rowOf(store, next)).due, null);
    await finish(store, holder);
    deepEqual(await claim(store, ANNE), [`claimed ${next}`]);
  }),
  storeCase("the holder keeps its key while it waits", async (store) => {
    const [holder = taskNamed(""), next] = await queue(store, "holder", "next");
    await claim(store, ANNE);
    await apply(store, ANNE, append(holder, 1, ["x"], { ending: release(null) }));
    deepEqual(await claim(store, BERT), []);
    await apply(store, ANNE, deliver(holder, pathNamed("a")));
    deepEqual(await claim(store, BERT), [`claimed ${holder}`]);
    await apply(store, BERT, append(holder, 2, ["end"], CLOSE));
    deepEqual(await claim(store, BERT), [`claimed ${next}`]);
  }),
  storeCase("the holder keeps its key while it is stuck", async (store) => {
    const [holder = taskNamed(""), next] = await queue(store, "holder", "next");
    await claim(store, ANNE);
    await apply(store, ANNE, append(holder, 1, ["x"], { ending: { type: "stick" } }));
    deepEqual(await dues(store, [next ?? holder]), [null]);
    deepEqual(await claim(store, BERT), []);
  }),
  storeCase("a holder that is not due yet holds its key", async (store, world) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const [holder, next] = [taskNamed("holder"), taskNamed("next")];
    const due = world.now() + 50;
    await apply(store, ANNE, { ...create(0, { id: holder, key: "cart" }), due });
    await keyed(store, "next");
    deepEqual(await dues(store, [holder, next]), [due, null]);
    deepEqual(await claim(store, ANNE), []);
  }),
  storeCase("mail does not make a queued task due, unless it is a cancel", async (store, world) => {
    const [, queued = taskNamed("")] = await queue(store, "holder", "queued");
    await apply(store, ANNE, deliver(queued, pathNamed("a")), deliver(queued, null));
    deepEqual(await dues(store, [queued]), [null]);
    world.advance(3);
    await apply(store, ANNE, cancel(queued));
    deepEqual(await dues(store, [queued]), [world.now()]);
    const { inbox } = await rowOf(store, queued);
    equal(inbox, 3);
  }),
  storeCase("a queued task with an owner hears of all mail", async (store) => {
    const [, queued = taskNamed("")] = await queue(store, "holder", "queued");
    await apply(store, ANNE, cancel(queued));
    equal((await claim(store, ANNE)).length, 2);
    await apply(store, BERT, deliver(queued, pathNamed("a")));
    deepEqual(await claim(store, ANNE), [`mail ${queued}`]);
  }),
  storeCase("a queued task that ends moves nobody up", async (store) => {
    const [holder, second = taskNamed(""), third] = await queue(store, "1", "2", "3");
    await apply(store, ANNE, cancel(second));
    deepEqual(await claim(store, ANNE), [`claimed ${holder}`, `claimed ${second}`]);
    await apply(store, ANNE, append(second, 1, ["end"], CLOSE));
    deepEqual(await claim(store, ANNE), []);
    await apply(store, ANNE, append(holder ?? second, 1, ["end"], CLOSE));
    deepEqual(await claim(store, ANNE), [`claimed ${third}`]);
  }),
  storeCase("a queued task of a freed host is due again", async (store, world) => {
    const [, queued = taskNamed("")] = await queue(store, "holder", "queued", "last");
    await store.beat(ANNE, "{}");
    await apply(store, BERT, cancel(queued));
    await claim(store, ANNE);
    world.advance(2);
    await apply(store, BERT, { type: "free", host: ANNE, beat: 1 });
    const ids = ["holder", "queued", "last"].map(taskNamed);
    deepEqual(await dues(store, ids), [world.now(), world.now(), null]);
  }),
  storeCase("a next holder that is due already keeps its time", async (store, world) => {
    const [holder = taskNamed(""), next = taskNamed("")] = await queue(store, "holder", "next");
    await store.claim({ host: ANNE, agents: [{ agent: "cook", free: 1 }] });
    await apply(store, BERT, cancel(next));
    const then = world.now();
    world.advance(5);
    await apply(store, ANNE, append(holder, 1, ["end"], CLOSE));
    deepEqual(await dues(store, [next]), [then]);
  }),
  storeCase("a next holder that has an owner is left with it", async (store) => {
    const [holder = taskNamed(""), next = taskNamed("")] = await queue(store, "holder", "next");
    await claim(store, ANNE);
    await apply(store, CARL, cancel(next));
    deepEqual(await claim(store, BERT), [`claimed ${next}`]);
    await apply(store, ANNE, append(holder, 1, ["end"], CLOSE));
    deepEqual(await claim(store, BERT), []);
    equal((await rowOf(store, next)).owner, BERT);
  }),
  storeCase("a next holder that is stuck stays so, and holds the key", async (store) => {
    const [holder = taskNamed(""), next = taskNamed("")] = await queue(store, "holder", "next");
    await apply(store, CARL, cancel(next));
    await claim(store, ANNE);
    const stick = { type: "stick" } as const;
    await apply(store, ANNE, append(next, 1, ["x"], { inbox: 1, ending: stick }));
    await apply(store, ANNE, append(holder, 1, ["end"], CLOSE));
    const last = await keyed(store, "last");
    deepEqual(await dues(store, [next, last]), [null, null]);
    await apply(store, ANNE, deliver(next, null));
    deepEqual(await claim(store, BERT), [`claimed ${next}`]);
  }),
  storeCase("a next holder in a paused run is due when the run is open", async (store, world) => {
    const [holder = taskNamed("")] = await queue(store, "holder");
    const next = await keyed(store, "next", { run: OTHER });
    await apply(store, ANNE, gate(OTHER, ["open"], "paused"));
    await finish(store, holder);
    deepEqual(await dues(store, [next]), [null]);
    world.advance(4);
    await apply(store, ANNE, gate(OTHER, ["paused"], "open"));
    deepEqual(await dues(store, [next]), [world.now()]);
  }),
  storeCase("a key that nobody holds any more is free", async (store, world) => {
    const ids = await queue(store, "first", "second");
    for (const id of ids) await finish(store, id);
    world.advance(1);
    deepEqual(await dues(store, [await keyed(store, "third")]), [world.now()]);
  }),
  storeCase("a holder can be followed in the batch that closes it", async (store, world) => {
    const [holder = taskNamed("")] = await queue(store, "holder");
    await claim(store, ANNE);
    const next = taskNamed("next");
    const close = append(holder, 1, ["end"], CLOSE);
    await apply(store, ANNE, close, create(1, { id: next, key: "cart" }));
    deepEqual(await dues(store, [next]), [world.now()]);
  }),
  storeCase("a refused batch leaves a key with its holder", async (store, world) => {
    const [holder = taskNamed(""), next = taskNamed("")] = await queue(store, "holder", "next");
    await claim(store, ANNE);
    const close = append(holder, 1, ["end"], CLOSE);
    const last = create(1, { id: taskNamed("last"), key: "cart" });
    await expectRefusal(store, ANNE, [close, last, append(next, 1, ["x"])], "fenced", 2);
    deepEqual(await dues(store, [next]), [null]);
    equal(await store.load(taskNamed("last")), undefined);
    world.advance(1);
    await apply(store, ANNE, close);
    deepEqual(await dues(store, [next]), [world.now()]);
    await finish(store, next);
    deepEqual(await dues(store, [await keyed(store, "last")]), [world.now()]);
  }),
  storeCase("a task with a key cannot have an owner at first", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const task = create(0, { id: taskNamed("t"), key: "cart" }, ANNE);
    const { type } = await store.commit({ host: ANNE, writes: [task] });
    equal(type, "unknown");
    equal(await store.load(taskNamed("t")), undefined);
  }),
];
