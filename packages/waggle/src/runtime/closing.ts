import type { Envelope } from "../core/envelope.ts";
import type { Outcome, ResponseAddress } from "../core/event.ts";
import { closedEvent, type EncodedEvent, encodeEvent, receivedEvent } from "../core/event-codec.ts";
import type { Path, TaskId } from "../core/ids.ts";
import type { OutcomePayload } from "../core/payload.ts";
import type { Ending as StoreEnding, Write } from "../ports/store.ts";
import { CHANGED_CODE_HINT, type Divergence } from "./divergence.ts";
import { cancelMail, droppedEvents } from "./drops.ts";
import type { Delivery, Journal } from "./journal.ts";
import { encodeAnswer, type Operation } from "./operation.ts";
import type { Change, Outbox } from "./outbox.ts";
import { blobWrite } from "./recording.ts";
import { responseWrite } from "./responses.ts";

/** A task whose handler has returned and whose outbox is empty. */
export interface ClosingTask {
  readonly task: Envelope;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly inboxSeen: number;
  readonly isOver: boolean;
  /** Who gets its outcome besides its asker. */
  readonly respondTo: ResponseAddress | undefined;
  readonly host: {
    lifeOf(task: TaskId): WaitingTask | undefined;
    closed(task: Envelope, outcome: Outcome): void;
    mailed(): void;
  };
  leave(): void;
}

/** A task in the same host that may wait for the answer. */
interface WaitingTask {
  readonly outbox: Outbox;
  /** The operation at `path`, if an answer to it can be taken now. */
  waitingAt(path: Path): Operation | undefined;
  deliver(result: Delivery): void;
}

/** What is written when a task closes. */
interface Ending {
  readonly outcome: OutcomePayload;
  /** Its last events. */
  readonly events: readonly EncodedEvent[];
  /** What goes with them: children that nobody waits for are told to stop, a large outcome is kept. */
  readonly beside: readonly Write[];
  /** The response to a request on a topic, if it came of one. */
  readonly response: readonly Write[];
}

const NO_WRITES: readonly Write[] = [];

/**
 * Closes a task for good, and hands its outcome to whoever waits for it: in this host, or by mail.
 * @param open - Operations that its handler left open.
 */
export function closeTask(
  closing: ClosingTask,
  outcome: OutcomePayload,
  open: readonly Operation[],
): void {
  const { task, respondTo } = closing;
  const { parent, path, awaited, run } = task;
  const waiting = parent === null ? undefined : closing.host.lifeOf(parent);
  const operation = awaited && path !== null ? waiting?.waitingAt(path) : undefined;
  const closed = closedEvent(outcome.encoded);
  // Most tasks leave nothing open: then there is one event, and nothing beside it.
  const events =
    open.length === 0
      ? [closed]
      : [...open.flatMap((one) => droppedEvents(closing, one, "returned")), closed];
  const beside = open.length === 0 ? NO_WRITES : open.flatMap(cancelOf);
  const kept = outcome.blob === undefined ? beside : [...beside, blobWrite(outcome.blob, run)];
  const response = respondTo === undefined ? NO_WRITES : [responseWrite(respondTo, task, outcome)];
  const ending = { outcome, events, beside: kept, response };
  if (waiting === undefined || operation === undefined) closeAlone(closing, ending);
  else closeWith(closing, waiting, operation, ending);
}

const CLOSE: StoreEnding = { type: "close", state: "closed" };

/** Its child is told that nobody waits for it any more. */
function cancelOf({ child }: Operation): readonly Write[] {
  return child === undefined ? NO_WRITES : [cancelMail(child)];
}

/** One commit: the child closes and the parent receives. */
function closeWith(
  closing: ClosingTask,
  parent: WaitingTask,
  operation: Operation,
  ending: Ending,
): void {
  const { path } = operation;
  const { task, host, outbox } = closing;
  const { outcome, events, beside } = ending;
  operation.settling = "recording";
  operation.stop?.(undefined);
  const giveUp = (): void => {
    if (operation.settling === "recording") operation.settling = "no";
    if (!closing.isOver) closeAlone(closing, ending);
  };
  parent.outbox.add({
    events: [receivedEvent(path, task.id, outcome.encoded)],
    starts: false,
    extra: () => {
      const append = outbox.closingAppend(events, closing.inboxSeen, CLOSE);
      return beside.length === 0 ? [append] : [append, ...beside];
    },
    committed: (at) => {
      operation.settling = "recorded";
      const decoded = outcome.decode();
      closing.leave();
      host.closed(task, decoded);
      if (beside.length > 0) host.mailed();
      parent.deliver({ path, at, outcome: decoded });
    },
    refused: giveUp,
    abandoned: giveUp,
  });
}

function closeAlone(
  closing: ClosingTask,
  ending: Ending,
  endsRun: boolean = closing.task.parent === null,
): void {
  const { task, host, outbox } = closing;
  const { outcome, events, beside, response } = ending;
  const writes = [...writesBeside(task, outcome, endsRun), ...beside, ...response];
  const tellsOthers = beside.length > 0 || response.length > 0;
  outbox.add({
    events,
    starts: false,
    checksInbox: true,
    ending: CLOSE,
    ...(writes.length > 0 ? { extra: () => writes } : {}),
    committed: () => {
      closing.leave();
      host.closed(task, outcome.decode());
      if (task.awaited || tellsOthers || task.key !== null) host.mailed();
    },
    refused: (reason) => {
      // The run that asked was trimmed: nobody is there to be told.
      if (reason === "absent") closeAlone(closing, { ...ending, response: NO_WRITES }, endsRun);
      // Work that was sent goes on: the run ends with the last of it.
      else closeAlone(closing, ending, false);
    },
  });
}

/** The answer of a task that was asked; the end of the run with its root, unless other tasks are open. */
function writesBeside(
  { id, run, parent, path, awaited }: Envelope,
  { encoded }: OutcomePayload,
  endsRun: boolean,
): readonly Write[] {
  if (endsRun) return [{ type: "gate", run, from: ["open", "paused", "cancelling"], to: "ended" }];
  if (!awaited || parent === null) return [];
  const data = encodeAnswer(id, encoded);
  return [{ type: "deliver", task: parent, kind: "answer", path, data, late: "drop" }];
}

/**
 * Leaves a task as stuck: what was recorded does not fit what its handler does now. With all mail read (K3): a cancel that
 * had come would be acted on by nobody.
 * @param isStale - True if it has heard that it is to stop: then it is ended in the place of this.
 */
export function sticking(
  expected: string,
  actual: string,
  isStale: () => boolean,
  stuck: (difference: Divergence) => void,
): Change {
  const difference: Divergence = { expected, actual, hint: CHANGED_CODE_HINT };
  const events = [encodeEvent({ type: "stuck", ...difference })];
  const committed = (): void => stuck(difference);
  const ending: StoreEnding = { type: "stick" };
  return { events, starts: false, checksInbox: true, ending, isStale, committed };
}

/** Gives a task back: with all mail read (K3), unless it has something to do by then. */
export function releasing(
  ending: () => StoreEnding,
  isStale: () => boolean,
  committed: () => void,
): Change {
  return {
    events: [],
    starts: false,
    checksInbox: true,
    // As things stand when it is written: the gate may have moved since it was tried first.
    get ending() {
      return ending();
    },
    isStale,
    committed,
  };
}
