import { STOPPED } from "../core/stopped.ts";
import { endDropped, recordDropped } from "./drops.ts";
import { type Operation, type OperationOwner, runTime } from "./operation.ts";

/** From here on the operation waits, in memory or not, and needs no slot. */
export function park(owner: OperationOwner, operation: Operation): void {
  operation.phase = "parked";
  owner.parked(operation);
}

/** Ends what an earlier life began of an operation that nobody needs any more. */
export function beginDropped(owner: OperationOwner, operation: Operation): void {
  const recorded = owner.journal.asks.get(operation.path);
  if (recorded?.awaited === true) {
    operation.child = recorded.child;
    park(owner, operation);
    endDropped(owner, operation);
  } else {
    recordDropped(owner, operation);
  }
}

/** Calls `fired` at `until` (run time), unless the operation is stopped or its task leaves memory before. */
export function startTimer(
  owner: OperationOwner,
  operation: Operation,
  until: number,
  fired: () => void,
): void {
  const timer = new AbortController();
  operation.stop = () => {
    timer.abort(STOPPED);
    operation.restartTimer = undefined;
  };
  operation.restartTimer = () => {
    timer.abort(STOPPED);
    startTimer(owner, operation, until, fired);
  };
  const ms = Math.max(0, until - runTime(owner));
  owner.host.clock.sleep(ms, { signal: timer.signal }).then(
    () => {
      // While the run is paused its time cannot come: it is set anew when the run goes on.
      if (operation.settling !== "no" || owner.finished || owner.pausedSince !== null) return;
      if (runTime(owner) < until) {
        startTimer(owner, operation, until, fired);
      } else {
        operation.restartTimer = undefined;
        fired();
      }
    },
    () => {}, // stopped: what was waited for came first, or the task left memory
  );
}

/**
 * True if the time of `operation`, whose end is about to be written, has not come after all: its run was paused before
 * that, and this host did not know. Then it is waited for again.
 */
export function isTooEarly(
  owner: OperationOwner,
  operation: Operation,
  until: number,
  fired: () => void,
): boolean {
  if (owner.pausedSince === null && runTime(owner) >= until) return false;
  operation.settling = "no";
  operation.timeOut = undefined;
  if (operation.dropped === undefined) startTimer(owner, operation, until, fired);
  else endDropped(owner, operation);
  return true;
}
