import type { Envelope } from "../core/envelope.ts";
import { runtimeError, toErrorData } from "../core/errors.ts";
import { encodeEvent, errorOutcome, spliceEvent, valueOutcome } from "../core/event-codec.ts";
import { childTaskId } from "../core/ids.ts";
import type { Priority } from "../core/priority.ts";
import type { CreateWrite } from "../ports/store.ts";
import { askTimeout } from "./journal.ts";
import {
  type Answer,
  decodeAnswer,
  delivery,
  type Operation,
  type OperationOwner,
} from "./operation.ts";

/** Messages may beget messages this many times; then `LIMIT_REACHED`. */
export const MAX_HOPS: number = 64;

/** A message a handler is about to send. */
export interface Message {
  readonly agent: string;
  readonly operation: string;
  /** JSON text of the parsed input. */
  readonly input: string;
  readonly awaited: boolean;
  readonly priority: Priority;
  /** How long the answer is waited for; null: for ever. */
  readonly timeoutMs: number | null;
}

/**
 * Asks or sends what is not recorded yet; or goes on waiting for what was asked in an earlier life. The child
 * is created in the same commit as `asked`, and runs here at once if there is room.
 */
export function beginMessage(owner: OperationOwner, operation: Operation, message: Message): void {
  const { path } = operation;
  const recorded = owner.journal.asks.get(path);
  if (recorded !== undefined) {
    if (recorded.input !== message.input) {
      owner.diverged(`${path} with input ${recorded.input}`, `${path} with input ${message.input}`);
    } else {
      park(owner, operation, message.timeoutMs === null ? null : recorded.at + message.timeoutMs);
    }
    return;
  }
  const child = childEnvelope(owner, operation, message);
  let taken: boolean | undefined;
  owner.outbox.add({
    events: [askedEvent(child, message)],
    starts: true,
    extra: (firstEvent) => {
      taken ??= owner.host.takeSlot(message.agent);
      return [createWrite(child, firstEvent, taken ? owner.host.id : null)];
    },
    committed: (at) => {
      if (taken === true) owner.host.startChild(child, JSON.parse(message.input));
      else owner.host.claimable(message.agent);
      accepted(owner, operation, message, child, at);
    },
    refused: (reason) => {
      if (taken === true) owner.host.giveSlot(message.agent);
      const error = runtimeError("INVARIANT", `child of ${path} was refused: ${reason}`);
      failAsk(owner, operation, error);
    },
    abandoned: () => {
      if (taken === true) owner.host.giveSlot(message.agent);
    },
  });
}

function accepted(
  owner: OperationOwner,
  operation: Operation,
  message: Message,
  child: Envelope,
  at: number,
): void {
  if (message.awaited) {
    park(owner, operation, message.timeoutMs === null ? null : at + message.timeoutMs);
    return;
  }
  operation.settling = "recorded";
  owner.deliver(delivery(operation.path, at, valueOutcome(JSON.stringify(child.id))));
}

function childEnvelope(owner: OperationOwner, operation: Operation, message: Message): Envelope {
  const { task, host } = owner;
  const ownDeadline = message.timeoutMs === null ? null : host.clock.now() + message.timeoutMs;
  return {
    id: childTaskId(task.id, operation.path),
    run: task.run,
    parent: task.id,
    path: operation.path,
    awaited: message.awaited,
    agent: message.agent,
    operation: message.operation,
    priority: message.priority,
    hops: task.hops + 1,
    // A deadline travels with what is asked on the way; a send outlives its sender.
    deadline: message.awaited ? earlier(task.deadline, ownDeadline) : null,
  };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

function askedEvent(child: Envelope, message: Message): ReturnType<typeof spliceEvent> {
  const target = `${message.agent}.${message.operation}`;
  const fields = { path: child.path, child: child.id, target, awaited: message.awaited };
  return spliceEvent("asked", fields, "input", message.input);
}

function createWrite(child: Envelope, event: number, host: CreateWrite["owner"]): CreateWrite {
  return { type: "create", task: child, origin: { write: 0, event }, owner: host, events: [] };
}

function failAsk(owner: OperationOwner, operation: Operation, error: unknown): void {
  operation.settling = "recording";
  const outcome = errorOutcome(toErrorData(error));
  owner.outbox.add({
    events: [spliceEvent("done", { path: operation.path }, "outcome", outcome)],
    starts: false,
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver(delivery(operation.path, at, outcome));
    },
  });
}

/** From here on the operation waits for its answer, in memory or not. */
function park(owner: OperationOwner, operation: Operation, deadline: number | null): void {
  operation.parked = true;
  operation.deadline = deadline;
  if (deadline !== null) {
    const timer = new AbortController();
    operation.stop = () => timer.abort();
    const ms = Math.max(0, deadline - owner.host.clock.now());
    owner.host.clock.sleep(ms, { signal: timer.signal }).then(
      () => timeOut(owner, operation),
      () => {}, // stopped: the answer was first, or the task left memory
    );
  }
  owner.parked(operation);
}

/** K3: holds only if no answer was acknowledged before; otherwise the answer is used. */
function timeOut(owner: OperationOwner, operation: Operation): void {
  if (operation.settling !== "no" || owner.finished) return;
  operation.settling = "timing-out";
  const { path } = operation;
  operation.timeOut = {
    events: [encodeEvent({ type: "dropped", path, why: "timeout" })],
    starts: false,
    checksInbox: true,
    isStale: () => operation.settling !== "timing-out",
    committed: (at) => {
      operation.settling = "recorded";
      operation.lateAnswer = undefined;
      owner.deliver({ path, at, outcome: { type: "error", error: askTimeout(path) } });
    },
  };
  owner.outbox.add(operation.timeOut);
}

/** Takes the mail of kind `answer` with `data`. */
export function receiveMail(owner: OperationOwner, operation: Operation, data: string): void {
  receiveAnswer(owner, operation, decodeAnswer(data));
}

/** Takes an answer that came during a time-out's flight, now that the flight was refused. */
export function receiveLateAnswer(owner: OperationOwner, operation: Operation): void {
  const { lateAnswer } = operation;
  operation.lateAnswer = undefined;
  if (lateAnswer !== undefined) receiveAnswer(owner, operation, lateAnswer);
}

function receiveAnswer(owner: OperationOwner, operation: Operation, answer: Answer): void {
  const { timeOut, settling } = operation;
  if (settling === "timing-out" && timeOut !== undefined && owner.outbox.isWriting(timeOut)) {
    operation.lateAnswer = answer;
    return;
  }
  if (settling !== "no" && settling !== "timing-out") return;
  operation.settling = "recording";
  operation.stop?.(undefined);
  const { path } = operation;
  owner.outbox.add({
    events: [encodeEvent({ type: "received", path, child: answer.child, outcome: answer.outcome })],
    starts: false,
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome: answer.outcome });
    },
  });
}
