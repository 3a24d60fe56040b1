import { expect, test } from "vitest";
import type { TaskId } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/seeded-random.ts";
import {
  type Deadlock,
  deadlocksAmong,
  findDeadlock,
  type SeeTask,
  type WaitNode,
} from "../../../src/runtime/wait-graph.ts";
import {
  canMove,
  randomGraph,
  randomRuns,
  taskNumber,
  type Waits,
  waiting,
  waitsOf,
} from "./random-waits.ts";

const GRAPHS = 5_000;

function seeIn(waits: Waits): SeeTask {
  return async (task) => waits.get(task);
}

/** 0 asks 1 with key A; 1 asks 2 with key B, and 3 holds B and is queued, as 4, behind 1. */
function crossed(): Waits {
  return waitsOf([
    waiting(0, { waitsFor: [taskNumber(1)] }),
    waiting(1, { waitsFor: [taskNumber(2)] }),
    waiting(2, { waitsFor: [taskNumber(3)], queuedOnKey: true }),
    waiting(3, { waitsFor: [taskNumber(4)] }),
    waiting(4, { waitsFor: [taskNumber(1)], queuedOnKey: true }),
  ]);
}

function names(nodes: readonly WaitNode[] | undefined): readonly string[] | undefined {
  return nodes?.map(({ task }) => task);
}

function expectSound(deadlock: Deadlock, waits: Waits, movable: ReadonlySet<TaskId>): void {
  const { cycle, victim } = deadlock;
  expect(cycle[0]).toBe(victim);
  expect(victim.queuedOnKey).toBe(true);
  expect(new Set(cycle).size).toBe(cycle.length);
  for (const [index, node] of cycle.entries()) {
    const next = cycle[(index + 1) % cycle.length];
    expect(node.waitsFor).toContain(next?.task);
    expect(movable.has(node.task)).toBe(false);
    expect(waits.get(node.task)).toBe(node);
    if (node.queuedOnKey) expect(Number(node.order)).toBeLessThanOrEqual(Number(victim.order));
  }
}

test("names the cycle in order, from the youngest queued task on", async () => {
  const found = await findDeadlock(taskNumber(1), seeIn(crossed()));
  expect(names(found?.cycle)).toEqual(["task-4", "task-1", "task-2", "task-3"]);
  expect(found?.victim.task).toBe("task-4");
});

test("finds the deadlock that a task only waits for", async () => {
  const found = await findDeadlock(taskNumber(0), seeIn(crossed()));
  expect(found?.victim.task).toBe("task-4");
  expect(names(found?.cycle)).not.toContain("task-0");
});

test("one way out is enough to go on", async () => {
  const out = waiting(9, { moves: true });
  const member = waiting(3, { waitsFor: [taskNumber(4), out.task] });
  const waits = new Map([...crossed(), [member.task, member], [out.task, out]]);
  for (const task of waits.keys()) expect(await findDeadlock(task, seeIn(waits))).toBeUndefined();
});

test("a task that is closed, or waits for nothing that is known, counts as moving", async () => {
  const closed = new Map([...crossed()].filter(([task]) => task !== "task-3"));
  expect(await findDeadlock(taskNumber(0), seeIn(closed))).toBeUndefined();
  const blank = new Map([...crossed(), [taskNumber(3), waiting(3)]]);
  expect(await findDeadlock(taskNumber(0), seeIn(blank))).toBeUndefined();
});

/** What the search says from each task of `waits`, after comparing it with the reference. */
async function searchAll(waits: Waits): Promise<ReadonlyMap<TaskId, Deadlock>> {
  const movable = canMove(waits);
  const found = new Map<TaskId, Deadlock>();
  for (const task of waits.keys()) {
    const deadlock = await findDeadlock(task, seeIn(waits));
    if ((deadlock === undefined) !== movable.has(task)) {
      const nodes = JSON.stringify([...waits.values()]);
      expect.fail(`${task}: ${movable.has(task) ? "false alarm" : "missed"} in ${nodes}`);
    }
    if (deadlock !== undefined) found.set(task, deadlock);
  }
  const [first] = found.values();
  if (first !== undefined) expectSound(first, waits, movable);
  return found;
}

/** Every task of a deadlock names the same one. */
function expectAgreement(found: ReadonlyMap<TaskId, Deadlock>): void {
  for (const deadlock of new Set(found.values())) {
    for (const { task } of deadlock.cycle) {
      const other = found.get(task);
      const same =
        other?.victim === deadlock.victim && other.cycle.length === deadlock.cycle.length;
      if (!same) expect(names(other?.cycle)).toEqual(names(deadlock.cycle));
    }
  }
}

test.each([
  ["runs of agents with keys", randomRuns, 1],
  ["graphs of any shape", randomGraph, 2],
])("agrees with the reference on 5,000 random %s, from every task", async (_what, make, seed) => {
  const random = seededRandom(seed);
  const seen = { deadlocked: 0, free: 0, graphs: 0 };
  for (let i = 0; i < GRAPHS; i++) {
    const waits = make(random);
    const found = await searchAll(waits);
    expectAgreement(found);
    seen.deadlocked += found.size;
    seen.free += waits.size - found.size;
    if (found.size > 0) seen.graphs++;
  }
  // Neither answer is the rare one.
  expect(seen.graphs).toBeGreaterThan(GRAPHS / 10);
  expect(seen.deadlocked).toBeGreaterThan(10_000);
  expect(seen.free).toBeGreaterThan(10_000);
});

