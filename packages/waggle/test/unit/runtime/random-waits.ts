import type { TaskId } from "../../../src/core/ids.ts";
import type { WaitNode } from "../../../src/runtime/wait-graph.ts";

/** Who waits for whom, at one moment. */
export type Waits = ReadonlyMap<TaskId, WaitNode>;

/** A task that stands still, waits for nothing, and is changed by `more`. */
export function waiting(name: number, more: Partial<WaitNode> = {}): WaitNode {
  return {
    task: taskNumber(name),
    agent: "cook",
    operation: "boil",
    moves: false,
    waitsFor: [],
    order: name,
    queuedOnKey: false,
    reading: { version: 0, inbox: 0, owner: null, gate: "open" },
    ...more,
  };
}

/** The `n`-th task; ids sort otherwise than numbers do, as real ones do. */
export function taskNumber(n: number): TaskId {
  return `task-${n}` as TaskId;
}

/** The nodes by task. */
export function waitsOf(nodes: readonly WaitNode[]): Waits {
  return new Map(nodes.map((node) => [node.task, node]));
}

/** Tasks that can move: the least set in which a task is that moves, waits for nothing, or waits for a member. */
export function canMove(waits: Waits): ReadonlySet<TaskId> {
  const movable = new Set<TaskId>();
  for (let before = -1; before !== movable.size; ) {
    before = movable.size;
    for (const { task, moves, waitsFor } of waits.values()) {
      const isFree = moves || waitsFor.length === 0;
      // A task that is not there is closed.
      if (isFree || waitsFor.some((next) => movable.has(next) || !waits.has(next))) {
        movable.add(task);
      }
    }
  }
  return movable;
}

/**
 * 2 to 50 tasks as the kernel makes them: each is asked by an earlier one that has begun, rather by one that asked
 * nobody yet; some have keys and are queued behind the oldest task of their key; what has nobody to wait for moves, or
 * nothing is known of it.
 */
export function randomRuns(random: () => number): Waits {
  const count = 2 + Math.floor(random() * 49);
  const keys = 1 + Math.floor(random() * 4);
  const keyRate = random();
  const freshRate = random();
  const holders = new Map<number, number>();
  const waitsFor: TaskId[][] = [];
  const begun: number[] = [];
  const queued = new Set<number>();
  for (let i = 0; i < count; i++) {
    const fresh = begun.filter((n) => waitsFor[n]?.length === 0);
    const from = fresh.length > 0 && random() < freshRate ? fresh : begun;
    const parent = from[Math.floor(random() * from.length)];
    if (parent !== undefined) waitsFor[parent]?.push(taskNumber(i));
    // A key of its own is as good as none.
    const key = random() < keyRate ? Math.floor(random() * keys) : -i - 1;
    const holder = holders.get(key);
    waitsFor.push(holder === undefined ? [] : [taskNumber(holder)]);
    if (holder !== undefined) {
      queued.add(i);
      continue;
    }
    begun.push(i);
    holders.set(key, i);
  }
  const movingRate = random() * 0.05;
  return waitsOf(
    waitsFor.map((tasks, i) => {
      const moves = random() < (tasks.length === 0 ? 0.5 : movingRate);
      return waiting(i, { moves, waitsFor: tasks, queuedOnKey: queued.has(i) });
    }),
  );
}

/** 2 to 50 tasks that wait for any others; a wait for an older task is one for the holder of a key. */
export function randomGraph(random: () => number): Waits {
  const count = 2 + Math.floor(random() * 49);
  const fanOut = 1 + Math.floor(random() * 3);
  const movingRate = random() * 0.1;
  return waitsOf(
    [...Array(count).keys()].map((i) => {
      const targets = [...Array(1 + Math.floor(random() * fanOut))].map(() =>
        Math.floor(random() * count),
      );
      return waiting(i, {
        moves: random() < movingRate,
        waitsFor: targets.map(taskNumber),
        queuedOnKey: targets.some((target) => target <= i),
      });
    }),
  );
}
