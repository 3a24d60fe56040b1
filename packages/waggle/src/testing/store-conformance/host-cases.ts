import { deepEqual, equal } from "node:assert/strict";
import type { HostId } from "../../core/ids.ts";
import type { FreeWrite, HostBeat } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  blobNamed,
  CARL,
  claim,
  create,
  deliver,
  expectRefusal,
  gate,
  keep,
  pathNamed,
  publish,
  RUN,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

function free(host: HostId, beat: number): FreeWrite {
  return { type: "free", host, beat };
}

function alive(host: HostId, beat: number, report = "{}"): HostBeat {
  return { host, beat, dead: false, gone: false, report };
}

/** What holds for hosts, their beats and their end. */
export const hostCases: readonly StoreCase[] = [
  storeCase("the first beat registers a host, each further one adds 1", async (store) => {
    deepEqual(await store.beat(ANNE, '"hello"'), [alive(ANNE, 1, '"hello"')]);
    deepEqual(await store.beat(ANNE, '"still"'), [alive(ANNE, 2, '"still"')]);
  }),
  storeCase("a beat returns all hosts", async (store) => {
    await store.beat(BERT, "{}");
    deepEqual(await store.beat(ANNE, "{}"), [alive(ANNE, 1), alive(BERT, 1)]);
    deepEqual(await store.hosts(), [alive(ANNE, 1), alive(BERT, 1)]);
  }),
  storeCase("a host that only owns tasks is not registered", async (store) => {
    await startRun(store, ANNE);
    deepEqual(await store.hosts(), []);
  }),
  storeCase("a freed host is listed to nobody but itself, as dead", async (store) => {
    await store.beat(ANNE, "{}");
    await apply(store, BERT, free(ANNE, 1));
    deepEqual(await store.hosts(), []);
    deepEqual(await store.beat(BERT, "{}"), [alive(BERT, 1)]);
    const [anne, ...others] = await store.beat(ANNE, "{}");
    deepEqual([anne?.host, anne?.dead, anne?.beat], [ANNE, true, 1]);
    deepEqual(others, [alive(BERT, 1)]);
  }),
  storeCase("the tasks of a freed host are due at once", async (store, world) => {
    await store.beat(ANNE, "{}");
    const task = await startRun(store, ANNE);
    world.advance(3);
    await apply(store, BERT, free(ANNE, 1));
    const { owner, due, state, version, claims } = await rowOf(store, task);
    deepEqual(
      { owner, due, state, version, claims },
      { owner: null, due: world.now(), state: "open", version: 1, claims: 1 },
    );
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
    equal((await rowOf(store, task)).claims, 2);
  }),
  storeCase("tasks of other hosts are left alone when one is freed", async (store) => {
    await store.beat(ANNE, "{}");
    const task = await startRun(store, BERT);
    await apply(store, CARL, free(ANNE, 1));
    equal((await rowOf(store, task)).owner, BERT);
  }),
  storeCase("a host that beat meanwhile is not freed", async (store) => {
    await store.beat(ANNE, "{}");
    await store.beat(ANNE, "{}");
    await expectRefusal(store, BERT, [free(ANNE, 1)], "conflict");
    await expectRefusal(store, BERT, [free(ANNE, 3)], "conflict");
    deepEqual(await store.hosts(), [alive(ANNE, 2)]);
  }),
  storeCase("a host is freed once", async (store) => {
    await store.beat(ANNE, "{}");
    await apply(store, BERT, free(ANNE, 1));
    await expectRefusal(store, CARL, [free(ANNE, 1)], "duplicate");
  }),
  storeCase("a host that never beat can be freed with beat 0", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, BERT, [free(ANNE, 1)], "conflict");
    await apply(store, BERT, free(ANNE, 0));
    await expectRefusal(store, BERT, [free(ANNE, 0)], "duplicate");
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
    equal((await store.beat(ANNE, "{}"))[0]?.dead, true);
  }),
  storeCase("every batch of a freed host is fenced", async (store) => {
    await store.beat(ANNE, "{}");
    const task = await startRun(store, ANNE);
    await apply(store, BERT, free(ANNE, 1));
    const batches = [
      [append(task, 1, ["x"])],
      [append(task, 1, ["x"]), append(task, 2, ["y"])],
      [create(0, { id: taskNamed("new") })],
      [deliver(task, pathNamed("a"))],
      [gate(RUN, ["open"], "paused")],
      [free(BERT, 0)],
      [{ type: "set", cell: "c", expect: 0, value: "1" } as const],
      [{ type: "add", cell: "c", by: 1 } as const],
      [publish("log", { key: null, data: "1" })],
      [keep(blobNamed("b"), "b", null)],
      [{ type: "trim", run: RUN } as const],
      [{ type: "trim-log", log: "log", before: 1 } as const],
    ];
    for (const writes of batches) await expectRefusal(store, ANNE, writes, "fenced");
    deepEqual(await store.cells(""), []);
    equal((await store.records({ log: "log" })).version, 0);
    equal(await store.blob(blobNamed("b")), undefined);
    equal((await rowOf(store, task)).version, 1);
  }),
  storeCase("a freed host claims nothing", async (store) => {
    await store.beat(ANNE, "{}");
    await apply(store, BERT, free(ANNE, 1));
    await apply(store, BERT, gate(RUN, null, "open"), create(1, { id: taskNamed("new") }));
    deepEqual(await claim(store, ANNE), []);
    deepEqual(await claim(store, BERT), [`claimed ${taskNamed("new")}`]);
  }),
  storeCase("a former owner is fenced after its task was claimed by another", async (store) => {
    await store.beat(ANNE, "{}");
    const task = await startRun(store, ANNE);
    await apply(store, BERT, free(ANNE, 1));
    await claim(store, BERT);
    await expectRefusal(store, ANNE, [append(task, 1, ["late"])], "fenced");
    await apply(store, BERT, append(task, 1, ["x"]));
  }),
  storeCase("a host that frees itself owns nothing afterwards", async (store) => {
    await store.beat(ANNE, "{}");
    const writes = [
      gate(RUN, null, "open"),
      free(ANNE, 1),
      create(2, { id: taskNamed("new") }, ANNE),
    ];
    await expectRefusal(store, ANNE, writes, "fenced", 2);
    deepEqual(await store.hosts(), [alive(ANNE, 1)]);
    const task = await startRun(store, ANNE);
    await expectRefusal(store, ANNE, [free(ANNE, 1), append(task, 1, ["x"])], "fenced", 1);
    await apply(store, ANNE, append(task, 1, ["x"]));
  }),
  sharedCase(
    "a host is seen by every store, and is not gone while its store is open",
    async (one, other) => {
      await one.beat(ANNE, "{}");
      deepEqual(await other.hosts(), [alive(ANNE, 1)]);
      deepEqual(await other.beat(BERT, "{}"), [alive(ANNE, 1), alive(BERT, 1)]);
      deepEqual(await one.hosts(), [alive(ANNE, 1), alive(BERT, 1)]);
    },
  ),
  sharedCase(
    "a host is gone when its store has been disposed, and can be freed",
    async (one, other) => {
      await one.beat(ANNE, "{}");
      const task = await startRun(one, ANNE);
      await one[Symbol.asyncDispose]();
      deepEqual(await other.hosts(), [{ ...alive(ANNE, 1), gone: true }]);
      await apply(other, BERT, free(ANNE, 1));
      deepEqual(await other.hosts(), []);
      deepEqual(await claim(other, BERT), [`claimed ${task}`]);
    },
  ),
];
