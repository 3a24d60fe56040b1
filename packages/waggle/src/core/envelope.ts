import type { Path, RunId, TaskId } from "./ids.ts";
import type { Priority } from "./priority.ts";

/** An accepted message. Every one of them *is* a task: this is what is known when it is created. */
export interface Envelope {
  readonly id: TaskId;
  /** Correlation: every message that a start caused carries its run. */
  readonly run: RunId;
  /** Causation: the task whose handler sent it, and where there. Null for the root of a run. */
  readonly parent: TaskId | null;
  readonly path: Path | null;
  /** True for an ask: the answer goes to the parent. False for a send or a root. */
  readonly awaited: boolean;
  readonly agent: string;
  readonly operation: string;
  readonly priority: Priority;
  /** How many messages lie between this one and the root; 0 for the root. */
  readonly hops: number;
  /** Of the tasks of one agent and key one runs at a time, in order of creation (K9); null: it has none. */
  readonly key: string | null;
  /**
   * When nobody waits for the answer any more; null: no limit. In run time: wall-clock ms less the time for which
   * the run was paused.
   */
  readonly deadline: number | null;
}
