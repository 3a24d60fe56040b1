import { deepEqual } from "node:assert/strict";
import type { HostId, TaskId } from "../../core/ids.ts";
import type { Ending, Store } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  CARL,
  CLOSE,
  create,
  deliver,
  gate,
  pathNamed,
  RUN,
  release,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

const STICK: Ending = { type: "stick" };

/** Takes what a host gets whose cook has these versions. */
async function taken(
  store: Store,
  host: HostId,
  versions?: readonly string[],
): Promise<readonly TaskId[]> {
  const cook = { agent: "cook", free: 100, ...(versions === undefined ? {} : { versions }) };
  return (await store.claim({ host, agents: [cook] })).map(({ task }) => task);
}

async function boundTo(store: Store, task: TaskId): Promise<string | null> {
  return (await rowOf(store, task)).codeVersion;
}

/** The host that has `task`, at `version`, records something and gives it back. */
async function goOn(
  store: Store,
  host: HostId,
  task: TaskId,
  version: number,
  ending: Ending = release(0),
): Promise<void> {
  await apply(store, host, append(task, version, ["x"], { ending }));
}

/** Starts a run whose root was begun by version 1, by ANNE, and given back. */
async function begunByOne(store: Store): Promise<TaskId> {
  const task = await startRun(store, null);
  deepEqual(await taken(store, ANNE, ["1"]), [task]);
  await goOn(store, ANNE, task, 1);
  return task;
}

