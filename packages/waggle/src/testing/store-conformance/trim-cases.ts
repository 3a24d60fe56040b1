import { deepEqual, equal } from "node:assert/strict";
import { parseRunId, type RunId, rootTaskId, type TaskId } from "../../core/ids.ts";
import type { Store, Write } from "../../ports/store.ts";
import { storeContents } from "./contents.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  blobNamed,
  CLOSE,
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

const OTHER = parseRunId("other");
const [OWN, SHARED, LASTING] = ["own", "shared", "lasting"].map(blobNamed);
const BLOBS = [OWN, SHARED, LASTING].flatMap((id) => (id === undefined ? [] : [id]));
const TRIM = { type: "trim", run: RUN } as const;

/** A run with a root and a child, which have ended; so has the run. */
async function endedRun(store: Store, run: RunId = RUN): Promise<readonly TaskId[]> {
  const root = await startRun(store, ANNE, {}, run);
  const child = taskNamed(`child of ${run}`);
  await apply(store, ANNE, create(0, { id: child, run, parent: root, key: "k" }));
  await store.claim({ host: ANNE, agents: [{ agent: "cook", free: 9 }] });
  await apply(store, ANNE, deliver(root, pathNamed("a")));
  const closes = [append(child, 1, ["end"], CLOSE), append(root, 1, ["end"], CLOSE)];
  await apply(store, ANNE, ...closes, gate(run, ["open"], "ended"));
  return [root, child];
}

async function firstEvents(store: Store, run: RunId, limitMs: number): Promise<number> {
  let count = 0;
  const signal = AbortSignal.timeout(limitMs);
  for await (const _ of store.tail(run, 0, signal)) count += 1;
  return count;
}

