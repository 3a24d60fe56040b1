import type { TaskId } from "../core/ids.ts";
import type { Movement, WaitReason } from "./explanation.ts";
import { holdsBack, linkOf } from "./reasons.ts";

/** What the tasks of a survey wait for. */
export type Waits = ReadonlyMap<TaskId, readonly WaitReason[]>;

const RANKS: Readonly<Record<Movement, number>> = { blocked: 0, idle: 1, moving: 2 };

/** The one of two that moves more. */
export function liveliest(one: Movement, other: Movement): Movement {
  return RANKS[one] >= RANKS[other] ? one : other;
}

/** Puts the one that moves less first. */
export function byMovement(one: Movement, other: Movement): number {
  return RANKS[one] - RANKS[other];
}

/**
 * How each task moves: as the liveliest thing it waits for, unless something holds it back. A task that is waited
 * for and is not in `waits` is closed, or could not be looked at: whoever waits for it counts as moving.
 * @param countsTimeOuts - True: who waits for an answer up to a time is idle at least.
 */
export function movementsOf(waits: Waits, countsTimeOuts: boolean): ReadonlyMap<TaskId, Movement> {
  const found = new Map<TaskId, Movement>();
  const waiters = new Map<TaskId, TaskId[]>();
  for (const [task, reasons] of waits) {
    found.set(task, ownMovement(reasons, waits, countsTimeOuts));
    if (reasons.some(holdsBack)) continue;
    for (const target of reasons.flatMap((reason) => linkOf(reason) ?? [])) {
      const others = waiters.get(target);
      if (others === undefined) waiters.set(target, [task]);
      else others.push(task);
    }
  }
  for (const movement of ["moving", "idle"] as const) spread(movement, found, waiters);
  return found;
}

/** Without what the tasks it waits for add to it. */
function ownMovement(
  reasons: readonly WaitReason[],
  waits: Waits,
  countsTimeOuts: boolean,
): Movement {
  const holding = reasons.filter(holdsBack).map(({ movement }) => movement);
  if (holding.length > 0) return holding.includes("blocked") ? "blocked" : "idle";
  return reasons
    .map((reason) => linkMovement(reason, waits, countsTimeOuts))
    .reduce(liveliest, "blocked");
}

function linkMovement(reason: WaitReason, waits: Waits, countsTimeOuts: boolean): Movement {
  const target = linkOf(reason);
  if (target !== undefined && !waits.has(target)) return "moving";
  const endsInTime = target !== undefined && countsTimeOuts && reason.until !== null;
  return endsInTime ? "idle" : reason.movement;
}

/** Whoever waits for a task with `movement` has at least that. */
function spread(
  movement: Movement,
  found: Map<TaskId, Movement>,
  waiters: ReadonlyMap<TaskId, readonly TaskId[]>,
): void {
  const reached = [...found].filter(([, own]) => own === movement).map(([task]) => task);
  // The list grows while it is walked.
  for (const task of reached) {
    for (const waiter of waiters.get(task) ?? []) {
      if (RANKS[found.get(waiter) ?? movement] >= RANKS[movement]) continue;
      found.set(waiter, movement);
      reached.push(waiter);
    }
  }
}

/** `reason` with what comes of it, now that all tasks are known. */
export function settled(
  reason: WaitReason,
  waits: Waits,
  movements: ReadonlyMap<TaskId, Movement>,
): WaitReason {
  const target = linkOf(reason);
  if (target === undefined) return reason;
  const own = linkMovement(reason, waits, true);
  return { ...reason, movement: liveliest(own, movements.get(target) ?? own) };
}
