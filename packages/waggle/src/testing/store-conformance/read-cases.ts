import { deepEqual, equal, notEqual } from "node:assert/strict";
import { parseRunId, rootTaskId } from "../../core/ids.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  create,
  deliver,
  gate,
  pathNamed,
  RUN,
  startRun,
  taskNamed,
} from "./writes.ts";

/** What holds for reads other than tail. */
export const readCases: readonly StoreCase[] = [
  sharedCase("all stores of a ledger have its id", async (one, other) => {
    equal(one.id, other.id);
    notEqual(one.id, "");
  }),
  storeCase("a task that does not exist is loaded as undefined", async (store) => {
    equal(await store.load(taskNamed("none")), undefined);
  }),
  sharedCase("what one store commits every store reads", async (one, other) => {
    const task = await startRun(one, ANNE);
    await apply(one, ANNE, append(task, 1, ["x"]));
    await apply(other, BERT, deliver(task, pathNamed("a")));
    deepEqual(await one.load(task), await other.load(task));
    equal((await one.load(task))?.inbox.length, 1);
  }),
  storeCase("what was loaded does not change afterwards", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, deliver(task, pathNamed("a")));
    const loaded = await store.load(task);
    const copy = structuredClone(loaded);
    await apply(store, ANNE, deliver(task, pathNamed("b")), append(task, 1, ["x"]));
    await apply(
      store,
      ANNE,
      append(task, 2, ["end"], { ending: { type: "close", state: "dead" } }),
    );
    deepEqual(loaded, copy);
  }),
  storeCase("positions grow with every event of the store", async (store) => {
    const a = await startRun(store, ANNE);
    const b = await startRun(store, ANNE, {}, parseRunId("other"));
    await apply(store, ANNE, append(a, 1, ["1"]), append(b, 1, ["2", "3"]));
    await apply(store, ANNE, append(a, 2, ["4"]));
    const events = [
      ...((await store.load(a))?.events ?? []),
      ...((await store.load(b))?.events ?? []),
    ];
    events.sort((x, y) => x.position - y.position);
    equal(new Set(events.map((event) => event.position)).size, 6);
    const written = events.slice(2).map((event) => event.data);
    deepEqual(
      written,
      ["1", "2", "3", "4"].map((text) => `{"text":"${text}"}`),
    );
  }),
  storeCase("runs are listed newest first, with their root and start", async (store, world) => {
    const names = ["b", "c", "a"].map(parseRunId);
    for (const name of names) {
      await apply(store, ANNE, gate(name, null, "open"));
      world.advance(1);
    }
    const rows = await store.runs({});
    deepEqual(
      rows,
      names
        .map((run, i) => ({
          run,
          gate: "open",
          root: rootTaskId(run),
          startedAt: world.now() - 3 + i,
          pausedMs: 0,
          pausedAt: null,
        }))
        .reverse(),
    );
    deepEqual(await store.runs({ limit: 2 }), rows.slice(0, 2));
    deepEqual(await store.runs({ run: parseRunId("c") }), rows.slice(1, 2));
    deepEqual(await store.runs({ run: parseRunId("none") }), []);
  }),
  storeCase("at most 100 runs are listed unless more are asked for", async (store) => {
    const writes = Array.from({ length: 101 }, (_, i) => gate(parseRunId(`r${i}`), null, "open"));
    await apply(store, ANNE, ...writes);
    equal((await store.runs({})).length, 100);
    equal((await store.runs({ limit: 200 })).length, 101);
    deepEqual(await store.runs({ limit: 0 }), []);
    deepEqual(await store.runs({ run: parseRunId("r1"), limit: 0 }), []);
  }),
  storeCase("tasks are found by run, owner and state, in order of creation", async (store) => {
    const other = parseRunId("other");
    const root = await startRun(store, ANNE);
    const [b, c, d, e] = ["b", "c", "d", "e"].map(taskNamed).map((id) => id);
    await apply(store, BERT, create(0, { id: b ?? root }, BERT));
    const last = await startRun(store, ANNE, {}, other);
    await apply(store, ANNE, create(0, { id: c ?? root }, ANNE), create(1, { id: d ?? root }));
    await apply(store, ANNE, create(0, { id: e ?? root, run: other }, ANNE));
    await apply(
      store,
      ANNE,
      append(c ?? root, 1, ["x"], { ending: { type: "close", state: "closed" } }),
    );
    await apply(
      store,
      BERT,
      append(b ?? root, 1, ["x"], { ending: { type: "close", state: "dead" } }),
    );
    await apply(store, ANNE, append(e ?? root, 1, ["x"], { ending: { type: "stick" } }));
    const ids = async (query: Parameters<typeof store.find>[0]): Promise<readonly string[]> =>
      (await store.find(query)).map((row) => row.id);
    deepEqual(await ids({}), [root, b, last, c, d, e]);
    deepEqual(await ids({ run: RUN }), [root, b, c, d]);
    deepEqual(await ids({ owner: ANNE }), [root, last]);
    deepEqual(await ids({ owner: ANNE, run: other }), [last]);
    deepEqual(await ids({ state: "open" }), [root, last, d]);
    deepEqual(await ids({ state: "stuck" }), [e]);
    deepEqual(await ids({ state: "closed" }), [c]);
    deepEqual(await ids({ state: "dead" }), [b]);
    deepEqual(await ids({ run: RUN, state: "open" }), [root, d]);
    deepEqual(await ids({ run: RUN, owner: ANNE, state: "open", limit: 1 }), [root]);
    deepEqual(await ids({ limit: 2 }), [root, b]);
    deepEqual(await ids({ run: parseRunId("none") }), []);
  }),
  storeCase("at most 1,000 tasks are found unless more are asked for", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const writes = Array.from({ length: 1_001 }, (_, i) => create(i, { id: taskNamed(`t${i}`) }));
    await apply(store, ANNE, ...writes);
    equal((await store.find({})).length, 1_000);
    equal((await store.find({ limit: 2_000 })).length, 1_001);
    deepEqual(await store.find({ limit: 0 }), []);
  }),
];