test("failing one victim after the other sets every task free", async () => {
  const random = seededRandom(7);
  let broken = 0;
  for (let i = 0; i < 1_000; i++) {
    const waits = new Map(randomRuns(random));
    for (const task of [...waits.keys()]) {
      for (let round = 0; ; round++) {
        expect(round).toBeLessThan(51);
        const found = await findDeadlock(task, seeIn(waits));
        if (found === undefined) break;
        broken++;
        // The victim is closed, so whoever asked it goes on.
        waits.delete(found.victim.task);
      }
    }
    expect(canMove(waits).size).toBe(waits.size);
  }
  expect(broken).toBeGreaterThan(200);
});

test("the victim is a queued task, however young those are that have begun", async () => {
  const waits = new Map(crossed());
  for (const begun of [1, 3]) {
    const node = waits.get(taskNumber(begun));
    if (node !== undefined) waits.set(node.task, { ...node, order: 100 + begun });
  }
  expect((await findDeadlock(taskNumber(0), seeIn(waits)))?.victim.task).toBe("task-4");
});

test("a circle that also waits for another one goes on when that is broken, so it loses nobody", async () => {
  const above = waitsOf([
    waiting(20, { waitsFor: [taskNumber(21), taskNumber(3)] }),
    waiting(21, { waitsFor: [taskNumber(20)], queuedOnKey: true }),
  ]);
  const waits = new Map([...crossed(), ...above]);
  expect((await findDeadlock(taskNumber(21), seeIn(waits)))?.victim.task).toBe("task-4");
  expect(deadlocksAmong(waits).map(({ victim }) => victim.task)).toEqual(["task-4"]);
});

test("all deadlocks among tasks that cannot move are told at once", () => {
  const second = [
    waiting(20, { waitsFor: [taskNumber(21)] }),
    waiting(21, { waitsFor: [taskNumber(20)], queuedOnKey: true }),
  ];
  const found = deadlocksAmong(new Map([...crossed(), ...waitsOf(second)]));
  expect(found.map(({ victim }) => victim.task).sort()).toEqual(["task-21", "task-4"]);
});

test("goes through a chain of 10,000 tasks", async () => {
  const count = 10_000;
  const chain = [...Array(count).keys()].map((i) =>
    waiting(i, {
      waitsFor: [taskNumber((i + 1) % count)],
      queuedOnKey: i === count - 1,
    }),
  );
  const tail = [...Array(count).keys()].map((i) =>
    waiting(count + i, { waitsFor: [taskNumber(i === 0 ? 0 : count + i - 1)] }),
  );
  const see = seeIn(waitsOf([...chain, ...tail]));
  const begun = performance.now();
  const found = await findDeadlock(taskNumber(0), see);
  const tookMs = performance.now() - begun;
  process.stdout.write(`deadlock of 10,000 tasks found in ${tookMs.toFixed(1)} ms\n`);
  expect(found?.cycle).toHaveLength(count);
  expect(found?.victim.order).toBe(count - 1);
  // From the end of a chain that leads there too.
  expect((await findDeadlock(taskNumber(2 * count - 1), see))?.cycle).toHaveLength(count);
});

test("gives up past the limit of tasks", async () => {
  const see = seeIn(crossed());
  expect(await findDeadlock(taskNumber(0), see, { limit: 5 })).toBeDefined();
  expect(await findDeadlock(taskNumber(0), see, { limit: 4 })).toBeUndefined();
});

test("looks at no more tasks once one of them moves", async () => {
  let looks = 0;
  const wide = [...Array(1_000).keys()].map((i) => waiting(i + 1, { moves: true }));
  const waits = waitsOf([waiting(0, { waitsFor: wide.map(({ task }) => task) }), ...wide]);
  await findDeadlock(taskNumber(0), async (task) => {
    looks++;
    return waits.get(task);
  });
  expect(looks).toBe(2);
});

test("what breaks a deadlock expects all that wait for each other, and nobody else", async () => {
  const found = await findDeadlock(taskNumber(0), seeIn(crossed()));
  expect(names(found?.members)?.toSorted()).toEqual(["task-1", "task-2", "task-3", "task-4"]);
});

test("a graph that changes during the search and is never deadlocked raises no alarm that holds", async () => {
  const random = seededRandom(99);
  let found = 0;
  for (let i = 0; i < 1_500; i++) {
    const moving = new ChangingWaits(random);
    const deadlock = await findDeadlock(taskNumber(0), async (task) => moving.see(task));
    if (deadlock === undefined) continue;
    found++;
    expect(deadlock.members.every((member) => moving.isAsRead(member))).toBe(false);
  }
  // It takes the expectation: what was seen task by task looks like deadlocks.
  expect(found).toBeGreaterThan(20);
});

/** Four tasks in a circle, one of which moves at any moment; which one changes as they are looked at. */
class ChangingWaits {
  readonly #random: () => number;
  readonly #versions = [0, 0, 0, 0];
  #moving = 3;

  constructor(random: () => number) {
    this.#random = random;
  }

  see(task: TaskId): WaitNode {
    const place = Number(task.slice("task-".length));
    const node = waiting(place, {
      moves: place === this.#moving,
      waitsFor: [taskNumber((place + 1) % 4)],
      queuedOnKey: place === 3,
      reading: { version: this.#versions[place] ?? 0, inbox: 0, owner: null, gate: "open" },
    });
    if (this.#random() < 0.5) this.#change();
    return node;
  }

  isAsRead({ task, reading }: WaitNode): boolean {
    return reading.version === this.#versions[Number(task.slice("task-".length))];
  }

  #change(): void {
    const next = Math.floor(this.#random() * 4);
    for (const changed of new Set([this.#moving, next])) {
      this.#versions[changed] = (this.#versions[changed] ?? 0) + 1;
    }
    this.#moving = next;
  }
}