/** What holds for tasks and the versions of their agents' code. */
export const versionCases: readonly StoreCase[] = [
  sharedCase("what a version has begun is taken by that version only", async (one, other) => {
    const task = await begunByOne(one);
    deepEqual(await boundTo(other, task), "1");
    deepEqual([await taken(other, BERT), await taken(one, BERT, ["2"])], [[], []]);
    deepEqual(await taken(other, BERT, ["1"]), [task]);
  }),
  storeCase("what nobody has begun is taken by any version, and by none", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const ids = ["a", "b", "c"].map(taskNamed);
    for (const id of ids) await apply(store, ANNE, create(0, { id }));
    const one = { agent: "cook", free: 1 };
    for (const [i, versions] of [["2"], ["1", "2"], []].entries()) {
      const claimed = await store.claim({ host: ANNE, agents: [{ ...one, versions }] });
      deepEqual(
        claimed.map(({ task }) => task),
        [ids[i]],
      );
    }
  }),
  storeCase("a version that continues another takes its tasks and keeps them", async (store) => {
    const task = await begunByOne(store);
    deepEqual(await taken(store, BERT, ["2", "1"]), [task]);
    await apply(store, BERT, append(task, 2, [], { ending: release(0) }));
    deepEqual(await boundTo(store, task), "2");
    deepEqual(await taken(store, ANNE, ["1"]), []);
    deepEqual(await taken(store, CARL, ["3", "0", "2"]), [task]);
  }),
  storeCase("an owner that recorded nothing leaves a task unbound", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await taken(store, ANNE, ["1"]), [task]);
    deepEqual(await boundTo(store, task), null);
    await apply(store, ANNE, append(task, 1, [], { ending: release(0) }));
    deepEqual(await taken(store, BERT, ["2"]), [task]);
    await apply(store, BERT, append(task, 1, ["x"]));
    deepEqual(await boundTo(store, task), "2");
  }),
  storeCase("a freed host leaves bound what it went on with, and no more", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const [begun, unbegun, owned] = ["a", "b", "c"].map(taskNamed) as [TaskId, TaskId, TaskId];
    await apply(store, ANNE, create(0, { id: begun }), create(1, { id: unbegun }));
    await apply(store, ANNE, { ...create(0, { id: owned }, ANNE), codeVersion: "1" });
    deepEqual((await taken(store, ANNE, ["1"])).length, 2);
    await apply(store, ANNE, append(begun, 1, ["x"]));
    await apply(store, BERT, { type: "free", host: ANNE, beat: 0 });
    deepEqual(await Promise.all([begun, unbegun, owned].map((id) => boundTo(store, id))), [
      "1",
      null,
      null,
    ]);
    deepEqual(await taken(store, BERT, ["2"]), [unbegun, owned]);
    deepEqual(await taken(store, CARL, ["1"]), [begun]);
  }),
  storeCase("many old records are enough to be bound when a host is freed", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await taken(store, ANNE, ["1"]), [task]);
    const texts = Array.from({ length: 300 }, (_, i) => String(i));
    await apply(store, ANNE, append(task, 1, texts));
    await apply(store, BERT, { type: "free", host: ANNE, beat: 0 });
    deepEqual(await boundTo(store, task), "1");
  }),
  storeCase("an owner from the start binds a task with its first event", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const id = taskNamed("a");
    await apply(store, ANNE, { ...create(0, { id }, ANNE), codeVersion: "1" });
    deepEqual(await boundTo(store, id), null);
    await goOn(store, ANNE, id, 1);
    deepEqual(await boundTo(store, id), "1");
    deepEqual([await taken(store, BERT, ["2"]), await taken(store, BERT, ["1"])], [[], [id]]);
  }),
  storeCase("a task can be created as begun by a version", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const id = taskNamed("a");
    await apply(store, ANNE, { ...create(0, { id }), codeVersion: "1" });
    deepEqual([await taken(store, ANNE, ["2"]), await taken(store, ANNE)], [[], []]);
    deepEqual(await taken(store, ANNE, ["1"]), [id]);
  }),
  storeCase("what a host without version goes on with stays unbound", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await taken(store, ANNE), [task]);
    await goOn(store, ANNE, task, 1);
    deepEqual(await boundTo(store, task), null);
    deepEqual(await taken(store, BERT, ["2"]), [task]);
  }),
  storeCase("becoming stuck binds a task to no version", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await taken(store, ANNE), [task]);
    await goOn(store, ANNE, task, 1, release(0));
    deepEqual(await taken(store, BERT, ["2"]), [task]);
    await goOn(store, BERT, task, 2, STICK);
    deepEqual(await boundTo(store, task), null);
    await apply(store, ANNE, deliver(task, pathNamed("a")));
    deepEqual(await taken(store, ANNE, ["1"]), [task]);
    await goOn(store, ANNE, task, 3, release(0));
    deepEqual(await boundTo(store, task), "1");
  }),
  storeCase("what a version recorded before it became stuck binds it", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await taken(store, BERT, ["2"]), [task]);
    await apply(store, BERT, append(task, 1, ["x"]));
    await goOn(store, BERT, task, 2, STICK);
    deepEqual(await boundTo(store, task), "2");
  }),
  storeCase("a task stays stuck with the version that had to continue it", async (store) => {
    const task = await begunByOne(store);
    deepEqual(await taken(store, BERT, ["2", "1"]), [task]);
    await goOn(store, BERT, task, 2, STICK);
    deepEqual(await boundTo(store, task), "2");
    await apply(store, ANNE, deliver(task, pathNamed("a")));
    deepEqual([await taken(store, ANNE, ["1"]), await taken(store, CARL, ["2"])], [[], [task]]);
  }),
  storeCase(
    "a refused batch that would leave a task stuck leaves it to be bound",
    async (store) => {
      const task = await startRun(store, null);
      deepEqual(await taken(store, BERT, ["2"]), [task]);
      const writes = [
        append(task, 1, ["x"], { ending: STICK }),
        append(taskNamed("missing"), 1, ["x"]),
      ];
      await store.commit({ host: BERT, writes });
      await goOn(store, BERT, task, 1);
      deepEqual(await boundTo(store, task), "2");
    },
  ),
  storeCase("a new generation is bound to no version", async (store) => {
    const task = await begunByOne(store);
    deepEqual(await taken(store, ANNE, ["1"]), [task]);
    const restart = { restart: true, ending: release(0) } as const;
    await apply(store, ANNE, append(task, 2, ["again"], restart));
    deepEqual(await boundTo(store, task), null);
    deepEqual(await taken(store, BERT, ["2"]), [task]);
  }),
  storeCase("mail and the gate make a task due for its version only", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await taken(store, ANNE, ["1"]), [task]);
    await goOn(store, ANNE, task, 1, release(null));
    await apply(store, BERT, deliver(task, pathNamed("a")));
    deepEqual(await taken(store, BERT, ["2"]), []);
    await apply(store, BERT, gate(RUN, ["open"], "paused"));
    deepEqual(await taken(store, ANNE, ["1"]), []);
    await apply(store, BERT, gate(RUN, ["paused"], "open"));
    deepEqual([await taken(store, BERT, ["2"]), await taken(store, ANNE, ["1"])], [[], [task]]);
  }),
  storeCase("tasks of all its versions come in order of urgency", async (store, world) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const versions = ["2", undefined, "1", "3"];
    const ids: TaskId[] = [];
    for (const version of versions) {
      const id = taskNamed(String(version));
      const write = create(0, { id });
      await apply(store, ANNE, version === undefined ? write : { ...write, codeVersion: version });
      ids.push(id);
      world.advance(1);
    }
    deepEqual(await taken(store, ANNE, ["2", "1"]), ids.slice(0, 3));
  }),
  storeCase("a claim that found nothing finds what came due for another version", async (store) => {
    const task = await begunByOne(store);
    deepEqual([await taken(store, BERT, ["2"]), await taken(store, BERT, ["2"])], [[], []]);
    deepEqual(await taken(store, BERT, ["1"]), [task]);
  }),
  storeCase("a refused batch leaves a task bound as it was", async (store) => {
    const task = await begunByOne(store);
    const other = taskNamed("other");
    await apply(store, ANNE, create(0, { id: other }));
    deepEqual((await taken(store, ANNE, ["1"])).length, 2);
    const missing = append(taskNamed("missing"), 1, ["x"]);
    const writes = [append(task, 2, ["x"], { ending: release(0) }), append(other, 1, []), missing];
    await store.commit({ host: ANNE, writes });
    await store.commit({ host: ANNE, writes: [append(other, 1, ["x"]), missing] });
    deepEqual([await boundTo(store, task), await boundTo(store, other)], ["1", null]);
    await apply(store, BERT, { type: "free", host: ANNE, beat: 0 });
    deepEqual(await taken(store, BERT, ["2"]), [other]);
  }),
  storeCase("a closed task says which version has ended it", async (store) => {
    const task = await begunByOne(store);
    deepEqual(await taken(store, BERT, ["2", "1"]), [task]);
    await apply(store, BERT, append(task, 2, ["x"], CLOSE));
    deepEqual(await boundTo(store, task), "2");
  }),
];
