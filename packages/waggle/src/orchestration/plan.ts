import type { ErrorData } from "../core/errors.ts";

/** One task of a plan: which agent is asked for what, after which others. */
export interface PlanTask {
  /** `^[a-z][a-z0-9-]{0,63}$`, unique in its plan. */
  readonly id: string;
  /** What it is for, in words; shown as progress. */
  readonly description: string;
  readonly agent: string;
  readonly operation: string;
  /**
   * Plain data for the agent. The agent gets it with one more property, `results`: the {@link TaskResult} of
   * each task in `needs`, by id.
   */
  readonly input: Readonly<Record<string, unknown>>;
  /** Ids of the tasks whose results it needs. It starts the moment all of them have ended. */
  readonly needs: readonly string[];
  /** When something it needs failed or was skipped: `skip` it too (default), or `run` it with what there is. */
  readonly afterFailure?: "skip" | "run";
  /** How long its answer is waited for, in ms. Default: the contract's. */
  readonly timeoutMs?: number;
}

/** A plan is data: made by a planner, checked before anything runs, carried out by an orchestrator. */
export interface Plan {
  /** The goal in the words of whoever set it. */
  readonly goal: string;
  readonly tasks: readonly PlanTask[];
}

/** How a task of a plan ended. Failures are data: the results of all others are kept. */
export type TaskResult =
  | { readonly type: "done"; readonly value: unknown }
  | { readonly type: "failed"; readonly error: ErrorData }
  /** It was never asked, because `because` (ids of what it needs) failed or were skipped. */
  | { readonly type: "skipped"; readonly because: readonly string[] };
