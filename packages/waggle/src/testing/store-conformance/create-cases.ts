import { deepEqual, equal } from "node:assert/strict";
import type { Envelope } from "../../core/envelope.ts";
import { parseRunId } from "../../core/ids.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  claim,
  create,
  done,
  expectRefusal,
  gate,
  pathNamed,
  RUN,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

const CHILD = taskNamed("child");

/** What holds for creates. */
export const createCases: readonly StoreCase[] = [
  storeCase("a created task keeps its whole envelope", async (store, world) => {
    const parent = await startRun(store, ANNE);
    const envelope: Envelope = {
      id: CHILD,
      run: RUN,
      parent,
      path: pathNamed("child"),
      awaited: true,
      agent: "waiter",
      operation: "serve",
      priority: "critical",
      hops: 3,
      key: "table",
      deadline: world.now() + 5,
    };
    await apply(store, ANNE, create(0, envelope));
    deepEqual(await rowOf(store, CHILD), {
      ...envelope,
      state: "open",
      codeVersion: null,
      owner: null,
      due: world.now(),
      version: 1,
      inbox: 0,
      claims: 0,
      outside: false,
    });
  }),
  storeCase("a task created without owner is due at once", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
  }),
  storeCase("a task created for later is claimed from then on", async (store, world) => {
    const task = taskNamed("later");
    const due = world.now() + 10;
    await apply(store, ANNE, gate(RUN, null, "open"), { ...create(1, { id: task }), due });
    equal((await rowOf(store, task)).due, due);
    world.advance(9);
    deepEqual(await claim(store, BERT), []);
    world.advance(1);
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
  }),
  storeCase("a task with an owner cannot be created for later", async (store, world) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const task = { ...create(0, { id: taskNamed("t") }, ANNE), due: world.now() };
    equal((await store.commit({ host: ANNE, writes: [task] })).type, "unknown");
    equal(await store.load(taskNamed("t")), undefined);
  }),
  storeCase("a task created with an owner is theirs as after a first claim", async (store) => {
    const task = await startRun(store, ANNE);
    const { owner, due, claims } = await rowOf(store, task);
    deepEqual({ owner, due, claims }, { owner: ANNE, due: null, claims: 1 });
    deepEqual(await claim(store, BERT), []);
    await apply(store, ANNE, append(task, 1, ["x"]));
  }),
  storeCase("a task whose id is taken is refused as exists", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, ANNE, [create(0, { id: task })], "exists");
  }),
  storeCase(
    "a task whose id was taken by one that has ended is refused as exists",
    async (store) => {
      const task = await startRun(store, ANNE);
      const ending = { type: "close", state: "closed" } as const;
      await apply(store, ANNE, append(task, 1, ["end"], { ending }));
      await expectRefusal(store, ANNE, [create(0, { id: task })], "exists");
    },
  ),
  storeCase("a task of a run that does not exist is refused as absent", async (store) => {
    const run = parseRunId("nowhere");
    await expectRefusal(store, ANNE, [create(0, { id: CHILD, run })], "absent");
  }),
  storeCase("a task in an ended run is refused as gate", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), gate(RUN, ["open"], "ended"));
    await expectRefusal(store, ANNE, [create(0, { id: CHILD })], "gate");
    equal(await store.load(CHILD), undefined);
  }),
  storeCase("the origin of a root is the event its own stream starts with", async (store) => {
    const task = await startRun(store, ANNE);
    const loaded = await store.load(task);
    deepEqual(loaded?.origin, loaded?.events[0]);
    equal(loaded?.origin.type, "started");
  }),
  storeCase("the origin of a child is the event of its parent that asked for it", async (store) => {
    const parent = await startRun(store, ANNE);
    const child = {
      ...create(0, { id: CHILD, parent }),
      origin: { write: 0, event: 1 },
      events: [],
    };
    await apply(store, ANNE, append(parent, 1, ["first", "asked", "last"]), child);
    await apply(store, ANNE, append(parent, 4, ["later"]));
    const loaded = await store.load(CHILD);
    deepEqual(loaded?.events, []);
    equal(loaded?.row.version, 0);
    deepEqual(loaded?.origin, (await store.load(parent))?.events[2]);
    equal(loaded?.origin.data, done("asked").data);
  }),
  storeCase("a child may stand before the event it comes from", async (store) => {
    const parent = await startRun(store, ANNE);
    const other = create(0, { id: taskNamed("other") });
    const child = { ...create(0, { id: CHILD }), origin: { write: 2, event: 0 }, events: [] };
    await apply(store, ANNE, other, child, append(parent, 1, ["asked", "last"]));
    deepEqual((await store.load(CHILD))?.origin, (await store.load(parent))?.events[1]);
  }),
  storeCase(
    "a batch with an origin it does not hold is not applied, for a reason",
    async (store) => {
      const parent = await startRun(store, ANNE);
      const child = { ...create(0, { id: CHILD }), origin: { write: 0, event: 1 } };
      const writes = [append(parent, 1, ["asked"]), child];
      const result = await store.commit({ host: ANNE, writes });
      equal(result.type, "unknown");
      equal((await rowOf(store, parent)).version, 1);
      equal(await store.load(CHILD), undefined);
    },
  ),
];
