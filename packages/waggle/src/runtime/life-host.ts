import type { Operation as OperationRef } from "../core/contract.ts";
import type { Envelope } from "../core/envelope.ts";
import type { Outcome } from "../core/event.ts";
import type { TaskId } from "../core/ids.ts";
import type { Divergence } from "./divergence.ts";
import type { OperationHost } from "./operation.ts";
import type { Slots } from "./slots.ts";
import type { Tracker } from "./trail.ts";

/** What a task in memory (`Life`) needs of its host. */
export interface LifeHost<Life> extends OperationHost {
  /** How long a cancelled task may take to end; then it is ended. */
  readonly cancelGraceMs: number;
  /** Replays what handlers have done before that is final; undefined: nobody does. */
  readonly tracker: Tracker | undefined;
  operationOf(agent: string, operation: string): OperationRef | undefined;
  slots(agent: string): Slots;
  lifeOf(task: TaskId): Life | undefined;
  /** Calls `life.turn()` in the next turn, once, however often it is asked. */
  schedule(life: Life): void;
  /** The task is not in this host's memory any more. */
  left(life: Life): void;
  /** The task was closed by this host. */
  closed(task: Envelope, outcome: Outcome): void;
  /** The task was recorded as stuck: it leaves memory. */
  stuck(life: Life, difference: Divergence): void;
  /** Nothing goes on in it: it may be released. Called again each time it comes to rest. */
  resting(life: Life): void;
  /** The store failed; resolves when it may be asked again. */
  trouble(cause: unknown): Promise<void>;
}
