import { encodeData } from "../core/data.ts";
import { encodeEvent, spliceEvent } from "../core/event-codec.ts";
import { errorPayload, type OutcomePayload, valuePayload } from "../core/payload.ts";
import { parseWith, type Schema } from "../core/schema.ts";
import { toErrorData } from "../core/thrown.ts";
import { endDropped } from "./drops.ts";
import { waitTimeout } from "./journal.ts";
import {
  earlier,
  type Operation,
  type OperationOwner,
  runTime,
  type Signal,
  type WantedSignal,
} from "./operation.ts";
import { isTooEarly, park, startTimer } from "./parking.ts";
import { blobWrite } from "./recording.ts";

/** A wait for a time, or for a signal up to a time. */
export interface Wait {
  /** Null: no limit. */
  readonly ms: number | null;
  /** Run-time ms at which it ends at the latest; null: no limit. */
  readonly notAfter: number | null;
  readonly signal: WantedSignal | null;
}

/** Begins a wait durably, or goes on with one that began in an earlier life. */
export function beginWait(owner: OperationOwner, operation: Operation, wait: Wait): void {
  const armed = owner.journal.armed.get(operation.path);
  if (armed !== undefined) {
    waitOn(owner, operation, wait, armed);
    return;
  }
  operation.phase = "starting";
  const { path } = operation;
  const own = earlier(wait.ms === null ? null : runTime(owner) + wait.ms, wait.notAfter);
  // What nobody waits for beyond a deadline is not waited for beyond it here either.
  const until = wait.signal === null ? own : earlier(own, owner.task.deadline);
  const signal = wait.signal?.name ?? null;
  owner.outbox.add({
    events: [encodeEvent({ type: "armed", path, until, signal })],
    starts: false,
    committed: () => waitOn(owner, operation, wait, until),
  });
}

function waitOn(
  owner: OperationOwner,
  operation: Operation,
  wait: Wait,
  until: number | null,
): void {
  if (owner.finished) return;
  operation.forgetBeginning();
  operation.outside = true;
  if (operation.dropped !== undefined) {
    park(owner, operation);
    endDropped(owner, operation);
    return;
  }
  const { signal } = wait;
  operation.deadline = until;
  operation.signal = signal ?? undefined;
  if (until !== null) {
    const fired = signal === null ? fire : timeOut;
    startTimer(owner, operation, until, () => fired(owner, operation, until));
  }
  const there = signal === null ? undefined : owner.takeSignal(signal.name);
  if (there === undefined) park(owner, operation);
  else receiveSignal(owner, operation, there);
}

/** Holds only if the run was not paused before. */
function fire(owner: OperationOwner, operation: Operation, until: number): void {
  const { path } = operation;
  operation.settling = "timing-out";
  owner.outbox.add({
    events: [encodeEvent({ type: "fired", path })],
    starts: false,
    checksInbox: true,
    isStale: () => isOver(owner, operation, until, fire),
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome: { type: "value", value: null } });
    },
  });
}

/** K3: holds only if no signal was acknowledged before; otherwise the signal is used. */
function timeOut(owner: OperationOwner, operation: Operation, until: number): void {
  const { path } = operation;
  operation.settling = "timing-out";
  operation.timeOut = {
    events: [encodeEvent({ type: "dropped", path, why: "timeout" })],
    starts: false,
    checksInbox: true,
    isStale: () => isOver(owner, operation, until, timeOut),
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome: { type: "error", error: waitTimeout(path) } });
    },
  };
  owner.outbox.add(operation.timeOut);
}

/** True if the end of a wait is not to be written any more: its signal came, or its time has not come after all. */
function isOver(
  owner: OperationOwner,
  operation: Operation,
  until: number,
  end: typeof timeOut,
): boolean {
  if (operation.settling !== "timing-out") return true;
  return isTooEarly(owner, operation, until, () => end(owner, operation, until));
}

/** Hands `signal` to the operation that waits for it. */
export function receiveSignal(owner: OperationOwner, operation: Operation, signal: Signal): void {
  operation.settling = "recording";
  operation.stop?.(undefined);
  const { path } = operation;
  const outcome = parsed(signal, operation.signal?.schema);
  const { blob } = outcome;
  owner.outbox.add({
    events: [
      spliceEvent("received", { path, child: null, seq: signal.seq }, "outcome", outcome.encoded),
    ],
    starts: false,
    ...(blob === undefined ? {} : { extra: () => [blobWrite(blob, owner.task.run)] }),
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome: outcome.decode() });
    },
  });
}

/** The value is parsed once, where it enters; what does not fit is the waiter's error, and is recorded as that. */
function parsed({ name, value }: Signal, schema: Schema | undefined): OutcomePayload {
  try {
    const fitting = schema === undefined ? value : parseWith(schema, value, `signal '${name}'`);
    return valuePayload(encodeData(fitting, `signal '${name}'`));
  } catch (refused) {
    return errorPayload(toErrorData(refused));
  }
}
