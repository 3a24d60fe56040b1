import { deepEqual, equal } from "node:assert/strict";
import { parseRunId, rootTaskId } from "../../core/ids.ts";
import type { RefusalReason, Store, Write } from "../../ports/store.ts";
import { storeContents } from "./contents.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  blobNamed,
  CARL,
  CLOSE,
  claim,
  create,
  deliver,
  expecting,
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

const ROOT = rootTaskId(RUN);
const [A, B] = [pathNamed("a"), pathNamed("b")];
const [KEPT, PUT] = [blobNamed("kept"), blobNamed("put")];
const OLD = parseRunId("old");
const NAMES = { logs: ["log", "new-log"], blobs: [KEPT, PUT] };

/** One write of each kind that would be taken, in a ledger where `ROOT` is Anne's and Bert has beaten once. */
function goodWrites(): Write[] {
  return [
    append(ROOT, 1, ["x", "y"], { ending: { type: "release", due: null, outside: false } }),
    create(1, { id: taskNamed("new") }),
    create(2, { id: taskNamed("owned") }, ANNE),
    deliver(ROOT, A),
    deliver(taskNamed("new"), B),
    { type: "set", cell: "set", expect: 1, value: "2" },
    { type: "set", cell: "made", expect: 0, value: "1" },
    { type: "set", cell: "gone", expect: 1, value: null },
    { type: "add", cell: "sum", by: 1 },
    gate(RUN, ["open"], "paused"),
    gate(parseRunId("new-run"), null, "open"),
    { type: "free", host: BERT, beat: 1 },
    append(taskNamed("closing"), 1, ["end"], { ...CLOSE, restart: true }),
    append(taskNamed("holder"), 1, ["end"], CLOSE),
    create(14, { id: taskNamed("keyed"), key: "k", agent: "waiter" }),
    publish(
      "log",
      { key: "k", data: "2", expect: 1 },
      { key: null, data: "3" },
      { key: "n", add: 1 },
    ),
    publish("new-log", { key: "k", data: null }),
    { type: "trim-log", log: "log", before: 2 },
    keep(PUT, "put", parseRunId("new-run")),
    { type: "trim", run: OLD },
    expecting(taskNamed("of-bert"), { inbox: 1, owner: null, gate: "paused" }),
  ];
}

const badWrites: readonly (readonly [RefusalReason, Write])[] = [
  ["fenced", append(taskNamed("closing"), 7, ["x"])],
  ["behind", append(taskNamed("owned"), 1, ["x"], { inbox: 9 })],
  ["gate", gate(RUN, ["open"], "cancelling")],
  ["exists", gate(RUN, null, "open")],
  ["closed", deliver(taskNamed("closing"), A)],
  ["duplicate", deliver(ROOT, A)],
  ["conflict", { type: "set", cell: "set", expect: 1, value: "3" }],
  ["bound", { type: "add", cell: "sum", by: 1, max: 1 }],
  ["absent", deliver(taskNamed("none"), A)],
  ["full", { ...create(21, { id: taskNamed("last") }), mailbox: 1 }],
];

/** Makes a ledger in which all of {@link goodWrites} would be taken. */
async function prepare(store: Store): Promise<void> {
  await store.beat(BERT, "{}");
  await startRun(store, ANNE);
  for (const name of ["holder", "queued"]) {
    await apply(store, ANNE, create(0, { id: taskNamed(name), key: "k", agent: "waiter" }));
  }
  await store.claim({ host: ANNE, agents: [{ agent: "waiter", free: 1 }] });
  await apply(store, ANNE, create(0, { id: taskNamed("closing") }, ANNE));
  await apply(store, CARL, deliver(taskNamed("closing"), B));
  await apply(store, BERT, create(0, { id: taskNamed("of-bert"), agent: "waiter" }, BERT));
  for (const cell of ["set", "gone"]) {
    await apply(store, ANNE, { type: "set", cell, expect: 0, value: "1" });
  }
  await apply(store, ANNE, publish("log", { key: "k", data: "1" }));
  const old = await startRun(store, ANNE, {}, OLD);
  await apply(store, ANNE, keep(KEPT, "kept", OLD), append(old, 1, ["end"], CLOSE));
  await apply(store, ANNE, gate(OLD, ["open"], "ended"));
}

