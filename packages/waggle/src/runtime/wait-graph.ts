import type { TaskId } from "../core/ids.ts";
import type { ExpectWrite } from "../ports/store.ts";

// The search for deadlocks. Owns: nothing; it only reads. Who waits for whom is seen through a function, so that a
// host can put together what it knows of its own tasks and what the ledger says of all others.
// A task can move if it moves by itself, or if any of the tasks it waits for can move. So a task is deadlocked when
// nothing that can be reached from it moves, and the reason is a group of tasks that wait for each other only.

/** What one task waits for, as far as it can be seen. */
export interface WaitNode {
  readonly task: TaskId;
  readonly agent: string;
  readonly operation: string;
  /** True if it moves by itself: it runs, may be claimed, waits for a time, a signal or a person. */
  readonly moves: boolean;
  /**
   * Tasks any of which lets it move on: its open awaited children; the holder of the key it is queued behind.
   * Empty: nothing that it waits for is known, and it counts as moving.
   */
  readonly waitsFor: readonly TaskId[];
  /** Total order on which all searchers agree, such as that of creation. Compared among queued tasks only. */
  readonly order: number | string;
  /** True if it has not begun, because an older task holds its key. */
  readonly queuedOnKey: boolean;
  /** As it was read: while it is so, nothing of it has changed. What breaks a deadlock expects that. */
  readonly reading: Omit<ExpectWrite, "type" | "task">;
}

/**
 * Looks at one task now.
 * @returns undefined if it is closed: whoever waited for it is about to move.
 */
export type SeeTask = (task: TaskId) => Promise<WaitNode | undefined>;

/** Tasks none of which will ever move unless the ask that created `victim` fails. */
export interface Deadlock {
  /** Each waits for the next, the last for the first, which is the victim. */
  readonly cycle: readonly WaitNode[];
  /** The youngest queued task of those that wait for each other only. It has not begun: nothing is lost with it. */
  readonly victim: WaitNode;
  /** All that wait for each other only, those of the cycle among them: it lasts while none of them changes. */
  readonly members: readonly WaitNode[];
}

/** How far a search goes. */
export interface SearchLimits {
  /** Most tasks that are looked at before it gives up. Default 100,000. */
  readonly limit?: number;
}

/** 100,000 tasks are some 30 MB of nodes, and a search of a second. */
const DEFAULT_LIMIT = 100_000;

/**
 * Looks for a deadlock that `from` is in, or waits for. What it says was seen task by task, and may never have been
 * true at one moment. It is true at any moment at which every member still is as it was read: a commit that expects
 * so raises no false alarm.
 * Every search from a task of the same deadlock names the same victim and the same cycle.
 *
 * Takes time and memory in proportion to the tasks and waits that can be reached, and stops at the first task that
 * moves. A task at a time is looked at.
 * @returns undefined if `from` can move; also if more than `limit` tasks can be reached.
 * @throws what `see` throws.
 */
export async function findDeadlock(
  from: TaskId,
  see: SeeTask,
  options: SearchLimits = {},
): Promise<Deadlock | undefined> {
  const still = await reachStill(from, see, options.limit ?? DEFAULT_LIMIT);
  return still === undefined ? undefined : youngest(closedGroups(still));
}

/**
 * All deadlocks among `nodes`, in no particular order. Waits for tasks that are not among them are left out, so
 * `nodes` must hold everything that its tasks wait for, and none that can move.
 */
export function deadlocksAmong(nodes: ReadonlyMap<TaskId, WaitNode>): readonly Deadlock[] {
  return closedGroups(nodes);
}

/** Everything that can be reached from `from`; undefined if some of it moves, or if it is too much. */
async function reachStill(
  from: TaskId,
  see: SeeTask,
  limit: number,
): Promise<ReadonlyMap<TaskId, WaitNode> | undefined> {
  const nodes = new Map<TaskId, WaitNode>();
  const known = new Set<TaskId>([from]);
  // A set is walked in the order of insertion, and what is added meanwhile comes too: nearest tasks first.
  for (const task of known) {
    if (known.size > limit) return undefined;
    const node = await see(task);
    if (node === undefined || node.moves || node.waitsFor.length === 0) return undefined;
    nodes.set(task, node);
    for (const next of node.waitsFor) known.add(next);
  }
  return nodes;
}

