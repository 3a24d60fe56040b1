import type { Envelope } from "../core/envelope.ts";
import { type RuntimeError, runtimeError } from "../core/errors.ts";
import { errorPayload, type OutcomePayload } from "../core/payload.ts";
import { STOPPED } from "../core/stopped.ts";
import type { DeliverWrite } from "../ports/store.ts";
import { cancelMail, dropOperation, unknownEvent } from "./drops.ts";
import type { Operation, OperationOwner } from "./operation.ts";

/** What stopping needs of the task. */
export interface StoppingTask extends OperationOwner {
  readonly host: OperationOwner["host"] & { readonly cancelGraceMs: number };
  readonly operations: Iterable<Operation>;
  /** True while recorded results are left. */
  readonly isReplaying: boolean;
  /** Ends it with `outcome`, whatever its handler does. */
  end(outcome: OutcomePayload): void;
}

/**
 * Stops one task: whatever is open in it is given up, and what does not end within the grace is ended.
 * Owns: the grace. What runs in clean-up scopes goes on until then.
 */
export class Cancellation {
  readonly error: RuntimeError;
  readonly #grace = new AbortController();

  constructor({ agent, operation }: Envelope) {
    const problem = `${agent}.${operation} was cancelled by whoever asked for it, or with its run`;
    this.error = runtimeError("CANCELLED", problem);
  }

  get outcome(): OutcomePayload {
    return errorPayload(this.error.toData());
  }

  start(task: StoppingTask): void {
    const { clock, cancelGraceMs } = task.host;
    clock.sleep(cancelGraceMs, { signal: this.#grace.signal }).then(
      () => this.#force(task),
      () => {}, // it has ended, or left this host
    );
    for (const operation of [...task.operations]) {
      if (!operation.isCleanup) dropOperation(task, operation, "cancelled");
    }
  }

  /** The task has ended, or is not in this host's memory any more. */
  stop(): void {
    this.#grace.abort(STOPPED);
  }

  /**
   * The grace is over. A body that still runs may have done its work or not: that is said. Of guarded effects it is
   * said where the task closes.
   */
  #force(task: StoppingTask): void {
    if (task.finished) return;
    for (const { path, phase, attempts, settling } of task.operations) {
      if (phase !== "running" || settling !== "no" || attempts?.doubt !== undefined) continue;
      const events = [unknownEvent(path, 1)];
      task.outbox.add({ events, starts: false, committed: () => {} });
    }
    task.end(this.outcome);
  }
}

/**
 * Ends a task that is to stop and whose replay does not fit: its handler cannot be brought to where it was, so neither
 * can it be told, nor undo anything. The children it waited for are told to stop.
 */
export function endDiverged(task: StoppingTask): void {
  const { asks, attempts, deliveries } = task.journal;
  const answered = new Set(deliveries.map(({ path }) => path));
  for (const [path, { child, awaited }] of asks) {
    if (!awaited || answered.has(path)) continue;
    const { host } = task;
    const extra = (): readonly [DeliverWrite] => [cancelMail(child)];
    task.outbox.add({ events: [], starts: false, extra, committed: () => host.mailed() });
  }
  const open = new Set([...task.operations].map(({ path }) => path));
  for (const [path, { doubt }] of attempts) {
    // Those that are open are told of where the task closes; after the replay all of them were called.
    if (doubt === undefined || answered.has(path) || open.has(path) || !task.isReplaying) continue;
    const events = [unknownEvent(path, doubt)];
    task.outbox.add({ events, starts: false, committed: () => {} });
  }
  task.end(new Cancellation(task.task).outcome);
}
