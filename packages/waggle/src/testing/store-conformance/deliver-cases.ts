import { deepEqual, equal } from "node:assert/strict";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  CLOSE,
  claim,
  create,
  deliver,
  expectRefusal,
  pathNamed,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

const [A, B] = [pathNamed("a"), pathNamed("b")];

/** What holds for mail. */
export const deliverCases: readonly StoreCase[] = [
  storeCase("mail is numbered from 1 and keeps its order and its content", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, A, "1"));
    await apply(store, BERT, deliver(task, null, "2"), deliver(task, B, "3"));
    deepEqual((await store.load(task))?.inbox, [
      { seq: 1, kind: "answer", path: A, data: "1" },
      { seq: 2, kind: "resume", path: null, data: "2" },
      { seq: 3, kind: "answer", path: B, data: "3" },
    ]);
    equal((await rowOf(store, task)).inbox, 3);
  }),
  storeCase("mail keeps its kind", async (store) => {
    const task = await startRun(store, ANNE);
    const kinds = ["answer", "signal", "cancel", "resume", "probe"] as const;
    await apply(store, BERT, ...kinds.map((kind) => ({ ...deliver(task, null), kind })));
    const inbox = (await store.load(task))?.inbox ?? [];
    deepEqual(
      inbox.map((mail) => mail.kind),
      kinds,
    );
  }),
  storeCase("anybody may deliver, also to a task that another host owns", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, A));
    equal((await rowOf(store, task)).owner, ANNE);
  }),
  storeCase("mail makes a task that waits for it due", async (store, world) => {
    const task = await startRun(store, ANNE);
    const ending = { type: "release", due: null, outside: false } as const;
    await apply(store, ANNE, append(task, 1, ["x"], { inbox: 0, ending }));
    world.advance(5);
    await apply(store, BERT, deliver(task, A));
    equal((await rowOf(store, task)).due, world.now());
  }),
  storeCase("mail makes a task due earlier than its timer, never later", async (store, world) => {
    const task = await startRun(store, ANNE);
    const start = world.now();
    const due = start + 1_000;
    const ending = { type: "release", due, outside: false } as const;
    await apply(store, ANNE, append(task, 1, ["x"], { inbox: 0, ending }));
    await apply(store, BERT, deliver(task, A));
    equal((await rowOf(store, task)).due, start);
    world.advance(10);
    await apply(store, BERT, deliver(task, B));
    equal((await rowOf(store, task)).due, start);
  }),
  storeCase("a second mail with the same path is refused as duplicate", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, A, "1"));
    await expectRefusal(store, BERT, [deliver(task, A, "2")], "duplicate");
    const inbox = (await store.load(task))?.inbox ?? [];
    deepEqual(
      inbox.map((mail) => mail.data),
      ["1"],
    );
    equal((await rowOf(store, task)).inbox, 1);
  }),
  storeCase(
    "a second mail with the same path in one batch is refused as duplicate",
    async (store) => {
      const task = await startRun(store, ANNE);
      await expectRefusal(store, BERT, [deliver(task, A), deliver(task, A)], "duplicate", 1);
      equal((await rowOf(store, task)).inbox, 0);
    },
  ),
  storeCase("the same path is free in another task", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, create(0, { id: taskNamed("other") }));
    await apply(store, BERT, deliver(task, A));
    await apply(store, BERT, deliver(taskNamed("other"), A));
  }),
  storeCase("mail without path is taken any number of times", async (store) => {
    const task = await startRun(store, ANNE);
    for (let i = 0; i < 3; i++) await apply(store, BERT, deliver(task, null));
    equal((await rowOf(store, task)).inbox, 3);
  }),
  storeCase("a refused batch leaves the mail that was there", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, A, "1"));
    await expectRefusal(
      store,
      BERT,
      [deliver(task, B, "2"), deliver(task, A, "3")],
      "duplicate",
      1,
    );
    await apply(store, BERT, deliver(task, B, "4"));
    const inbox = (await store.load(task))?.inbox ?? [];
    deepEqual(
      inbox.map(({ seq, data }) => `${seq} ${data}`),
      ["1 1", "2 4"],
    );
  }),
  storeCase("mail for a task that has ended is refused as closed", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, A));
    await apply(store, ANNE, append(task, 1, ["end"], CLOSE));
    for (const path of [A, B, null])
      await expectRefusal(store, BERT, [deliver(task, path)], "closed");
  }),
  storeCase("late mail that may be dropped is left out and harms nothing", async (store) => {
    const task = await startRun(store, ANNE);
    const other = taskNamed("other");
    await apply(store, ANNE, create(0, { id: other }, ANNE));
    await apply(store, BERT, deliver(task, A, "1"));
    await apply(store, BERT, deliver(task, A, "2", "drop"), deliver(other, A));
    equal((await rowOf(store, task)).inbox, 1);
    await apply(store, ANNE, append(task, 1, ["end"], CLOSE));
    await apply(store, BERT, deliver(task, B, "3", "drop"), deliver(other, B));
    const { inbox, due } = await rowOf(store, task);
    deepEqual({ inbox, due }, { inbox: 1, due: null });
    equal((await rowOf(store, other)).inbox, 2);
  }),
  storeCase(
    "mail for a task that does not exist is refused as absent, also if it may be dropped",
    async (store) => {
      const task = taskNamed("none");
      await expectRefusal(store, BERT, [deliver(task, A)], "absent");
      await expectRefusal(store, BERT, [deliver(task, A, "1", "drop")], "absent");
    },
  ),
  storeCase("the owner of a task is told of its mail once", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, A), deliver(task, B));
    deepEqual(await claim(store, BERT), []);
    deepEqual(await claim(store, ANNE), [`mail ${task}`]);
    deepEqual(await claim(store, ANNE), []);
    await apply(store, BERT, deliver(task, null));
    deepEqual(await claim(store, ANNE), [`mail ${task}`]);
    equal((await rowOf(store, task)).claims, 1);
  }),
  storeCase("a host without a free slot is told of its mail", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, create(0, { id: taskNamed("waiting") }));
    await apply(store, BERT, deliver(task, A));
    deepEqual(await claim(store, ANNE, 0), [`mail ${task}`]);
  }),
  storeCase("mail of several tasks is told in the order in which it came", async (store, world) => {
    const first = await startRun(store, ANNE);
    const second = taskNamed("second");
    await apply(store, ANNE, create(0, { id: second }, ANNE));
    await apply(store, BERT, deliver(second, A));
    world.advance(1);
    await apply(store, BERT, deliver(first, A));
    deepEqual(await claim(store, ANNE), [`mail ${second}`, `mail ${first}`]);
  }),
];