/** What holds for batches of any kind. */
export const batchCases: readonly StoreCase[] = [
  storeCase("an empty batch is committed", async (store, world) => {
    deepEqual(await store.commit({ host: ANNE, writes: [] }), {
      type: "committed",
      at: world.now(),
    });
  }),
  ...badWrites.map(([reason, write]) =>
    storeCase(
      `a batch refused as ${reason} after writes of every kind leaves no trace`,
      async (store, world) => {
        await prepare(store);
        const before = await storeContents(store, NAMES);
        world.advance(1);
        const writes = goodWrites();
        await expectRefusal(store, ANNE, [...writes, write], reason, writes.length);
        deepEqual(await storeContents(store, NAMES), before);
        // What is not shown: queues, positions, paths that were taken.
        deepEqual(await claim(store, ANNE), [`mail ${taskNamed("closing")}`]);
        await apply(store, ANNE, ...goodWrites());
      },
    ),
  ),
  storeCase("each write is checked against what the writes before it leave", async (store) => {
    await startRun(store, ANNE);
    await apply(
      store,
      ANNE,
      append(ROOT, 1, ["x"]),
      append(ROOT, 2, ["y"]),
      { type: "set", cell: "c", expect: 0, value: "1" },
      { type: "set", cell: "c", expect: 1, value: "2" },
      create(4, { id: taskNamed("new") }, ANNE),
      append(taskNamed("new"), 1, ["z"]),
      deliver(taskNamed("new"), A),
    );
    equal((await rowOf(store, ROOT)).version, 3);
    const { version, inbox } = await rowOf(store, taskNamed("new"));
    deepEqual({ version, inbox }, { version: 2, inbox: 1 });
    const end = append(ROOT, 3, ["end"], { ending: { type: "close", state: "closed" } });
    await expectRefusal(store, ANNE, [end, deliver(ROOT, A)], "closed", 1);
  }),
  storeCase("batches are applied in the order of the calls", async (store) => {
    await startRun(store, ANNE);
    const commits = Array.from({ length: 600 }, (_, i) =>
      store.commit({ host: ANNE, writes: [append(ROOT, i + 1, [`${i}`])] }),
    );
    for (const result of await Promise.all(commits)) equal(result.type, "committed");
    equal((await rowOf(store, ROOT)).version, 601);
  }),
  storeCase(
    "of two batches called in one turn the second finds the first applied",
    async (store) => {
      await startRun(store, ANNE);
      const batch = { host: ANNE, writes: [append(ROOT, 1, ["x"])] };
      const [first, second] = await Promise.all([store.commit(batch), store.commit(batch)]);
      equal(first?.type, "committed");
      deepEqual(second, { type: "refused", write: 0, reason: "fenced" });
      equal((await rowOf(store, ROOT)).version, 2);
    },
  ),
  storeCase("refused batches harm no neighbour called in the same turn", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
    for (const name of names) await apply(store, ANNE, create(0, { id: taskNamed(name) }, ANNE));
    const results = await Promise.all(
      names.map((name, i) => {
        const cell = { type: "add", cell: "sum", by: 1 } as const;
        const bad = i % 3 === 1 ? [deliver(taskNamed("none"), A)] : [];
        const version = i % 3 === 2 ? 9 : 1;
        const writes = [cell, append(taskNamed(name), version, [name]), ...bad];
        return store.commit({ host: ANNE, writes });
      }),
    );
    const versions = await Promise.all(names.map((name) => rowOf(store, taskNamed(name))));
    for (const [i, row] of versions.entries()) {
      equal(results[i]?.type, i % 3 === 0 ? "committed" : "refused");
      equal(row.version, i % 3 === 0 ? 2 : 1);
    }
    equal((await store.cells("sum"))[0]?.amount, 10);
  }),
  storeCase("a batch that is wrong in itself harms no neighbour of its turn", async (store) => {
    await startRun(store, ANNE);
    const wrong = { type: "add", cell: "sum", by: 0.5 } as const;
    const results = await Promise.all([
      store.commit({ host: ANNE, writes: [append(ROOT, 1, ["x"])] }),
      store.commit({ host: ANNE, writes: [append(ROOT, 2, ["y"]), wrong] }),
      store.commit({ host: ANNE, writes: [append(ROOT, 2, ["z"])] }),
    ]);
    const types = results.map((result) => result.type);
    deepEqual(types, ["committed", "unknown", "committed"]);
    equal((await rowOf(store, ROOT)).version, 3);
    deepEqual(await store.cells(""), []);
  }),
  storeCase(
    "an event of a type that does not exist harms no neighbour of its turn",
    async (store) => {
      await startRun(store, ANNE);
      // Not from this codec. An engine may find out only while it writes.
      const wrong = { ...append(ROOT, 2, []), events: [{ type: "no-such" as "done", data: "1" }] };
      const results = await Promise.all([
        store.commit({ host: ANNE, writes: [append(ROOT, 1, ["x"])] }),
        store.commit({ host: ANNE, writes: [wrong] }),
        store.commit({ host: ANNE, writes: [append(ROOT, 2, ["y"])] }),
      ]);
      const types = results.map((result) => result.type);
      deepEqual(types, ["committed", "unknown", "committed"]);
      equal((await rowOf(store, ROOT)).version, 3);
    },
  ),
  storeCase(
    "a task of a refused batch is absent, whatever was created beside it",
    async (store) => {
      await startRun(store, ANNE);
      const [ghost, real] = [taskNamed("ghost"), taskNamed("real")];
      const results = await Promise.all([
        store.commit({
          host: ANNE,
          writes: [create(0, { id: ghost }, ANNE), append(ghost, 7, ["x"])],
        }),
        store.commit({ host: ANNE, writes: [create(0, { id: real }, ANNE)] }),
      ]);
      deepEqual(
        results.map((result) => result.type),
        ["refused", "committed"],
      );
      await expectRefusal(store, ANNE, [append(ghost, 1, ["x"])], "absent");
      equal(await store.load(ghost), undefined);
      equal((await rowOf(store, real)).version, 1);
    },
  ),
  sharedCase("two writers of one stream leave no gap and no fork", async (one, other) => {
    await startRun(one, ANNE);
    const write = async (store: typeof one, name: string): Promise<void> => {
      for (let i = 0; i < 50; ) {
        const { version } = await rowOf(store, ROOT);
        const writes = [append(ROOT, version, [`${name}${i}`])];
        const result = await store.commit({ host: ANNE, writes });
        if (result.type === "committed") i += 1;
        else deepEqual(result, { type: "refused", write: 0, reason: "fenced" });
      }
    };
    await Promise.all([write(one, "a"), write(other, "b")]);
    const loaded = await one.load(ROOT);
    equal(loaded?.row.version, 101);
    const texts = loaded?.events.slice(1).map((event) => event.data) ?? [];
    equal(new Set(texts).size, 100);
    for (const name of ["a", "b"]) {
      const own = texts.filter((text) => text.includes(name));
      deepEqual(
        own,
        Array.from({ length: 50 }, (_, i) => `{"text":"${name}${i}"}`),
      );
    }
  }),
  storeCase("a store that was disposed says so and can be disposed again", async (store) => {
    await startRun(store, ANNE);
    const last = store.commit({ host: ANNE, writes: [append(ROOT, 1, ["x"])] });
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    equal((await last).type, "committed");
    const late = await store.commit({ host: ANNE, writes: [append(ROOT, 2, ["y"])] });
    equal(late.type === "unknown" && (late.cause as { code?: string }).code, "CLOSED");
    const calls = [
      () => store.load(ROOT),
      () => store.claim({ host: ANNE, agents: [] }),
      () => store.beat(ANNE, "{}"),
      () => store.hosts(),
      () => store.runs({}),
      () => store.find({}),
      () => store.cells(""),
      () => store.records({ log: "log" }),
      () => store.blob(PUT),
    ];
    for (const call of calls) {
      const code = await call().then(
        () => undefined,
        (error: { code?: string }) => error.code,
      );
      equal(code, "CLOSED");
    }
  }),
];
