import type { Envelope } from "../core/envelope.ts";
import type { Outcome } from "../core/event.ts";
import {
  decodeOutcome,
  type EncodedEvent,
  type EncodedOutcome,
  encodeEvent,
  spliceEvent,
} from "../core/event-codec.ts";
import type { Path, TaskId } from "../core/ids.ts";
import type { Write } from "../ports/store.ts";
import type { Delivery } from "./journal.ts";
import { encodeAnswer, type Operation } from "./operation.ts";
import type { Outbox } from "./outbox.ts";

/** A task whose handler has returned and whose outbox is empty. */
export interface ClosingTask {
  readonly task: Envelope;
  readonly outbox: Outbox;
  readonly inboxSeen: number;
  readonly isOver: boolean;
  readonly host: {
    lifeOf(task: TaskId): WaitingTask | undefined;
    closed(task: Envelope, outcome: Outcome, runHasEnded: boolean): void;
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

/** Closes a task for good, and hands its outcome to whoever waits for it: in this host, or by mail. */
export function closeTask(
  closing: ClosingTask,
  outcome: EncodedOutcome,
  dropped: readonly Path[],
): void {
  const { parent, path, awaited } = closing.task;
  const waiting = parent === null ? undefined : closing.host.lifeOf(parent);
  const operation = awaited && path !== null ? waiting?.waitingAt(path) : undefined;
  const events = [
    ...dropped.map((at) => encodeEvent({ type: "dropped", path: at, why: "returned" })),
    spliceEvent("closed", {}, "outcome", outcome),
  ];
  if (waiting === undefined || operation === undefined) closeAlone(closing, outcome, events);
  else closeWith(closing, waiting, operation, outcome, events);
}

/** One commit: the child closes and the parent receives. */
function closeWith(
  closing: ClosingTask,
  parent: WaitingTask,
  operation: Operation,
  outcome: EncodedOutcome,
  events: readonly EncodedEvent[],
): void {
  const { path } = operation;
  const { task, host } = closing;
  operation.settling = "recording";
  operation.stop?.(undefined);
  const giveUp = (): void => {
    if (operation.settling === "recording") operation.settling = "no";
    if (!closing.isOver) closeAlone(closing, outcome, events);
  };
  parent.outbox.add({
    events: [spliceEvent("received", { path, child: task.id }, "outcome", outcome)],
    starts: false,
    extra: () => [
      closing.outbox.closingAppend(events, closing.inboxSeen, { type: "close", state: "closed" }),
    ],
    committed: (at) => {
      operation.settling = "recorded";
      const decoded = decodeOutcome(outcome);
      closing.leave();
      host.closed(task, decoded, false);
      parent.deliver({ path, at, outcome: decoded });
    },
    refused: giveUp,
    abandoned: giveUp,
  });
}

function closeAlone(
  closing: ClosingTask,
  outcome: EncodedOutcome,
  events: readonly EncodedEvent[],
  endsRun: boolean = closing.task.parent === null,
): void {
  const { task, host, outbox } = closing;
  const writes = writesBeside(task, outcome, endsRun);
  outbox.add({
    events,
    starts: false,
    checksInbox: true,
    ending: { type: "close", state: "closed" },
    ...(writes.length > 0 ? { extra: () => writes } : {}),
    committed: () => {
      closing.leave();
      host.closed(task, decodeOutcome(outcome), endsRun);
      if (task.awaited) host.mailed();
    },
    // Work that was sent goes on: the run ends with the last of it.
    refused: () => closeAlone(closing, outcome, events, false),
  });
}

/** The answer of a task that was asked; the end of the run with its root, unless other tasks are open. */
function writesBeside(
  { id, run, parent, path, awaited }: Envelope,
  outcome: EncodedOutcome,
  endsRun: boolean,
): readonly Write[] {
  if (endsRun) return [{ type: "gate", run, from: ["open"], to: "ended" }];
  if (!awaited || parent === null) return [];
  const data = encodeAnswer(id, outcome);
  return [{ type: "deliver", task: parent, kind: "answer", path, data, late: "drop" }];
}
