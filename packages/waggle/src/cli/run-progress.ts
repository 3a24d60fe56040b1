import type { ErrorData } from "../core/errors.ts";
import type { Outcome, TaskEvent } from "../core/event.ts";
import { type Path, type RunId, rootTaskId, type TaskId } from "../core/ids.ts";
import type { Plan, PlanTask } from "../orchestration/plan.ts";
import type { RunEvent } from "../runtime/runs.ts";

/** A task of a run, as the events tell it. */
export interface TaskProgress {
  readonly id: TaskId;
  /** The id in the plan; otherwise what was asked, as `agent.operation`. Below the root's: after its asker's. */
  readonly name: string;
  /** `agent.operation` */
  readonly asked: string;
  /** The place in the asker's handler; null for the root. */
  readonly path: Path | null;
  readonly parent: TaskId | null;
  readonly state: "open" | "done" | "failed" | "stuck";
  readonly error: ErrorData | null;
  /** Wall-clock ms. */
  readonly startedAt: number;
  /** Wall-clock ms; null while it is open. */
  readonly endedAt: number | null;
}

/** What an event means for someone who watches. */
export type Change =
  | { readonly type: "planned"; readonly plan: Plan }
  | { readonly type: "started"; readonly task: TaskProgress }
  | {
      readonly type: "step-recorded";
      readonly task: TaskProgress;
      readonly step: string;
      readonly outcome: Outcome;
    }
  | { readonly type: "ended"; readonly task: TaskProgress }
  | { readonly type: "stuck"; readonly task: TaskProgress; readonly why: string }
  | { readonly type: "skipped"; readonly id: string; readonly because: readonly string[] }
  | { readonly type: "closed"; readonly outcome: Outcome };

type Of<T extends TaskEvent["type"]> = Extract<TaskEvent, { readonly type: T }>;

/** The place where the root asks for its plan. */
const PLANNER_PATH = "ask:planner.plan";

/** Folds the events of one run, in their order, into what is known of it. */
export class RunProgress {
  readonly #root: TaskId;
  readonly #tasks = new Map<TaskId, TaskProgress>();
  #plan: Plan | undefined;
  #steps = 0;
  #outcome: Outcome | undefined;

  constructor(run: RunId) {
    this.#root = rootTaskId(run);
  }

  /** All tasks but the root, in the order in which they were asked for. */
  get tasks(): readonly TaskProgress[] {
    return [...this.#tasks.values()].filter((task) => task.id !== this.#root);
  }

  get plan(): Plan | undefined {
    return this.#plan;
  }

  /** Steps whose outcome is recorded: they will not run again (K5). */
  get stepsRecorded(): number {
    return this.#steps;
  }

  /** How the run ended; undefined while it has not. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** How far the task of the plan is; undefined if it was not asked for. */
  planned(task: PlanTask): TaskProgress | undefined {
    return this.tasks.find((one) => one.parent === this.#root && one.name === task.id);
  }

  /** Takes the next event. */
  apply({ task, at, event }: RunEvent): readonly Change[] {
    switch (event.type) {
      case "started":
        this.#tasks.set(task, newTask(task, "run", "", null, null, at));
        return [];
      case "asked":
        return this.#asked(task, event, at);
      case "done":
        return this.#done(task, event);
      case "received":
        return this.#received(task, event);
      case "dropped":
        return this.#dropped(task, event, at);
      case "stuck":
        return this.#stuck(task, event);
      case "resumed":
        return this.#resumed(task);
      case "closed":
        return this.#closed(task, event.outcome, at);
      case "intent":
      case "unknown":
      case "armed":
      case "fired":
      case "marked":
      case "restarted":
      case "retrying":
        return [];
    }
  }

  #asked(parent: TaskId, { child, target, path }: Of<"asked">, at: number): readonly Change[] {
    const own = keyOf(path) ?? target;
    const asker = this.#tasks.get(parent);
    const name = parent === this.#root || asker === undefined ? own : `${asker.name} > ${own}`;
    const task = newTask(child, name, target, path, parent, at);
    this.#tasks.set(child, task);
    return [{ type: "started", task }];
  }

  #done(id: TaskId, { path, outcome }: Of<"done">): readonly Change[] {
    this.#steps++;
    const task = this.#tasks.get(id);
    if (task === undefined) return [];
    return [{ type: "step-recorded", task, step: stepName(path), outcome }];
  }

