import type { Envelope } from "../core/envelope.ts";
import { runtimeError } from "../core/errors.ts";
import { type EncodedEvent, encodeEvent, receivedEvent } from "../core/event-codec.ts";
import { childTaskId } from "../core/ids.ts";
import { inputField, type Payload } from "../core/payload.ts";
import type { Priority } from "../core/priority.ts";
import type { CreateWrite, RefusalReason, Write } from "../ports/store.ts";
import type { MessageTicket } from "./allowance.ts";
import { cancelMail, endDropped, recordDropped } from "./drops.ts";
import { askTimeout } from "./journal.ts";
import { type Answer, earlier, type Operation, type OperationOwner, runTime } from "./operation.ts";
import type { Change } from "./outbox.ts";
import { isTooEarly, park, startTimer } from "./parking.ts";
import { blobWrite, recordError } from "./recording.ts";

/** Messages may beget messages this many times; then `LIMIT_REACHED`. */
export const MAX_HOPS: number = 64;

/** First pause before a full mailbox is tried again; it doubles up to the last. */
const FIRST_FULL_PAUSE_MS = 50;
const LAST_FULL_PAUSE_MS = 5_000;

/** A message a handler is about to send. */
export interface Message {
  readonly agent: string;
  readonly operation: string;
  /** The parsed input. */
  readonly input: Payload;
  readonly awaited: boolean;
  readonly priority: Priority;
  /** How long the answer is waited for; null: for ever. */
  readonly timeoutMs: number | null;
  readonly key: string | null;
  /** Most messages that may wait for the agent; undefined: its contract is not known here. */
  readonly mailbox: number | undefined;
  readonly whenFull: "wait" | "refuse";
}

/**
 * Asks or sends what is not recorded yet; or goes on waiting for what was asked in an earlier life. The child
 * is created in the same commit as `asked`, and runs here at once if there is room.
 */
export function beginMessage(owner: OperationOwner, operation: Operation, message: Message): void {
  const { path } = operation;
  const recorded = owner.journal.asks.get(path);
  if (recorded === undefined) {
    if (owner.host.knowsAgent(message.agent)) {
      tryToSend(owner, operation, message, FIRST_FULL_PAUSE_MS);
    } else {
      void lookFor(owner, operation, message);
    }
    return;
  }
  if (!isAsRecorded(owner, operation, message)) return;
  operation.child = recorded.child;
  // Whoever searched for a deadlock when it was queued may have died over it.
  if (message.key !== null && message.awaited) owner.host.queuedBehindKey(recorded.child);
  waitForAnswer(owner, operation, recorded.until);
}

/**
 * Compares a message with the one that was recorded at its place, if there was one; another one is a divergence.
 * @returns false if it is another one.
 */
export function isAsRecorded(
  owner: OperationOwner,
  { path }: Operation,
  message: Message,
): boolean {
  const recorded = owner.journal.asks.get(path);
  const input = message.input.blob?.id ?? message.input.text;
  const target = targetOf(message);
  if (recorded === undefined) return true;
  if (recorded.input === input && recorded.target === target) return true;
  const was = `${path} of ${recorded.target} with input ${recorded.input}`;
  owner.diverged(was, `${path} of ${target} with input ${input}`);
  return false;
}

/** The agent is not known here: it may have come to another host since the last beat. */
async function lookFor(
  owner: OperationOwner,
  operation: Operation,
  message: Message,
): Promise<void> {
  operation.phase = "starting";
  const isThere = await owner.host.lookUpAgent(message.agent);
  if (owner.finished) return;
  if (operation.dropped !== undefined) recordDropped(owner, operation);
  else if (isThere) tryToSend(owner, operation, message, FIRST_FULL_PAUSE_MS);
  else recordError(owner, operation, unknownAgent(message.agent));
}

/** The error for a message to an agent that no living host runs. */
export function unknownAgent(agent: string): Error {
  return runtimeError("UNKNOWN_AGENT", `no living host runs an agent '${agent}'`);
}

function tryToSend(
  owner: OperationOwner,
  operation: Operation,
  message: Message,
  pauseMs: number,
): void {
  if (message.key === null && owner.host.isKeyed(message.agent)) {
    const problem = `messages to agent '${message.agent}' need a key: send them by its contract`;
    recordError(owner, operation, runtimeError("USAGE", problem));
    return;
  }
  operation.phase = "starting";
  owner.outbox.add(new MessageChange(owner, operation, message, pauseMs));
}

