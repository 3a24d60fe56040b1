import { runtimeError } from "../core/errors.ts";
import type { RunId, TaskId } from "../core/ids.ts";
import { deadlocksAmong, type WaitNode } from "../runtime/wait-graph.ts";
import type {
  Movement,
  RootCause,
  RunExplanation,
  TaskExplanation,
  WaitReason,
} from "./explanation.ts";
import { byMovement, liveliest, movementsOf, settled, type Waits } from "./movement.ts";
import { holdsBack, linkOf, reasonsOf } from "./reasons.ts";
import { type LedgerReads, type Survey, type SurveyedTask, survey } from "./survey.ts";

/**
 * Tells why a run is not finished: for each of its unfinished tasks what it waits for, since when, until when, and
 * who must act; and what all that comes down to. Reads the ledger only, and is not one snapshot: what happens while
 * it reads may be in it or not. What a host keeps in memory cannot be seen; a task that a living host has counts as
 * moving, so `idle` and `blocked` are certain.
 *
 * Looks at 1,000 tasks at most, and says if there were more.
 * @param now - Wall-clock ms, of the ledger's clock.
 * @throws RuntimeError `NOT_FOUND` for an unknown run; what the ledger throws.
 */
export async function explainRun(
  reads: LedgerReads,
  run: RunId,
  now: number,
): Promise<RunExplanation> {
  const [row] = await reads.runs({ run });
  if (row === undefined) throw runtimeError("NOT_FOUND", `there is no run '${run}'`);
  const surveyed = await survey(reads, row, now);
  const waits = waitsIn(surveyed);
  const movements = movementsOf(waits, true);
  const tasks = [...surveyed.tasks].map(([id, task]) =>
    explanationOf(task, movements.get(id) ?? "moving", waits, movements),
  );
  const own = tasks.filter((task) => task.run === run).map(({ movement }) => movement);
  return {
    run,
    gate: row.gate,
    state: own.length === 0 ? "finished" : own.reduce(liveliest, "blocked"),
    rootCauses: rootCauses(surveyed, waits, tasks),
    tasks,
    isComplete: surveyed.isComplete,
  };
}

function waitsIn(surveyed: Survey): Waits {
  return new Map([...surveyed.tasks].map(([id, task]) => [id, reasonsOf(task, surveyed)]));
}

function explanationOf(
  { loaded }: SurveyedTask,
  movement: Movement,
  waits: Waits,
  movements: ReadonlyMap<TaskId, Movement>,
): TaskExplanation {
  const { id, run, parent, agent, operation, key } = loaded.row;
  return {
    task: id,
    run,
    parent,
    agent,
    operation,
    key,
    since: loaded.origin.at,
    movement,
    waits: (waits.get(id) ?? []).map((reason) => settled(reason, waits, movements)),
  };
}

function rootCauses(
  surveyed: Survey,
  waits: Waits,
  tasks: readonly TaskExplanation[],
): readonly RootCause[] {
  const causes: RootCause[] = tasks.flatMap((task) =>
    causesIn(task.waits).map((wait) => ({ type: "wait" as const, task: task.task, wait })),
  );
  const movementOf = new Map(tasks.map(({ task, movement }) => [task, movement]));
  const deadlocks = deadlocksAmong(blockedNodes(surveyed, waits)).map(({ cycle, victim }) => ({
    type: "deadlock" as const,
    cycle: cycle.map(({ task }) => task),
    movement: movementOf.get(victim.task) ?? "blocked",
  }));
  return [...deadlocks, ...causes].sort((a, b) => byMovement(causeMovement(a), causeMovement(b)));
}

function causeMovement(cause: RootCause): Movement {
  return cause.type === "deadlock" ? cause.movement : cause.wait.movement;
}

/** What of `waits` no other task explains. */
function causesIn(waits: readonly WaitReason[]): readonly WaitReason[] {
  const holding = waits.filter(holdsBack);
  if (holding.length > 0) return holding;
  // A host that has a task which waits for something may do nothing with it.
  return waits.filter(
    (wait) => linkOf(wait) === undefined && (wait.type !== "running" || waits.length === 1),
  );
}

/** Tasks that nothing sets going, except that their asks are given up one day. */
function blockedNodes(surveyed: Survey, waits: Waits): ReadonlyMap<TaskId, WaitNode> {
  const movements = movementsOf(waits, false);
  const nodes = new Map<TaskId, WaitNode>();
  for (const [task, { loaded, holder }] of surveyed.tasks) {
    if (movements.get(task) !== "blocked") continue;
    const reasons = waits.get(task) ?? [];
    const { agent, operation, version, inbox, owner } = loaded.row;
    nodes.set(task, {
      task,
      agent,
      operation,
      moves: false,
      waitsFor: reasons.some(holdsBack) ? [] : reasons.flatMap((reason) => linkOf(reason) ?? []),
      order: loaded.origin.position,
      queuedOnKey: holder !== undefined,
      reading: { version, inbox, owner, gate: loaded.gate },
    });
  }
  return nodes;
}
