import { deepEqual, equal } from "node:assert/strict";
import type { TaskId } from "../../core/ids.ts";
import type { Gate, RunRow, Store } from "../../ports/store.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
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
  startRun,
  taskNamed,
} from "./writes.ts";

const STICK = { inbox: 0, ending: { type: "stick" } } as const;

async function move(store: Store, from: Gate, to: Gate): Promise<void> {
  await apply(store, BERT, gate(RUN, [from], to));
}

async function dueOf(store: Store, task: TaskId): Promise<number | null> {
  return (await rowOf(store, task)).due;
}

async function pauseOf(store: Store): Promise<Pick<RunRow, "pausedMs" | "pausedAt"> | undefined> {
  const [row] = await store.runs({ run: RUN });
  return row && { pausedMs: row.pausedMs, pausedAt: row.pausedAt };
}

/** What holds for tasks when the gate of their run moves, and for the time of a pause. */
export const pauseCases: readonly StoreCase[] = [
  storeCase("in a paused run no task without owner is due any more", async (store, world) => {
    const root = await startRun(store, ANNE);
    const due = world.now() + 50;
    await apply(store, ANNE, append(root, 1, ["x"], { ending: release(due) }));
    await apply(store, ANNE, create(0, { id: taskNamed("new") }));
    await move(store, "open", "paused");
    deepEqual([await dueOf(store, root), await dueOf(store, taskNamed("new"))], [null, null]);
    world.advance(100);
    deepEqual(await claim(store, ANNE), []);
  }),
  storeCase("when a run is open again its tasks without owner are due", async (store, world) => {
    const root = await startRun(store, ANNE);
    await apply(store, ANNE, append(root, 1, ["x"], { inbox: 0, ending: release(null) }));
    const later = { ...create(0, { id: taskNamed("later") }), due: world.now() + 500 };
    await apply(store, ANNE, later);
    await move(store, "open", "paused");
    world.advance(9);
    await move(store, "paused", "open");
    for (const task of [root, taskNamed("later")]) equal(await dueOf(store, task), world.now());
  }),
  storeCase("opening leaves alone what is stuck or queued behind a key", async (store) => {
    const root = await startRun(store, ANNE);
    const [holder, queued] = [taskNamed("holder"), taskNamed("queued")];
    await apply(store, ANNE, create(0, { id: holder, key: "k" }));
    await apply(store, ANNE, create(0, { id: queued, key: "k" }));
    await apply(store, ANNE, append(root, 1, ["x"], STICK));
    await move(store, "open", "paused");
    await move(store, "paused", "open");
    deepEqual([await dueOf(store, root), await dueOf(store, queued)], [null, null]);
    deepEqual(await claim(store, ANNE), [`claimed ${holder}`]);
  }),
  storeCase("cancelling makes all tasks without owner due", async (store, world) => {
    const root = await startRun(store, ANNE);
    const names = ["stuck", "waiting", "later", "holder", "queued"];
    const [stuck, waiting, later, holder, queued] = names.map(taskNamed);
    for (const id of [stuck, waiting, later]) {
      await apply(store, ANNE, create(0, { id: id ?? root }, ANNE));
    }
    for (const id of [holder, queued]) {
      await apply(store, ANNE, create(0, { id: id ?? root, key: "k" }));
    }
    const due = world.now() + 500;
    await apply(store, ANNE, append(stuck ?? root, 1, ["x"], STICK));
    await apply(store, ANNE, append(waiting ?? root, 1, ["x"], { ending: release(null) }));
    await apply(store, ANNE, append(later ?? root, 1, ["x"], { ending: release(due) }));
    const before = world.now();
    world.advance(3);
    await move(store, "open", "cancelling");
    const now = world.now();
    const dues = await Promise.all(names.map((name) => dueOf(store, taskNamed(name))));
    deepEqual(dues, [now, now, now, before, now]);
    equal((await rowOf(store, stuck ?? root)).state, "stuck");
    equal((await claim(store, BERT)).length, 5);
  }),
  ...(["paused", "cancelling"] as const).map((to) =>
    storeCase(`owners hear that their run is ${to}`, async (store, world) => {
      const root = await startRun(store, ANNE);
      await apply(store, ANNE, create(0, { id: taskNamed("other") }));
      world.advance(2);
      await move(store, "open", to);
      const { owner, due, inbox } = await rowOf(store, root);
      deepEqual({ owner, due, inbox }, { owner: ANNE, due: world.now(), inbox: 1 });
      deepEqual((await store.load(root))?.inbox, []);
      deepEqual(await claim(store, ANNE, 0), [`mail ${root}`]);
      deepEqual(await claim(store, ANNE, 0), []);
      await move(store, to, "open");
      deepEqual(await claim(store, ANNE, 0), [`mail ${root}`]);
      equal((await rowOf(store, root)).inbox, 2);
      equal((await rowOf(store, taskNamed("other"))).inbox, 0);
    }),
  ),
  storeCase("an owner that did not hear of a move is behind", async (store) => {
    const root = await startRun(store, ANNE);
    await move(store, "open", "cancelling");
    const unheard = append(root, 1, ["x"], { inbox: 0, ending: release(null) });
    await expectRefusal(store, ANNE, [unheard], "behind");
    await apply(store, ANNE, append(root, 1, ["x"], { inbox: 1, ending: release(null) }));
    equal(await dueOf(store, root), null);
  }),
  storeCase("mail after a move is numbered behind it", async (store) => {
    const root = await startRun(store, ANNE);
    await apply(store, BERT, deliver(root, pathNamed("a")));
    await move(store, "open", "paused");
    await apply(store, BERT, deliver(root, pathNamed("b")));
    const seqs = (await store.load(root))?.inbox.map((mail) => mail.seq);
    deepEqual(seqs, [1, 3]);
    equal((await rowOf(store, root)).inbox, 3);
  }),
  storeCase("a move to where the gate is already is heard like any other", async (store) => {
    const root = await startRun(store, ANNE);
    await move(store, "open", "open");
    deepEqual(await claim(store, ANNE), [`mail ${root}`]);
  }),
  storeCase("tasks that have ended hear of nothing", async (store) => {
    const root = await startRun(store, ANNE);
    await apply(store, ANNE, append(root, 1, ["end"], CLOSE));
    await move(store, "open", "cancelling");
    const { due, inbox } = await rowOf(store, root);
    deepEqual({ due, inbox }, { due: null, inbox: 0 });
  }),
  storeCase("in a paused run mail wakes owners only", async (store, world) => {
    const root = await startRun(store, ANNE);
    const waiting = taskNamed("waiting");
    await apply(store, ANNE, create(0, { id: waiting }));
    await move(store, "open", "paused");
    await claim(store, ANNE);
    await apply(store, BERT, deliver(waiting, pathNamed("a")), cancel(waiting));
    await apply(store, BERT, deliver(root, pathNamed("a")));
    deepEqual([await dueOf(store, waiting), await dueOf(store, root)], [null, world.now()]);
    deepEqual(await claim(store, ANNE), [`mail ${root}`]);
    equal((await store.load(waiting))?.inbox.length, 2);
    await move(store, "paused", "open");
    deepEqual(await claim(store, BERT), [`claimed ${waiting}`]);
  }),
  storeCase(
    "a task released in a paused run is due when it is open again",
    async (store, world) => {
      const root = await startRun(store, ANNE);
      await move(store, "open", "paused");
      await apply(store, ANNE, append(root, 1, ["x"], { ending: release(0) }));
      equal(await dueOf(store, root), null);
      world.advance(6);
      await move(store, "paused", "open");
      equal(await dueOf(store, root), world.now());
    },
  ),
  storeCase("a task stuck in a paused run waits for mail in the open one", async (store) => {
    const root = await startRun(store, ANNE);
    await move(store, "open", "paused");
    const stick = { inbox: 1, ending: { type: "stick" } } as const;
    await apply(store, ANNE, append(root, 1, ["x"], stick));
    await move(store, "paused", "open");
    deepEqual(await claim(store, ANNE), []);
    await apply(store, ANNE, deliver(root, null));
    deepEqual(await claim(store, ANNE), [`claimed ${root}`]);
  }),
  storeCase("a task freed in a paused run is due when it is open again", async (store, world) => {
    await store.beat(ANNE, "{}");
    const root = await startRun(store, ANNE);
    await move(store, "open", "paused");
    await apply(store, BERT, { type: "free", host: ANNE, beat: 1 });
    const { owner, due } = await rowOf(store, root);
    deepEqual({ owner, due }, { owner: null, due: null });
    world.advance(6);
    await move(store, "paused", "open");
    equal(await dueOf(store, root), world.now());
  }),
  storeCase("a task created in a paused run is due when it is open", async (store, world) => {
    await apply(store, ANNE, gate(RUN, null, "paused"));
    const [now, later] = [taskNamed("now"), taskNamed("later")];
    const due = world.now() + 10;
    await apply(store, ANNE, create(0, { id: now }), { ...create(1, { id: later }), due });
    deepEqual([await dueOf(store, now), await dueOf(store, later)], [null, null]);
    await move(store, "paused", "open");
    deepEqual(await claim(store, ANNE), [`claimed ${now}`, `claimed ${later}`]);
  }),
  storeCase("a run says since when it is paused, and for how long it was", async (store, world) => {
    const root = await startRun(store, ANNE);
    deepEqual(await pauseOf(store), { pausedMs: 0, pausedAt: null });
    world.advance(10);
    await move(store, "open", "paused");
    const pausedAt = world.now();
    world.advance(20);
    deepEqual(await pauseOf(store), { pausedMs: 0, pausedAt });
    await move(store, "paused", "paused");
    world.advance(1);
    await move(store, "paused", "open");
    deepEqual(await pauseOf(store), { pausedMs: 21, pausedAt: null });
    await move(store, "open", "paused");
    world.advance(4);
    const loaded = await store.load(root);
    deepEqual([loaded?.gate, loaded?.pausedMs], ["paused", 21]);
    await move(store, "paused", "cancelling");
    deepEqual(await pauseOf(store), { pausedMs: 25, pausedAt: null });
    const again = await store.load(root);
    deepEqual([again?.gate, again?.pausedMs], ["cancelling", 25]);
  }),
  storeCase("a run can be paused from the start, and end so", async (store, world) => {
    await apply(store, ANNE, gate(RUN, null, "paused"));
    deepEqual(await pauseOf(store), { pausedMs: 0, pausedAt: world.now() });
    world.advance(5);
    await move(store, "paused", "ended");
    deepEqual(await pauseOf(store), { pausedMs: 5, pausedAt: null });
  }),
  storeCase("a refused move is not heard", async (store, world) => {
    const root = await startRun(store, ANNE);
    await apply(store, ANNE, create(0, { id: taskNamed("new") }));
    const before = await Promise.all([store.load(root), store.load(taskNamed("new"))]);
    world.advance(3);
    const writes = [gate(RUN, ["open"], "paused"), gate(RUN, ["open"], "cancelling")];
    await expectRefusal(store, BERT, writes, "gate", 1);
    deepEqual(await Promise.all([store.load(root), store.load(taskNamed("new"))]), before);
    deepEqual(await pauseOf(store), { pausedMs: 0, pausedAt: null });
    deepEqual(await claim(store, ANNE), [`claimed ${taskNamed("new")}`]);
  }),
];
