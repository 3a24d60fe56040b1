import type { Operation } from "../core/contract.ts";
import { encodeData } from "../core/data.ts";
import { RuntimeError } from "../core/errors.ts";
import type { Plan, PlanTask } from "./plan.ts";

/** Finds the operation a task of a plan names; undefined if nobody offers it. */
export type FindOperation = (agent: string, operation: string) => Operation | undefined;

/** Something wrong with a plan. */
export interface PlanProblem {
  /** The task it is about; null: the plan as a whole. */
  readonly task: string | null;
  readonly message: string;
}

/** Most tasks in one plan. */
const MAX_PLAN_TASKS = 1_000;

const TASK_ID = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * Checks a plan before anything of it runs.
 * @returns all problems at once, in the order of the tasks; empty if the plan can be carried out.
 */
export function checkPlan(plan: Plan, find: FindOperation): readonly PlanProblem[] {
  const { tasks } = plan;
  const problems: PlanProblem[] = [];
  if (tasks.length === 0) problems.push({ task: null, message: "the plan has no tasks" });
  if (tasks.length > MAX_PLAN_TASKS) {
    const message = `the plan has ${tasks.length} tasks (limit ${MAX_PLAN_TASKS})`;
    problems.push({ task: null, message });
  }
  const ids = new Set(tasks.map((task) => task.id));
  const seen = new Set<string>();
  for (const task of tasks) {
    if (seen.has(task.id)) problems.push({ task: task.id, message: "its id is used twice" });
    seen.add(task.id);
    for (const message of taskProblems(task, ids, find)) problems.push({ task: task.id, message });
  }
  for (const cycle of findCycles(tasks)) {
    const message = `it waits for itself: ${[...cycle, cycle[0]].join(" -> ")}`;
    problems.push({ task: cycle[0] ?? null, message });
  }
  return problems;
}

function taskProblems(
  task: PlanTask,
  ids: ReadonlySet<string>,
  find: FindOperation,
): readonly string[] {
  const problems: string[] = [];
  if (!TASK_ID.test(task.id)) problems.push(`its id does not match ${TASK_ID.source}`);
  const target = find(task.agent, task.operation);
  if (target === undefined) {
    problems.push(`nobody offers operation '${task.operation}' of agent '${task.agent}'`);
  }
  for (const need of task.needs) {
    if (!ids.has(need)) problems.push(`it needs task '${need}', which is not in the plan`);
  }
  const twice = task.needs.filter((need, i) => task.needs.indexOf(need) !== i);
  if (twice.length > 0) problems.push(`it names ${twice.join(", ")} twice in what it needs`);
  if (Object.hasOwn(task.input, "results")) {
    problems.push("its input has a property 'results', which is where the results of others go");
  }
  if (task.timeoutMs !== undefined && !(task.timeoutMs > 0)) {
    problems.push(`its timeoutMs is ${task.timeoutMs}, not above 0`);
  }
  try {
    encodeData(task.input, "its input");
  } catch (error) {
    if (!RuntimeError.is(error)) throw error;
    problems.push(error.message);
  }
  return problems;
}

/** Rings of tasks that wait for each other, in the order of waiting: one for each need that closes a ring. */
function findCycles(tasks: readonly PlanTask[]): readonly (readonly string[])[] {
  // Deeper than the limit is refused already, and would only endanger the call stack.
  if (tasks.length > MAX_PLAN_TASKS) return [];
  const needs = new Map(tasks.map((task) => [task.id, task.needs]));
  const done = new Set<string>();
  const cycles: (readonly string[])[] = [];
  const visit = (id: string, path: readonly string[]): void => {
    if (done.has(id)) return;
    const at = path.indexOf(id);
    if (at >= 0) {
      cycles.push(path.slice(at));
      return;
    }
    for (const need of needs.get(id) ?? []) visit(need, [...path, id]);
    done.add(id);
  };
  for (const { id } of tasks) visit(id, []);
  return cycles;
}
