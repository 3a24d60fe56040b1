import { deepEqual, equal } from "node:assert/strict";
import type { Envelope } from "../../core/envelope.ts";
import { parseRunId, type TaskId } from "../../core/ids.ts";
import { PRIORITIES, PRIORITY_BONUS_MS, type Priority } from "../../core/priority.ts";
import type { ClaimRequest, Store } from "../../ports/store.ts";
import { type StoreCase, type StoreSubject, sharedCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  claim,
  create,
  deliver,
  gate,
  pathNamed,
  RUN,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

async function queue(store: Store, name: string, more: Partial<Envelope> = {}): Promise<TaskId> {
  const id = taskNamed(name);
  await apply(store, ANNE, create(0, { ...more, id }));
  return id;
}

async function taken(store: Store, request: Partial<ClaimRequest>): Promise<readonly TaskId[]> {
  const all = { host: ANNE, agents: [{ agent: "cook", free: 100 }] };
  const claimed = await store.claim({ ...all, ...request });
  return claimed.map(({ task }) => task);
}

/** Two tasks: `low` comes first, `high` so much later that `low` is served `lead` ms before it. */
async function overtaking(
  store: Store,
  world: StoreSubject,
  [low, high]: readonly [Priority, Priority],
  lead: number,
): Promise<readonly string[]> {
  await apply(store, ANNE, gate(RUN, null, "open"));
  const names = new Map([
    [await queue(store, "low", { priority: low }), "low"],
    ["", ""],
  ]);
  world.advance(PRIORITY_BONUS_MS[high] - PRIORITY_BONUS_MS[low] + lead);
  names.set(await queue(store, "high", { priority: high }), "high");
  return (await taken(store, {})).map((task) => names.get(task) ?? task);
}

const pairs: readonly (readonly [Priority, Priority])[] = PRIORITIES.flatMap((low, i) =>
  PRIORITIES.slice(i + 1).map((high) => [low, high] as const),
);

/** What holds for claims. */
export const claimCases: readonly StoreCase[] = [
  storeCase("a claim takes ownership, clears the due time and counts", async (store) => {
    const task = await startRun(store, null);
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
    const { owner, due, claims, state } = await rowOf(store, task);
    deepEqual({ owner, due, claims, state }, { owner: BERT, due: null, claims: 1, state: "open" });
  }),
  sharedCase("a task is claimed by one of two hosts", async (one, other) => {
    const task = await startRun(one, null);
    const [a, b] = await Promise.all([claim(one, ANNE), claim(other, BERT)]);
    deepEqual([...a, ...b], [`claimed ${task}`]);
    deepEqual([await claim(one, ANNE), await claim(other, BERT)], [[], []]);
  }),
  storeCase("tasks of agents that a host does not run stay", async (store) => {
    const task = await startRun(store, null, { agent: "waiter" });
    deepEqual(await claim(store, ANNE), []);
    deepEqual(await taken(store, { agents: [{ agent: "waiter", free: 1 }] }), [task]);
  }),
  storeCase("no more tasks are taken than the agent has free slots", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const cooks = [await queue(store, "c1"), await queue(store, "c2"), await queue(store, "c3")];
    const waiter = await queue(store, "w1", { agent: "waiter" });
    const agents = [
      { agent: "cook", free: 2 },
      { agent: "waiter", free: 5 },
    ];
    deepEqual(await taken(store, { agents }), [...cooks.slice(0, 2), waiter]);
    deepEqual(await taken(store, { agents: [{ agent: "cook", free: 0 }] }), []);
    deepEqual(await taken(store, { agents }), cooks.slice(2));
  }),
  storeCase("equally urgent tasks are taken in order of creation", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const names = ["d", "a", "c", "b", "e"];
    const ids: TaskId[] = [];
    for (const name of names) ids.push(await queue(store, name));
    deepEqual([...(await taken(store, { agents: [{ agent: "cook", free: 3 }] }))], ids.slice(0, 3));
    deepEqual(await taken(store, {}), ids.slice(3));
  }),
  storeCase("a more urgent priority is taken first", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const ids = new Map<Priority, TaskId>();
    for (const priority of PRIORITIES)
      ids.set(priority, await queue(store, priority, { priority }));
    const order = [...PRIORITIES].reverse().map((priority) => ids.get(priority));
    const one = { agents: [{ agent: "cook", free: 1 }] };
    deepEqual(await taken(store, one), order.slice(0, 1));
    deepEqual(await taken(store, {}), order.slice(1));
  }),
  ...pairs.map(([low, high]) =>
    storeCase(
      `a ${low} task overtakes a ${high} one that came its head start later`,
      async (store, world) => {
        deepEqual(await overtaking(store, world, [low, high], 1), ["low", "high"]);
      },
    ),
  ),
  ...pairs.map(([low, high]) =>
    storeCase(
      `a ${high} task overtakes a ${low} one within its head start`,
      async (store, world) => {
        deepEqual(await overtaking(store, world, [low, high], -1), ["high", "low"]);
      },
    ),
  ),
  storeCase("urgency orders the tasks of all agents of a claim", async (store, world) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const first = await queue(store, "1", { agent: "waiter" });
    world.advance(1);
    const second = await queue(store, "2");
    world.advance(1);
    const third = await queue(store, "3", { agent: "waiter" });
    const agents = [
      { agent: "cook", free: 9 },
      { agent: "waiter", free: 9 },
    ];
    deepEqual(await taken(store, { agents }), [first, second, third]);
  }),
  storeCase(
    "a future task waits however urgent it is, and keeps nobody waiting",
    async (store, world) => {
      const task = await startRun(store, ANNE, { priority: "critical" });
      const due = world.now() + 10;
      await apply(
        store,
        ANNE,
        append(task, 1, ["x"], { ending: { type: "release", due, outside: false } }),
      );
      const low = await queue(store, "low", { priority: "low" });
      deepEqual(await taken(store, {}), [low]);
      world.advance(10);
      deepEqual(await taken(store, {}), [task]);
    },
  ),
  storeCase("a claim that found nothing finds what came due since", async (store, world) => {
    const task = await startRun(store, ANNE);
    const ending = { type: "release", due: world.now() + 10, outside: false } as const;
    await apply(store, ANNE, append(task, 1, ["x"], { ending }));
    deepEqual([await claim(store, BERT), await claim(store, BERT)], [[], []]);
    world.advance(10);
    deepEqual(await claim(store, BERT), [`claimed ${task}`]);
  }),
  sharedCase(
    "a claim that found nothing finds what another store wrote since",
    async (one, other) => {
      const task = await startRun(one, ANNE);
      deepEqual([await claim(other, BERT), await claim(other, BERT)], [[], []]);
      const next = await queue(one, "next");
      deepEqual(await claim(other, BERT), [`claimed ${next}`]);
      await apply(one, ANNE, deliver(next, pathNamed("a")), deliver(task, pathNamed("a")));
      deepEqual(await claim(other, BERT), [`mail ${next}`]);
      deepEqual(await claim(one, ANNE), [`mail ${task}`]);
    },
  ),
  storeCase("a claim for some runs leaves the others' tasks and mail", async (store) => {
    const [mine, other] = [parseRunId("mine"), parseRunId("other")];
    const a = await startRun(store, null, {}, mine);
    const b = await startRun(store, null, {}, other);
    deepEqual(await taken(store, { runs: [mine] }), [a]);
    deepEqual(await taken(store, { runs: [] }), []);
    deepEqual(await taken(store, { runs: [mine, other] }), [b]);
    await apply(store, BERT, deliver(a, pathNamed("x")), deliver(b, pathNamed("x")));
    deepEqual(await taken(store, { runs: [other] }), [b]);
    deepEqual(await taken(store, {}), [a]);
  }),
  storeCase("mail comes before new tasks", async (store) => {
    const task = await startRun(store, ANNE);
    const next = await queue(store, "next", { priority: "critical" });
    await apply(store, BERT, deliver(task, pathNamed("a")));
    deepEqual(await claim(store, ANNE), [`mail ${task}`, `claimed ${next}`]);
  }),
  sharedCase(
    "every task is claimed exactly once by hosts that claim together",
    async (one, other) => {
      await apply(one, ANNE, gate(RUN, null, "open"));
      const ids = await Promise.all(Array.from({ length: 40 }, (_, i) => queue(one, `t${i}`)));
      const claims = Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0 ? claim(one, ANNE, 3) : claim(other, BERT, 3),
      );
      const got = (await Promise.all(claims)).flat();
      deepEqual([...got].sort(), ids.map((id) => `claimed ${id}`).sort());
      equal(
        (await one.find({ owner: ANNE })).length + (await one.find({ owner: BERT })).length,
        40,
      );
    },
  ),
];