/** The group with the youngest victim, so that all who see several groups begin with the same one. */
function youngest(groups: readonly Deadlock[]): Deadlock | undefined {
  let found: Deadlock | undefined;
  for (const group of groups) {
    if (found === undefined || isYounger(group.victim, found.victim)) found = group;
  }
  return found;
}

function isYounger(one: WaitNode, other: WaitNode): boolean {
  if (one.order === other.order) return one.task > other.task;
  return one.order > other.order;
}

/** Groups of tasks that wait for each other only: each can be reached from each, and nothing else from any. */
function closedGroups(nodes: ReadonlyMap<TaskId, WaitNode>): readonly Deadlock[] {
  const groupOf = new Map<TaskId, number>();
  const groups = mutuallyReachable(nodes);
  for (const [index, members] of groups.entries()) {
    for (const { task } of members) groupOf.set(task, index);
  }
  return groups.flatMap((members, index) => {
    const isInside = (task: TaskId): boolean => groupOf.get(task) === index;
    const isClosed = members.every(({ waitsFor }) => waitsFor.every(isInside));
    // Asking makes a tree, so there is no cycle without a queued task.
    const victim = members
      .filter((member) => member.queuedOnKey)
      .reduce<WaitNode | undefined>(
        (best, next) => (best === undefined || isYounger(next, best) ? next : best),
        undefined,
      );
    if (!isClosed || victim === undefined) return [];
    const cycle = shortestCycle(victim, nodes);
    return cycle === undefined ? [] : [{ cycle, victim, members }];
  });
}

/** One of the shortest ways from `start` back to it; undefined if there is none. The same for whoever looks. */
function shortestCycle(
  start: WaitNode,
  nodes: ReadonlyMap<TaskId, WaitNode>,
): readonly WaitNode[] | undefined {
  const cameFrom = new Map<TaskId, WaitNode>();
  const open = new Set<WaitNode>([start]);
  for (const node of open) {
    for (const task of node.waitsFor) {
      if (task === start.task) return wayTo(node, start, cameFrom);
      const next = nodes.get(task);
      if (next === undefined || open.has(next)) continue;
      cameFrom.set(task, node);
      open.add(next);
    }
  }
  return undefined;
}

function wayTo(
  last: WaitNode,
  start: WaitNode,
  cameFrom: ReadonlyMap<TaskId, WaitNode>,
): readonly WaitNode[] {
  const way: WaitNode[] = [];
  let node: WaitNode | undefined = last;
  while (node !== undefined && node !== start) {
    way.push(node);
    node = cameFrom.get(node.task);
  }
  return [start, ...way.reverse()];
}

/** A task that the walk below is in the middle of. */
interface Visit {
  readonly node: WaitNode;
  readonly index: number;
  /** Of the earliest task that is known to be reached from here and leads back to here. */
  low: number;
  /** The next of its waits to be walked. */
  next: number;
}

/**
 * The groups of tasks that can reach each other, each task in one group.
 * Source: R. Tarjan, "Depth-first search and linear graph algorithms", 1972; without recursion.
 */
function mutuallyReachable(nodes: ReadonlyMap<TaskId, WaitNode>): readonly (readonly WaitNode[])[] {
  const groups: WaitNode[][] = [];
  const visits = new Map<TaskId, Visit>();
  const ungrouped: Visit[] = [];
  const grouped = new Set<TaskId>();
  const path: Visit[] = [];

  function enter(node: WaitNode): void {
    const visit = { node, index: visits.size, low: visits.size, next: 0 };
    visits.set(node.task, visit);
    ungrouped.push(visit);
    path.push(visit);
  }

  function leave(visit: Visit): void {
    path.pop();
    const before = path.at(-1);
    if (before !== undefined) before.low = Math.min(before.low, visit.low);
    if (visit.low !== visit.index) return;
    const group = ungrouped.splice(ungrouped.lastIndexOf(visit)).map((member) => member.node);
    for (const { task } of group) grouped.add(task);
    groups.push(group);
  }

  function step(visit: Visit): void {
    const task = visit.node.waitsFor[visit.next++];
    if (task === undefined) {
      leave(visit);
      return;
    }
    const known = visits.get(task);
    const node = nodes.get(task);
    if (known === undefined && node !== undefined) enter(node);
    else if (known !== undefined && !grouped.has(task))
      visit.low = Math.min(visit.low, known.index);
  }

  for (const node of nodes.values()) {
    if (visits.has(node.task)) continue;
    enter(node);
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) step(visit);
  }
  return groups;
}