/** What holds for trimming. */
export const trimCases: readonly StoreCase[] = [
  storeCase("nothing of a trimmed run can be read", async (store) => {
    const tasks = await endedRun(store);
    const other = await startRun(store, ANNE, {}, OTHER);
    await apply(store, ANNE, TRIM);
    for (const task of tasks) equal(await store.load(task), undefined);
    deepEqual(await store.find({ run: RUN }), []);
    deepEqual(await store.find({ state: "closed" }), []);
    deepEqual(await store.find({ parent: rootTaskId(RUN) }), []);
    deepEqual(
      (await store.find({})).map((row) => row.id),
      [other],
    );
    deepEqual(await store.runs({ run: RUN }), []);
    deepEqual(await store.runs({ gate: "ended" }), []);
    deepEqual(
      (await store.runs({})).map((row) => row.run),
      [OTHER],
    );
    equal(await firstEvents(store, RUN, 50), 0);
  }),
  storeCase("what is not of the run stays when it is trimmed", async (store) => {
    await apply(store, ANNE, publish("log", { key: "k", data: "1" }));
    await endedRun(store, OTHER);
    const names = { logs: ["log"], blobs: [] };
    const before = await storeContents(store, names);
    await endedRun(store);
    await apply(store, ANNE, TRIM);
    const after = await storeContents(store, names);
    const counted = after.cells.map((cell) => ({ ...cell, version: 2 }));
    deepEqual({ ...after, cells: counted }, before);
  }),
  storeCase("a run is trimmed only when it has ended", async (store) => {
    await expectRefusal(store, ANNE, [TRIM], "absent");
    const root = await startRun(store, ANNE);
    for (const to of ["paused", "cancelling", "open"] as const) {
      await apply(store, ANNE, gate(RUN, ["open", "paused", "cancelling"], to));
      await expectRefusal(store, ANNE, [TRIM], "gate");
    }
    await apply(store, ANNE, append(root, 1, ["end"], CLOSE));
    await expectRefusal(store, ANNE, [TRIM], "gate");
    await apply(store, ANNE, gate(RUN, ["open"], "ended"), TRIM);
    equal(await store.load(root), undefined);
  }),
  storeCase("the id of a trimmed run stays taken, as that of one that has ended", async (store) => {
    const [root = rootTaskId(RUN), child = root] = await endedRun(store);
    await apply(store, ANNE, TRIM);
    await expectRefusal(store, ANNE, [gate(RUN, null, "open")], "exists");
    const gates = ["open", "paused", "cancelling", "ended"] as const;
    for (const to of gates) await expectRefusal(store, ANNE, [gate(RUN, gates, to)], "gate");
    await expectRefusal(store, ANNE, [create(0, { id: root })], "gate");
    await expectRefusal(store, ANNE, [keep(blobNamed("late"), "x", RUN)], "gate");
    await expectRefusal(store, ANNE, [append(child, 2, ["late"])], "absent");
    await expectRefusal(store, ANNE, [deliver(root, null)], "absent");
  }),
  storeCase("a run that was trimmed can be trimmed again", async (store) => {
    await endedRun(store);
    await endedRun(store, OTHER);
    await apply(store, ANNE, TRIM);
    const before = await storeContents(store, { logs: [], blobs: [] });
    await apply(store, ANNE, TRIM, TRIM);
    deepEqual(await storeContents(store, { logs: [], blobs: [] }), before);
    equal(before.runs.length, 1);
  }),
  storeCase("a tail gives nothing more of a run that was trimmed", async (store) => {
    await endedRun(store);
    equal(await firstEvents(store, RUN, 50), 4);
    await apply(store, ANNE, TRIM);
    equal(await firstEvents(store, RUN, 50), 0);
  }),
  storeCase("the id of a trimmed task is free in another run", async (store) => {
    const [, child = rootTaskId(RUN)] = await endedRun(store);
    await apply(store, ANNE, TRIM, gate(OTHER, null, "open"));
    await apply(store, ANNE, create(0, { id: child, run: OTHER, key: "k" }));
    const { run, version, due } = await rowOf(store, child);
    deepEqual([run, version, due === null], [OTHER, 1, false]);
    equal((await store.load(child))?.origin.type, "started");
  }),
  storeCase("blobs go with the last run that put them", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), gate(OTHER, null, "open"));
    const [own = blobNamed(""), shared = own, lasting = own] = BLOBS;
    await apply(store, ANNE, keep(own, "1", RUN), keep(shared, "2", OTHER), keep(shared, "2", RUN));
    await apply(store, ANNE, keep(lasting, "3", RUN), keep(lasting, "3", null));
    const kept = async (): Promise<readonly boolean[]> =>
      Promise.all(BLOBS.map(async (id) => (await store.blob(id)) !== undefined));
    await apply(store, ANNE, gate(RUN, ["open"], "ended"));
    deepEqual(await kept(), [true, true, true]);
    await apply(store, ANNE, TRIM);
    deepEqual(await kept(), [false, true, true]);
    await apply(store, ANNE, gate(OTHER, ["open"], "ended"), { ...TRIM, run: OTHER });
    deepEqual(await kept(), [false, false, true]);
  }),
  storeCase("a refused batch trims nothing", async (store) => {
    await endedRun(store, OTHER);
    await apply(store, ANNE, gate(RUN, null, "open"));
    for (const id of BLOBS) await apply(store, ANNE, keep(id, "x", RUN));
    await apply(store, ANNE, publish("log", { key: null, data: "1" }, { key: "k", data: "2" }));
    await apply(store, ANNE, gate(RUN, ["open"], "ended"));
    const names = { logs: ["log"], blobs: BLOBS };
    const before = await storeContents(store, names);
    const writes: readonly Write[] = [
      { ...TRIM, run: OTHER },
      TRIM,
      { type: "trim-log", log: "log", before: 9 },
      gate(parseRunId("third"), null, "open"),
      create(4, { id: taskNamed("child of other"), run: parseRunId("third") }),
      gate(RUN, null, "open"),
    ];
    await expectRefusal(store, ANNE, writes, "exists", 5);
    deepEqual(await storeContents(store, names), before);
    equal(await firstEvents(store, OTHER, 50), 4);
    const [own = blobNamed("")] = BLOBS;
    await apply(store, ANNE, gate(parseRunId("fourth"), null, "open"));
    await apply(store, ANNE, keep(own, "x", parseRunId("fourth")));
    await apply(store, ANNE, gate(parseRunId("fourth"), ["open"], "ended"));
    await apply(store, ANNE, { type: "trim", run: parseRunId("fourth") });
    equal((await store.blob(own))?.length, 1);
  }),
  storeCase(
    "trimming a log leaves newer records, and of each key the newest older one",
    async (store) => {
      const keys = ["a", null, "b", "a", null, "gone", null];
      const records = keys.map((key) => ({ key, data: key === "gone" ? null : "0" }));
      await apply(store, ANNE, publish("log", ...records));
      const versions = async (): Promise<readonly number[]> =>
        (await store.records({ log: "log" })).records.map((record) => record.version);
      await apply(store, ANNE, { type: "trim-log", log: "log", before: 2 });
      deepEqual(await versions(), [1, 2, 3, 4, 5, 6, 7]);
      await apply(store, ANNE, { type: "trim-log", log: "log", before: 4 });
      deepEqual(await versions(), [1, 3, 4, 5, 6, 7]);
      await apply(store, ANNE, { type: "trim-log", log: "log", before: 7 });
      deepEqual(await versions(), [3, 4, 6, 7]);
      await apply(store, ANNE, { type: "trim-log", log: "log", before: 99 });
      deepEqual(await versions(), [3, 4, 6]);
      await apply(store, ANNE, { type: "trim-log", log: "log", before: 5, all: true });
      deepEqual(await versions(), [6]);
      await apply(store, ANNE, publish("log", { key: "a", data: "1", expect: 0 }));
      deepEqual(await versions(), [6, 8]);
    },
  ),
  storeCase("a log goes on counting after it was trimmed", async (store) => {
    await apply(store, ANNE, publish("log", { key: null, data: "1" }, { key: null, data: "2" }));
    await apply(store, ANNE, { type: "trim-log", log: "log", before: 3 });
    deepEqual(await store.records({ log: "log" }), { version: 2, records: [] });
    const third = { key: "k", data: "3", expect: 0 };
    await apply(store, ANNE, publish("log", third, { key: "k", data: "4", expect: 3 }));
    equal((await store.records({ log: "log" })).version, 4);
  }),
  storeCase("trimming a log that nobody wrote to changes nothing", async (store) => {
    await apply(store, ANNE, { type: "trim-log", log: "log", before: 3 });
    deepEqual(await store.records({ log: "log" }), { version: 0, records: [] });
  }),
];
