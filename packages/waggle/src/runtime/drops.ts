import { RuntimeError } from "../core/errors.ts";
import type { DropReason, Outcome } from "../core/event.ts";
import { type EncodedEvent, encodeEvent } from "../core/event-codec.ts";
import type { Path, TaskId } from "../core/ids.ts";
import type { DeliverWrite } from "../ports/store.ts";
import { cancelled, DROP_REASONS } from "./journal.ts";
import type { Operation, OperationOwner } from "./operation.ts";

// Giving operations up: the losers of a race, the other branches of an `all` that failed, everything in a task
// that is cancelled. Owns: how an operation that nobody needs comes to its end.
// Invariants:
// D1 each of them ends with a record of its own, so that replay goes on at the same turn (K4).
// D2 one whose body runs ends when the body has: it says what it did, or that it was stopped.
// D3 one that asked ends with its child's answer: children end before whoever gave them up goes on.

/** Gives `operation` up. `lost`: its handler hears so at once. `cancelled`: it hears when the operation has ended. */
export function dropOperation(
  owner: OperationOwner,
  operation: Operation,
  why: "lost" | "cancelled",
): void {
  if (why === "lost") {
    operation.lose(new RuntimeError(cancelled(operation.path, DROP_REASONS.lost)));
  }
  if (operation.dropped !== undefined) return;
  operation.dropped = why;
  if (operation.settling !== "no" || operation.phase === "new") return;
  endDropped(owner, operation);
}

/**
 * Brings a dropped operation to its end, as far as that can be done now. Asked again at each step of its way: when
 * what it was about to begin is recorded, and when it would begin.
 */
export function endDropped(owner: OperationOwner, operation: Operation): void {
  const why = operation.dropped;
  if (why === undefined || owner.finished) return;
  if (operation.phase === "running") {
    operation.stop?.(new RuntimeError(cancelled(operation.path, DROP_REASONS[why])));
  } else if (operation.child !== undefined) {
    cancelChild(owner, operation, operation.child, why);
  } else if (operation.phase !== "starting") {
    recordDropped(owner, operation);
  }
}

/** Records that a dropped operation did not happen, or not to its end; or that nobody knows whether it did. */
export function recordDropped(owner: OperationOwner, operation: Operation): void {
  const { path, dropped } = operation;
  if (dropped === undefined || operation.settling !== "no" || owner.finished) return;
  operation.settling = "recording";
  operation.stop?.(undefined);
  const outcome: Outcome = { type: "error", error: cancelled(path, DROP_REASONS[dropped]) };
  const events = droppedEvents(owner, operation, dropped);
  owner.outbox.add({
    events,
    starts: false,
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome });
    },
  });
}

/** The last record of an operation that nobody waits for, after what it leaves in doubt. */
export function droppedEvents(
  owner: Pick<OperationOwner, "journal">,
  operation: Operation,
  why: DropReason,
): readonly EncodedEvent[] {
  const { path } = operation;
  const dropped = encodeEvent({ type: "dropped", path, why });
  const attempt = doubtOf(owner, operation);
  return attempt === undefined ? [dropped] : [unknownEvent(path, attempt), dropped];
}

/** The record that nobody can say any more whether `attempt` had its effect. */
export function unknownEvent(path: Path, attempt: number): EncodedEvent {
  return encodeEvent({ type: "unknown", path, attempt, policy: "once" });
}

/** The attempt of it that may have had its effect, in this life or an earlier one; undefined: none may. */
function doubtOf(
  { journal }: Pick<OperationOwner, "journal">,
  { attempts, path }: Operation,
): number | undefined {
  return attempts === undefined ? journal.attempts.get(path)?.doubt : attempts.doubt;
}

/** The child is told to stop; what it answers ends the operation (D3). */
function cancelChild(
  owner: OperationOwner,
  operation: Operation,
  child: TaskId,
  why: "lost" | "cancelled",
): void {
  operation.stop?.(undefined);
  operation.stop = undefined;
  operation.deadline = null;
  if (owner.journal.drops.has(operation.path)) return;
  owner.outbox.add({
    events: [encodeEvent({ type: "dropped", path: operation.path, why })],
    starts: false,
    extra: () => [cancelMail(child)],
    committed: () => owner.host.mailed(),
  });
}

/** Tells `task` to stop; nothing if it has ended. */
export function cancelMail(task: TaskId): DeliverWrite {
  return { type: "deliver", task, kind: "cancel", path: null, data: "null", late: "drop" };
}