  #received(id: TaskId, { path, outcome }: Of<"received">): readonly Change[] {
    if (id !== this.#root || !path.startsWith(PLANNER_PATH) || outcome.type !== "value") return [];
    // The planner's answer was checked by its contract before it was recorded.
    this.#plan = outcome.value as Plan;
    return [{ type: "planned", plan: this.#plan }];
  }

  /** The asker stopped waiting: whatever becomes of the work, its answer comes too late. */
  #dropped(parent: TaskId, { path, why }: Of<"dropped">, at: number): readonly Change[] {
    const task = [...this.#tasks.values()].find(
      (one) => one.parent === parent && one.path === path && one.endedAt === null,
    );
    if (task === undefined || why !== "timeout") return [];
    const message = "no answer came in time";
    return this.#end(task, "failed", at, lateError(message));
  }

  #stuck(id: TaskId, { expected, actual, hint }: Of<"stuck">): readonly Change[] {
    const task = this.#change(id, { state: "stuck" });
    const why = `the record goes on with ${expected}, the code with ${actual}: ${hint}`;
    return task === undefined ? [] : [{ type: "stuck", task, why }];
  }

  #resumed(id: TaskId): readonly Change[] {
    if (this.#tasks.get(id)?.state === "stuck") this.#change(id, { state: "open" });
    return [];
  }

  #closed(id: TaskId, outcome: Outcome, at: number): readonly Change[] {
    if (id === this.#root) {
      this.#outcome = outcome;
      return [...this.#skips(outcome), { type: "closed", outcome }];
    }
    const task = this.#tasks.get(id);
    if (task === undefined || task.endedAt !== null) return [];
    return outcome.type === "value"
      ? this.#end(task, "done", at, null)
      : this.#end(task, "failed", at, outcome.error);
  }

  #end(
    task: TaskProgress,
    state: "done" | "failed",
    at: number,
    error: ErrorData | null,
  ): readonly Change[] {
    const ended = this.#change(task.id, { state, error, endedAt: at });
    return ended === undefined ? [] : [{ type: "ended", task: ended }];
  }

  /** Tasks of the plan that were never asked for; the run's result says why. */
  #skips(outcome: Outcome): readonly Change[] {
    if (outcome.type === "error") return [];
    const { results } = outcome.value as { readonly results?: Readonly<Record<string, unknown>> };
    return Object.entries(results ?? {}).flatMap(([id, result]) => {
      const { type, because } = result as { readonly type?: string; readonly because?: string[] };
      return type === "skipped" ? [{ type, id, because: because ?? [] }] : [];
    });
  }

  #change(id: TaskId, facts: Partial<TaskProgress>): TaskProgress | undefined {
    const task = this.#tasks.get(id);
    if (task === undefined) return undefined;
    const changed = { ...task, ...facts };
    this.#tasks.set(id, changed);
    return changed;
  }
}

function newTask(
  id: TaskId,
  name: string,
  asked: string,
  path: Path | null,
  parent: TaskId | null,
  at: number,
): TaskProgress {
  const fresh = { state: "open", error: null, endedAt: null } as const;
  return { id, name, asked, path, parent, startedAt: at, ...fresh };
}

/** `ask:qa.test[tests]` -> `tests` */
function keyOf(path: Path): string | undefined {
  return /\[(.*)\](?:#\d+)?$/.exec(path)?.[1];
}

/** `step:run the tests` -> `run the tests` */
function stepName(path: Path): string {
  return path.slice(path.indexOf(":") + 1);
}

function lateError(message: string): ErrorData {
  const kind = "timeout" as const;
  return { code: "ASK_TIMEOUT", kind, outcome: "unknown", retryable: false, message };
}
