import { deepEqual, equal } from "node:assert/strict";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  claim,
  create,
  deliver,
  done,
  expectRefusal,
  gate,
  pathNamed,
  RUN,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

/** What holds for appends. */
export const appendCases: readonly StoreCase[] = [
  storeCase(
    "an append adds its events in order, with the time of the commit",
    async (store, world) => {
      const task = await startRun(store, ANNE);
      world.advance(7);
      const at = await apply(store, ANNE, append(task, 1, ["one", "two"]));
      equal(at, world.now());
      const loaded = await store.load(task);
      const added = loaded?.events.slice(1) ?? [];
      deepEqual(
        added.map((event) => ({
          type: event.type,
          data: event.data,
          task: event.task,
          at: event.at,
        })),
        [done("one"), done("two")].map((event) => ({ ...event, task, at })),
      );
      equal(loaded?.row.version, 3);
    },
  ),
  storeCase(
    "an append without events leaves the version and the count of claims",
    async (store) => {
      const task = await startRun(store, ANNE);
      await apply(store, ANNE, append(task, 1, [], { inbox: 0 }));
      const { version, claims } = await rowOf(store, task);
      deepEqual({ version, claims }, { version: 1, claims: 1 });
    },
  ),
  storeCase("an append to a task that does not exist is refused as absent", async (store) => {
    await expectRefusal(store, ANNE, [append(taskNamed("none"), 0, ["x"])], "absent");
  }),
  storeCase("an append in the name of another host than the owner is fenced", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, BERT, [append(task, 1, ["x"])], "fenced");
    await store.beat(BERT, "{}");
    await expectRefusal(store, BERT, [append(task, 1, ["x"])], "fenced");
    equal((await rowOf(store, task)).version, 1);
  }),
  storeCase("an append to a task that nobody owns is fenced", async (store) => {
    const task = await startRun(store, null);
    await expectRefusal(store, ANNE, [append(task, 1, ["x"])], "fenced");
  }),
  storeCase("an append that expects fewer events than there are is fenced", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["one"]));
    await expectRefusal(store, ANNE, [append(task, 1, ["one again"])], "fenced");
    equal((await rowOf(store, task)).version, 2);
  }),
  storeCase("an append that expects more events than there are is fenced", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, ANNE, [append(task, 2, ["x"])], "fenced");
  }),
  storeCase("an append that has not seen all mail is refused as behind", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, pathNamed("a")));
    await expectRefusal(store, ANNE, [append(task, 1, ["x"], { inbox: 0 })], "behind");
    await apply(store, ANNE, append(task, 1, ["x"], { inbox: 1 }));
  }),
  storeCase("an append that claims to have seen mail that never came is behind", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, ANNE, [append(task, 1, ["x"], { inbox: 1 })], "behind");
  }),
  storeCase("an append that names no inbox does not look at it", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, pathNamed("a")));
    await apply(store, ANNE, append(task, 1, ["x"]));
  }),
  storeCase("fenced is told before behind, and behind before gate", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, gate(RUN, ["open"], "paused"));
    await apply(store, ANNE, deliver(task, pathNamed("a")));
    const wrong = { inbox: 0, starts: true };
    await expectRefusal(store, ANNE, [append(task, 9, ["x"], wrong)], "fenced");
    await expectRefusal(store, ANNE, [append(task, 1, ["x"], wrong)], "behind");
    await expectRefusal(store, ANNE, [append(task, 1, ["x"], { inbox: 2, starts: true })], "gate");
  }),
  ...(["paused", "cancelling"] as const).map((closed) =>
    storeCase(`in a ${closed} run outcomes are taken and nothing starts`, async (store) => {
      const task = await startRun(store, ANNE);
      await apply(store, ANNE, gate(RUN, ["open"], closed));
      await expectRefusal(store, ANNE, [append(task, 1, ["x"], { starts: true })], "gate");
      await apply(store, ANNE, append(task, 1, ["x"]));
    }),
  ),
  storeCase("in an open run something may start", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["x"], { starts: true }));
  }),
  storeCase("clean-up may start in a cancelling run, not in a paused one", async (store) => {
    const task = await startRun(store, ANNE);
    const cleanup = { starts: true, cleanup: true };
    await apply(store, ANNE, append(task, 1, ["x"], cleanup));
    await apply(store, ANNE, gate(RUN, ["open"], "cancelling"));
    await apply(store, ANNE, append(task, 2, ["x"], cleanup));
    await apply(store, ANNE, gate(RUN, ["cancelling"], "paused"));
    await expectRefusal(store, ANNE, [append(task, 3, ["x"], cleanup)], "gate");
    await apply(store, ANNE, append(task, 3, ["x"], { cleanup: true }));
  }),
  storeCase("an event after a claim sets the count of claims back", async (store) => {
    const task = await startRun(store, null);
    for (const version of [1, 1, 1]) {
      await claim(store, ANNE);
      await apply(
        store,
        ANNE,
        append(task, version, [], { ending: { type: "release", due: 0, outside: false } }),
      );
    }
    await claim(store, ANNE);
    equal((await rowOf(store, task)).claims, 4);
    await apply(store, ANNE, append(task, 1, ["x"]));
    equal((await rowOf(store, task)).claims, 0);
  }),
  ...(["closed", "dead"] as const).map((state) =>
    storeCase(
      `a task that ends as ${state} has no owner, no due time and no mail`,
      async (store) => {
        const task = await startRun(store, ANNE);
        await apply(store, BERT, deliver(task, pathNamed("a")));
        await apply(store, ANNE, append(task, 1, ["end"], { ending: { type: "close", state } }));
        const loaded = await store.load(task);
        deepEqual(loaded?.inbox, []);
        const { owner, due, inbox, version } = await rowOf(store, task);
        deepEqual(
          { state: loaded?.row.state, owner, due, inbox, version },
          { state, owner: null, due: null, inbox: 1, version: 2 },
        );
        deepEqual(await claim(store, ANNE), []);
        await expectRefusal(store, ANNE, [append(task, 2, ["more"])], "fenced");
      },
    ),
  ),
  storeCase("a released task is claimed from its due time on", async (store, world) => {
    const task = await startRun(store, ANNE);
    const due = world.now() + 1_000;
    await apply(
      store,
      ANNE,
      append(task, 1, ["x"], { ending: { type: "release", due, outside: false } }),
    );
    const row = await rowOf(store, task);
    deepEqual([row.state, row.owner, row.due], ["open", null, due]);
    world.advance(999);
    deepEqual(await claim(store, BERT), []);
    world.advance(1);
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
  }),
  storeCase("a task released without due time is claimed after mail only", async (store) => {
    const task = await startRun(store, ANNE);
    const ending = { type: "release", due: null, outside: false } as const;
    await apply(store, ANNE, append(task, 1, ["x"], { inbox: 0, ending }));
    deepEqual(await claim(store, BERT), []);
    await apply(store, ANNE, deliver(task, pathNamed("a")));
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
  }),
  storeCase("a task released with mail its owner has not seen is due at once", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, pathNamed("a")));
    await apply(
      store,
      ANNE,
      append(task, 1, ["x"], { ending: { type: "release", due: null, outside: false } }),
    );
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
  }),
  storeCase("a release that has seen all mail sets the due time it says", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, deliver(task, pathNamed("a")));
    const ending = { type: "release", due: null, outside: false } as const;
    await apply(store, ANNE, append(task, 1, ["x"], { inbox: 1, ending }));
    equal((await rowOf(store, task)).due, null);
    deepEqual(await claim(store, BERT), []);
  }),
  storeCase("a stuck task is claimed after mail only, and is open then", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["x"], { inbox: 0, ending: { type: "stick" } }));
    const { state, owner, due } = await rowOf(store, task);
    deepEqual({ state, owner, due }, { state: "stuck", owner: null, due: null });
    deepEqual(await claim(store, BERT), []);
    await apply(store, ANNE, deliver(task, null));
    equal((await rowOf(store, task)).state, "stuck");
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
    equal((await rowOf(store, task)).state, "open");
  }),
  storeCase("a refused ending changes nothing", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, create(0, { id: taskNamed("other") }, BERT));
    const before = await store.load(task);
    for (const ending of [
      { type: "close", state: "closed" },
      { type: "release", due: 5, outside: false },
      { type: "stick" },
    ] as const) {
      await expectRefusal(store, BERT, [append(task, 1, ["x"], { ending })], "fenced");
      await expectRefusal(store, ANNE, [append(task, 1, ["x"], { inbox: 3, ending })], "behind");
    }
    deepEqual(await store.load(task), before);
  }),
  storeCase(
    "a released task says whether it waits for the outside, until it is claimed",
    async (store) => {
      const task = await startRun(store, ANNE);
      const outside = { type: "release", due: null, outside: true } as const;
      await apply(store, ANNE, append(task, 1, ["x"], { ending: outside }));
      equal((await rowOf(store, task)).outside, true);
      await apply(store, BERT, deliver(task, pathNamed("a")));
      equal((await rowOf(store, task)).outside, true);
      await claim(store, BERT);
      equal((await rowOf(store, task)).outside, false);
      await apply(store, BERT, append(task, 2, ["x"], { ending: { ...outside, outside: false } }));
      equal((await rowOf(store, task)).outside, false);
    },
  ),
  storeCase("a new generation is loaded from its first event on", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["old", "old"]));
    await apply(store, ANNE, append(task, 3, ["new", "more"], { restart: true }));
    await apply(store, ANNE, append(task, 5, ["last"]));
    const loaded = await store.load(task);
    const texts = ["new", "more", "last"].map((text) => done(text).data);
    deepEqual(
      loaded?.events.map((event) => event.data),
      texts,
    );
    deepEqual([loaded?.row.version, loaded?.origin.type], [6, "started"]);
    await expectRefusal(store, ANNE, [append(task, 3, ["x"])], "fenced");
    await apply(store, ANNE, append(task, 6, ["newest"], { restart: true }));
    equal((await store.load(task))?.events.length, 1);
  }),
  storeCase("a generation without events begins with the next event", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, [], { restart: true }));
    deepEqual((await store.load(task))?.events, []);
    await apply(store, ANNE, append(task, 1, ["x"]));
    equal((await store.load(task))?.events.length, 1);
  }),
  storeCase("a refused restart leaves the stream as it was", async (store) => {
    const task = await startRun(store, ANNE);
    const before = await store.load(task);
    const restart = append(task, 1, ["new"], { restart: true });
    await expectRefusal(store, ANNE, [restart, append(task, 1, ["x"])], "fenced", 1);
    deepEqual(await store.load(task), before);
  }),
  storeCase("a child can come from an event before a restart in its batch", async (store) => {
    const task = await startRun(store, ANNE);
    const child = { ...create(1, { id: taskNamed("child") }), events: [] };
    const origin = { write: 0, event: 0 };
    const restart = append(task, 2, ["new"], { restart: true });
    await apply(store, ANNE, append(task, 1, ["asked"]), { ...child, origin }, restart);
    equal((await store.load(taskNamed("child")))?.origin.data, done("asked").data);
  }),
];
