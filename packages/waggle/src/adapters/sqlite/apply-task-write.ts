import type { EncodedEvent } from "../../core/event-codec.ts";
import type { HostId } from "../../core/ids.ts";
import type {
  AppendWrite,
  Batch,
  CreateWrite,
  EventRef,
  RefusalReason,
  Write,
} from "../../ports/store.ts";
import { eventTypeCode, gateCode, priorityCode, taskStateCode } from "./codes.ts";
import type { Transaction } from "./transaction.ts";

/** Appends to the stream of a task that `host` owns; if it is refused, nothing was written. */
export function applyAppend(
  tx: Transaction,
  host: HostId,
  write: AppendWrite,
): RefusalReason | undefined {
  const task = tx.taskNumber(write.task);
  if (task === undefined) return "absent";
  if (!updateTask(tx, task, host, write)) return whyNot(tx, host, write);
  insertEvents(tx, task, write.events);
  if (write.ending?.type === "close") tx.statements.deleteMail.run({ task });
  if (write.ending?.type === "stick") tx.statements.markStuck.run({ task });
  return undefined;
}

function updateTask(tx: Transaction, task: number, host: HostId, write: AppendWrite): boolean {
  const { statements } = tx;
  const { version, ending } = write;
  const events = write.events.length;
  const inbox = write.inbox ?? null;
  const starts = write.starts ? 1 : 0;
  if (ending === undefined) {
    return statements.append.run(events, task, host, version, inbox, starts).changes === 1;
  }
  if (ending.type === "close") {
    const state = taskStateCode.numberOf(ending.state);
    const close = statements.appendAndClose;
    return close.run(events, task, host, version, inbox, starts, state).changes === 1;
  }
  const due = ending.type === "release" ? ending.due : null;
  tx.madeDue = true;
  const release = statements.appendAndRelease;
  return release.run(events, task, host, version, inbox, starts, due).changes === 1;
}

function whyNot(tx: Transaction, host: HostId, write: AppendWrite): RefusalReason {
  const head = tx.statements.taskHead.get({ id: write.task });
  if (head === undefined) return "absent";
  if (head["owner"] !== host || head["version"] !== write.version) return "fenced";
  if (write.inbox !== undefined && head["inbox"] !== write.inbox) return "behind";
  return "gate";
}

/**
 * Creates a task.
 * @param before - Position of the newest event before the batch.
 */
export function applyCreate(
  tx: Transaction,
  batch: Batch,
  write: CreateWrite,
  before: number,
): RefusalReason | undefined {
  const { task, owner, events } = write;
  // A host can die within its own batch; what it owned from then on would be forgotten (K8).
  const ownerIsDead = owner !== null && tx.isDead(owner);
  const made = tx.statements.insertTask.run(
    task.run,
    task.id,
    events.length,
    owner === null ? 0 : 1,
    owner,
    owner === null ? tx.at : null,
    originPosition(batch.writes, write.origin, before),
    priorityCode.numberOf(task.priority),
    task.hops,
    task.awaited ? 1 : 0,
    task.deadline,
    task.agent,
    task.operation,
    task.parent,
    task.path,
  );
  if (made.changes === 0) return whyNotCreated(tx, write);
  if (ownerIsDead) return "fenced";
  const number = Number(made.lastInsertRowid);
  tx.created(task.id, number);
  insertEvents(tx, number, events);
  if (owner === null) tx.madeDue = true;
  return undefined;
}

function whyNotCreated(tx: Transaction, { task }: CreateWrite): RefusalReason {
  const run = tx.statements.runGate.get({ id: task.run });
  if (run === undefined) return "absent";
  if (tx.statements.taskNumber.get({ id: task.id }) !== undefined) return "exists";
  return gateCode.wordOf(run["gate"]) === "ended" ? "gate" : "exists";
}

/** Positions of a batch follow one another in the order of its writes. */
function originPosition(writes: readonly Write[], origin: EventRef, before: number): number {
  let position = before + 1 + origin.event;
  for (const write of writes.slice(0, origin.write)) {
    if (write.type === "append" || write.type === "create") position += write.events.length;
  }
  return position;
}

function insertEvents(tx: Transaction, task: number, events: readonly EncodedEvent[]): void {
  for (const { type, data } of events) {
    tx.position += 1;
    tx.statements.insertEvent.run(tx.position, task, eventTypeCode.numberOf(type), tx.at, data);
  }
}