/** A message on its way into the ledger: its record in the sender's stream, and the task that it becomes. */
class MessageChange implements Change {
  readonly events: readonly EncodedEvent[];
  readonly starts: boolean = true;
  readonly cleanup: boolean;
  readonly #owner: OperationOwner;
  readonly #operation: Operation;
  readonly #message: Message;
  readonly #pauseMs: number;
  readonly #child: Envelope;
  /** A slot was taken for it here; undefined: nobody has tried yet. */
  #taken: boolean | undefined;
  #ticket: MessageTicket | undefined;

  /** @param pauseMs - How long it waits before the next try if the mailbox is full. */
  constructor(owner: OperationOwner, operation: Operation, message: Message, pauseMs: number) {
    this.#owner = owner;
    this.#operation = operation;
    this.#message = message;
    this.#pauseMs = pauseMs;
    this.#child = childEnvelope(owner, operation, message);
    this.events = [askedEvent(this.#child, message)];
    this.cleanup = operation.isCleanup;
  }

  extra(firstEvent: number): readonly Write[] {
    const { host } = this.#owner;
    const { agent, operation, key, input, mailbox } = this.#message;
    this.#taken ??= key === null && host.takeSlot(agent, operation);
    this.#ticket ??= host.messageTicket(this.#child.run);
    const taken = this.#taken;
    const [codeVersion] = taken ? host.versionsOf(agent) : NO_VERSIONS;
    const create: CreateWrite = {
      type: "create",
      task: this.#child,
      origin: { write: 0, event: firstEvent },
      owner: taken ? host.id : null,
      events: NO_EVENTS,
      ...(mailbox === undefined || taken ? {} : { mailbox }),
      ...(codeVersion === undefined ? {} : { codeVersion }),
    };
    const writes: Write[] = [create];
    for (const write of this.#ticket.writes) writes.push(write);
    if (input.blob !== undefined) writes.push(blobWrite(input.blob, this.#child.run));
    return writes;
  }

  committed(at: number): void {
    const owner = this.#owner;
    const { host, pausedMs } = owner;
    const child = this.#child;
    const { agent, input } = this.#message;
    if (this.#taken === true) host.startChild(child, JSON.parse(input.text), at, pausedMs);
    else host.claimable(agent);
    this.#ticket?.used();
    if (child.key !== null && child.awaited) host.queuedBehindKey(child.id);
    accepted(owner, this.#operation, child, at);
  }

  refused(reason: RefusalReason): void {
    this.abandoned();
    notAccepted(this.#owner, this.#operation, this.#message, this.#pauseMs, reason);
  }

  abandoned(): void {
    if (this.#taken === true) this.#owner.host.giveSlot(this.#message.agent);
    this.#ticket?.returned();
  }
}

const NO_EVENTS: readonly EncodedEvent[] = [];
const NO_VERSIONS: readonly string[] = [];

function accepted(owner: OperationOwner, operation: Operation, child: Envelope, at: number): void {
  if (child.awaited) {
    operation.child = child.id;
    waitForAnswer(owner, operation, child.deadline);
    return;
  }
  operation.settling = "recorded";
  owner.deliver({ path: operation.path, at, outcome: { type: "value", value: child.id } });
}

function notAccepted(
  owner: OperationOwner,
  operation: Operation,
  message: Message,
  pauseMs: number,
  reason: RefusalReason,
): void {
  const { path } = operation;
  if (reason === "gate") {
    owner.goOn(operation);
  } else if (reason === "bound") {
    const problem = `run '${owner.task.run}' has sent as many messages as a run may`;
    recordError(owner, operation, runtimeError("LIMIT_REACHED", problem));
  } else if (reason !== "full") {
    recordError(
      owner,
      operation,
      runtimeError("INVARIANT", `child of ${path} was refused: ${reason}`),
    );
  } else if (message.whenFull === "refuse") {
    recordError(owner, operation, mailboxFull(message.agent, message.mailbox));
  } else {
    waitForRoom(owner, operation, message, pauseMs);
  }
}

/** The error for a message that finds `limit` others waiting for `agent`. */
export function mailboxFull(agent: string, limit: number | undefined): Error {
  return runtimeError("MAILBOX_FULL", `mailbox of agent '${agent}' is full (limit ${limit})`, {
    retryAfterMs: 1_000,
    details: { agent, limit },
  });
}

/** Back-pressure: waits in memory or dropped to the ledger, holding nothing, and tries again. */
function waitForRoom(
  owner: OperationOwner,
  operation: Operation,
  message: Message,
  pauseMs: number,
): void {
  if (operation.dropped !== undefined) {
    operation.phase = "parked";
    endDropped(owner, operation);
    return;
  }
  operation.outside = true;
  operation.deadline = runTime(owner) + pauseMs;
  startTimer(owner, operation, operation.deadline, () => {
    operation.outside = false;
    operation.deadline = null;
    tryToSend(owner, operation, message, Math.min(2 * pauseMs, LAST_FULL_PAUSE_MS));
  });
  park(owner, operation);
}

function childEnvelope(owner: OperationOwner, operation: Operation, message: Message): Envelope {
  const { task } = owner;
  const own = message.timeoutMs === null ? null : runTime(owner) + message.timeoutMs;
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
    key: message.key,
    // A deadline travels with what is asked on the way; a send outlives its sender.
    deadline: message.awaited ? earlier(task.deadline, own) : null,
  };
}

function targetOf({ agent, operation }: Message): string {
  return `${agent}.${operation}`;
}

function askedEvent(child: Envelope, message: Message): EncodedEvent {
  const { path, id, awaited, deadline } = child;
  const { name, encoded } = inputField(message.input);
  // By hand, as everything that is written for each message. Names of agents and operations need no escapes.
  const about = `"path":${JSON.stringify(path)},"child":"${id}","target":"${targetOf(message)}"`;
  const until = `"awaited":${awaited},"until":${deadline}`;
  return { type: "asked", data: `{${about},${until},"${name}":${encoded}}` };
}

/** From here on the operation waits for its answer, in memory or not. */
function waitForAnswer(owner: OperationOwner, operation: Operation, until: number | null): void {
  operation.forgetBeginning();
  if (operation.settling !== "no") {
    // It came while nobody knew that the question had been written.
    park(owner, operation);
    return;
  }
  if (operation.dropped !== undefined) {
    park(owner, operation);
    endDropped(owner, operation);
    return;
  }
  operation.deadline = until;
  if (until !== null) startTimer(owner, operation, until, () => timeOut(owner, operation, until));
  park(owner, operation);
}

/** K3: holds only if no answer was acknowledged before; otherwise the answer is used. The child is told to stop. */
function timeOut(owner: OperationOwner, operation: Operation, until: number): void {
  const { path, child } = operation;
  if (operation.settling !== "no" || owner.finished || child === undefined) return;
  operation.settling = "timing-out";
  operation.timeOut = {
    events: [encodeEvent({ type: "dropped", path, why: "timeout" })],
    starts: false,
    checksInbox: true,
    extra: () => [cancelMail(child)],
    isStale: () => {
      if (operation.settling !== "timing-out") return true;
      return isTooEarly(owner, operation, until, () => timeOut(owner, operation, until));
    },
    committed: (at) => {
      operation.settling = "recorded";
      operation.lateAnswer = undefined;
      owner.host.mailed();
      owner.deliver({ path, at, outcome: { type: "error", error: askTimeout(path) } });
    },
  };
  owner.outbox.add(operation.timeOut);
}

/** Takes an answer that came during a time-out's flight, now that the flight was refused. */
export function receiveLateAnswer(owner: OperationOwner, operation: Operation): void {
  const { lateAnswer } = operation;
  operation.lateAnswer = undefined;
  if (lateAnswer !== undefined) receiveAnswer(owner, operation, lateAnswer);
}

/** Takes an answer that came by mail. */
export function receiveAnswer(owner: OperationOwner, operation: Operation, answer: Answer): void {
  const { timeOut, settling, path } = operation;
  if (settling === "timing-out" && timeOut !== undefined && owner.outbox.isWriting(timeOut)) {
    operation.lateAnswer = answer;
    return;
  }
  if (settling !== "no" && settling !== "timing-out") return;
  operation.settling = "recording";
  operation.stop?.(undefined);
  const { child, encoded, outcome } = answer;
  owner.outbox.add({
    events: [receivedEvent(path, child, encoded)],
    starts: false,
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome });
    },
  });
}
