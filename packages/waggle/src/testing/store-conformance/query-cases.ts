import { deepEqual } from "node:assert/strict";
import { parseRunId, rootTaskId } from "../../core/ids.ts";
import type { RunQuery, Store, TaskQuery } from "../../ports/store.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  CLOSE,
  claim,
  create,
  expectRefusal,
  gate,
  RUN,
  startRun,
  taskNamed,
} from "./writes.ts";

async function ids(store: Store, query: TaskQuery): Promise<readonly string[]> {
  return (await store.find(query)).map((row) => row.id);
}

async function names(store: Store, query: RunQuery): Promise<readonly string[]> {
  return (await store.runs(query)).map((row) => row.run);
}

/** What holds for questions about runs and tasks, beyond the simple ones. */
export const queryCases: readonly StoreCase[] = [
  storeCase("tasks are found by parent, agent and key, in order of creation", async (store) => {
    const root = await startRun(store, ANNE);
    const other = parseRunId("other");
    await startRun(store, ANNE, {}, other);
    const [a, b, c, d] = ["a", "b", "c", "d"].map(taskNamed);
    const tasks = [
      { id: a ?? root, parent: root, key: "k" },
      { id: b ?? root, parent: root, agent: "waiter", key: "k" },
      { id: c ?? root, parent: rootTaskId(other), run: other, key: "k" },
      { id: d ?? root, parent: root, key: "" },
    ];
    for (const task of tasks) await apply(store, ANNE, create(0, task));
    deepEqual(await ids(store, { parent: root }), [a, b, d]);
    deepEqual(await ids(store, { parent: root, run: other }), []);
    deepEqual(await ids(store, { parent: taskNamed("none") }), []);
    deepEqual(await ids(store, { agent: "waiter" }), [b]);
    deepEqual(await ids(store, { agent: "cook", run: RUN }), [root, a, d]);
    deepEqual(await ids(store, { agent: "cook", key: "k" }), [a, c]);
    deepEqual(await ids(store, { agent: "cook", key: "" }), [d]);
    deepEqual(await ids(store, { agent: "cook", key: "none" }), []);
    deepEqual(await ids(store, { parent: root, agent: "cook", key: "k" }), [a]);
    deepEqual(await ids(store, { agent: "cook", key: "k", run: other }), [c]);
    deepEqual(await ids(store, { agent: "cook", limit: 2 }), [root, rootTaskId(other)]);
    const last = await startRun(store, ANNE, {}, parseRunId("last"));
    await apply(store, ANNE, append(last, 1, ["end"], CLOSE));
    deepEqual(await ids(store, { state: "closed" }), [last]);
    deepEqual(await ids(store, { agent: "cook" }), [root, rootTaskId(other), a, c, d, last]);
  }),
  storeCase("the unfinished tasks of a key are found oldest first", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const [a, b, c] = ["a", "b", "c"].map(taskNamed);
    for (const id of [a, b, c]) {
      await apply(store, ANNE, create(0, { id: id ?? taskNamed(""), key: "k" }));
    }
    const key = { agent: "cook", key: "k" };
    deepEqual(await ids(store, { ...key, state: "open" }), [a, b, c]);
    deepEqual(await ids(store, { ...key, state: "open", limit: 1 }), [a]);
    await claim(store, ANNE);
    deepEqual(await ids(store, { ...key, state: "open", owner: ANNE }), [a]);
    await apply(store, ANNE, append(a ?? taskNamed(""), 1, ["end"], CLOSE));
    deepEqual(await ids(store, { ...key, state: "open" }), [b, c]);
    deepEqual(await ids(store, { ...key, state: "closed" }), [a]);
    await claim(store, ANNE);
    const stick = { ending: { type: "stick" } } as const;
    await apply(store, ANNE, append(b ?? taskNamed(""), 1, ["x"], stick));
    deepEqual(await ids(store, { ...key, state: "open" }), [c]);
    deepEqual(await ids(store, { ...key, state: "stuck" }), [b]);
    deepEqual(await ids(store, key), [a, b, c]);
  }),
  storeCase("runs are found by gate, newest first", async (store) => {
    const runs = ["a", "b", "c", "d", "e"].map(parseRunId);
    const gates = ["open", "paused", "open", "cancelling", "open"] as const;
    for (const [i, to] of gates.entries()) await apply(store, ANNE, gate(runs[i] ?? RUN, null, to));
    await apply(store, ANNE, gate(runs[2] ?? RUN, ["open"], "ended"));
    deepEqual(await names(store, { gate: "open" }), ["e", "a"]);
    deepEqual(await names(store, { gate: "paused" }), ["b"]);
    deepEqual(await names(store, { gate: "cancelling" }), ["d"]);
    deepEqual(await names(store, { gate: "ended" }), ["c"]);
    deepEqual(await names(store, { gate: "open", limit: 1 }), ["e"]);
    deepEqual(await names(store, { gate: "open", run: parseRunId("a") }), ["a"]);
    deepEqual(await names(store, { gate: "open", run: parseRunId("b") }), []);
    const move = gate(parseRunId("e"), ["open"], "ended");
    await expectRefusal(store, ANNE, [move, gate(RUN, null, "open"), move], "gate", 2);
    deepEqual(await names(store, { gate: "open" }), ["e", "a"]);
    await apply(store, ANNE, gate(parseRunId("a"), ["open"], "paused"));
    await apply(store, ANNE, gate(parseRunId("b"), ["paused"], "open"));
    deepEqual(await names(store, { gate: "open" }), ["e", "b"]);
  }),
  storeCase("runs that are over have nothing to do but have not ended", async (store) => {
    const [empty, ended, over, busy] = ["empty", "ended", "over", "busy"].map(parseRunId);
    await apply(store, ANNE, gate(empty ?? RUN, null, "open"), gate(ended ?? RUN, null, "open"));
    const done = await startRun(store, ANNE, {}, over);
    const stuck = await startRun(store, ANNE, {}, busy);
    deepEqual(await names(store, { over: true }), ["ended", "empty"]);
    await apply(store, ANNE, append(done, 1, ["end"], CLOSE));
    const stick = { ending: { type: "stick" } } as const;
    await apply(store, ANNE, append(stuck, 1, ["x"], stick));
    await apply(store, ANNE, gate(ended ?? RUN, ["open"], "ended"));
    deepEqual(await names(store, { over: true }), ["over", "empty"]);
    deepEqual(await names(store, { over: true, limit: 1 }), ["over"]);
    await apply(store, ANNE, gate(over ?? RUN, ["open"], "cancelling"));
    deepEqual(await names(store, { over: true, gate: "cancelling" }), ["over"]);
    deepEqual(await names(store, { over: true, gate: "ended" }), []);
    deepEqual(await names(store, { over: true, run: parseRunId("ended") }), []);
    deepEqual(await names(store, { over: true, run: parseRunId("busy") }), []);
    deepEqual(await names(store, { over: false }), ["busy", "over", "ended", "empty"]);
  }),
];
