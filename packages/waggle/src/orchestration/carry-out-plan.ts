import { runtimeError } from "../core/errors.ts";
import { toErrorData } from "../core/thrown.ts";
import type { Context } from "../runtime/context.ts";
import type { FindOperation } from "./check-plan.ts";
import type { Plan, PlanTask, TaskResult } from "./plan.ts";

/** How a plan is carried out. */
export interface CarryOutOptions {
  /** Tasks that may be asked for at one time. Default 8. */
  readonly concurrency?: number;
}

/**
 * Carries out a plan that {@link checkPlan} found nothing wrong with: each task starts the moment its own
 * dependencies have ended, longest remaining path first, at most `concurrency` at a time. Failures are kept
 * as data and never stop the others.
 * @returns how each task ended, in the order of the plan.
 */
export async function carryOutPlan(
  ctx: Context,
  plan: Plan,
  find: FindOperation,
  options: CarryOutOptions = {},
): Promise<Readonly<Record<string, TaskResult>>> {
  const concurrency = options.concurrency ?? 8;
  const results = new Map<string, TaskResult>();
  const running = new Map<string, Promise<readonly [string, TaskResult]>>();
  const waiting = byRemainingPath(plan.tasks);
  for (;;) {
    skipHopeless(waiting, results);
    for (const task of waiting) {
      if (running.size >= concurrency) break;
      if (!task.needs.every((need) => results.has(need))) continue;
      waiting.delete(task);
      running.set(task.id, askFor(ctx, task, find, results));
    }
    if (running.size === 0) break;
    const [id, result] = await Promise.race(running.values());
    running.delete(id);
    results.set(id, result);
  }
  return Object.fromEntries(plan.tasks.flatMap(({ id }) => entry(id, results.get(id))));
}

function entry(id: string, result: TaskResult | undefined): [string, TaskResult][] {
  return result === undefined ? [] : [[id, result]];
}

async function askFor(
  ctx: Context,
  task: PlanTask,
  find: FindOperation,
  results: ReadonlyMap<string, TaskResult>,
): Promise<readonly [string, TaskResult]> {
  try {
    const target = find(task.agent, task.operation);
    if (target === undefined) {
      throw runtimeError("INVALID_PLAN", `nobody offers ${task.agent}.${task.operation}`);
    }
    const needed = Object.fromEntries(task.needs.flatMap((id) => entry(id, results.get(id))));
    const value = await ctx.ask(
      target,
      { ...task.input, results: needed },
      { key: task.id, ...(task.timeoutMs === undefined ? {} : { timeoutMs: task.timeoutMs }) },
    );
    return [task.id, { type: "done", value }];
  } catch (error) {
    return [task.id, { type: "failed", error: toErrorData(error) }];
  }
}

/** Skips what can never start because something it needs failed; in rounds, for skips cause skips. */
function skipHopeless(waiting: Set<PlanTask>, results: Map<string, TaskResult>): void {
  for (let found = true; found; ) {
    found = false;
    for (const task of waiting) {
      if (task.afterFailure === "run") continue;
      const because = task.needs.filter((need) => {
        const type = results.get(need)?.type;
        return type === "failed" || type === "skipped";
      });
      if (because.length === 0) continue;
      waiting.delete(task);
      results.set(task.id, { type: "skipped", because });
      found = true;
    }
  }
}

/** Tasks with the longest way from their start to the end of the plan first; ties in the order of the plan. */
function byRemainingPath(tasks: readonly PlanTask[]): Set<PlanTask> {
  const dependents = new Map<string, PlanTask[]>();
  for (const task of tasks) {
    for (const need of task.needs) {
      dependents.set(need, [...(dependents.get(need) ?? []), task]);
    }
  }
  const lengths = new Map<PlanTask, number>();
  // From the last to the first: a task is measured when all that depend on it are.
  const open = new Map(tasks.map((task) => [task, (dependents.get(task.id) ?? []).length]));
  const ready = tasks.filter((task) => open.get(task) === 0);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (let task = ready.pop(); task !== undefined; task = ready.pop()) {
    const below = (dependents.get(task.id) ?? []).map((other) => lengths.get(other) ?? 0);
    lengths.set(task, 1 + below.reduce((a, b) => Math.max(a, b), 0));
    for (const need of task.needs.map((id) => byId.get(id))) {
      if (need === undefined) continue;
      const left = (open.get(need) ?? 0) - 1;
      open.set(need, left);
      if (left === 0) ready.push(need);
    }
  }
  const length = (task: PlanTask): number => lengths.get(task) ?? 0;
  return new Set([...tasks].sort((a, b) => length(b) - length(a)));
}
