import type { HostId } from "../../core/ids.ts";
import type {
  AppendWrite,
  Batch,
  CreateWrite,
  DeliverWrite,
  Ending,
  EventRef,
  ExpectWrite,
  RefusalReason,
  Write,
} from "../../ports/store.ts";
import { addToCell } from "./apply-cell-write.ts";
import { boundCode, isUnfinished, type TaskRecord, UNWRITTEN } from "./cached-records.ts";
import { gateCode, mailKindCode, taskStateCode } from "./codes.ts";
import { isQueued, keyHolder, taskNumbered } from "./key-queue.ts";
import type { Transaction } from "./transaction.ts";

const [OPEN, PAUSED, CANCELLING, ENDED] = [
  gateCode.numberOf("open"),
  gateCode.numberOf("paused"),
  gateCode.numberOf("cancelling"),
  gateCode.numberOf("ended"),
];

/** Why a task is not as it is expected to be; undefined: it is. */
export function expectRefusal(tx: Transaction, write: ExpectWrite): RefusalReason | undefined {
  const { ledger } = tx;
  const task = ledger.task(write.task);
  if (task === undefined) return "absent";
  // Of a task that has ended the present version is not kept at hand.
  if (!isUnfinished(task)) return "conflict";
  const { version, inbox, owner, run } = task;
  if (version !== write.version || inbox !== write.inbox) return "conflict";
  if (run.gate !== gateCode.numberOf(write.gate)) return "conflict";
  if (write.owner === null) return owner === 0 ? undefined : "conflict";
  // A host that the ledger does not know has number 0, and owns nothing.
  return owner !== 0 && owner === ledger.host(write.owner).n ? undefined : "conflict";
}

/** Appends to the stream of a task that `host` owns. */
export function applyAppend(
  tx: Transaction,
  host: HostId,
  write: AppendWrite,
): RefusalReason | undefined {
  const task = tx.ledger.task(write.task);
  if (task === undefined) return "absent";
  const reason = appendRefusal(tx, host, task, write);
  if (reason !== undefined) return reason;
  if (write.restart === true) {
    tx.changeTask(task, UNWRITTEN.counts);
    task.first = task.version;
  }
  tx.addEvents(task, write.events);
  if (write.ending !== undefined) applyEnding(tx, task, write.ending, write);
  return undefined;
}

function appendRefusal(
  tx: Transaction,
  host: HostId,
  task: TaskRecord,
  write: AppendWrite,
): RefusalReason | undefined {
  if (task.owner === 0 || task.owner !== tx.ledger.host(host).n) return "fenced";
  if (task.version !== write.version) return "fenced";
  if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";
  // A run that has ended has no unfinished task, and only unfinished tasks have owners.
  const { gate } = task.run;
  if (!write.starts || gate === OPEN) return undefined;
  return write.cleanup === true && gate === CANCELLING ? undefined : "gate";
}

function applyEnding(
  tx: Transaction,
  task: TaskRecord,
  ending: Ending,
  { inbox, restart, version }: AppendWrite,
): void {
  if (ending.type === "close") {
    closeTask(tx, task, taskStateCode.numberOf(ending.state));
    return;
  }
  const isStuck = ending.type === "stick";
  tx.changeTask(task, isStuck ? UNWRITTEN.state : UNWRITTEN.place);
  const wanted = ending.type === "release" ? ending.due : null;
  // Mail that the owner does not claim to have seen still makes the task due: no wake-up is lost (K3).
  const due = inbox === undefined ? earlier(task.due, wanted) : wanted;
  task.owner = 0;
  // Becoming stuck binds nothing: the version that claimed it does not fit.
  const binding = isStuck ? version : task.version;
  task.code = restart === true ? 0 : boundCode(task.code, binding, task.claimsAt);
  task.outside = ending.type === "release" && ending.outside;
  task.due = task.run.gate === PAUSED ? null : due;
  if (isStuck) task.state = taskStateCode.numberOf("stuck");
  if (task.due !== null) tx.tellDue(task);
}

function closeTask(tx: Transaction, task: TaskRecord, state: number): void {
  const heldKey = task.key !== null && keyHolder(tx, task.agent, task.key) === task.n;
  tx.changeTask(task, UNWRITTEN.state);
  task.state = state;
  task.owner = 0;
  task.code = boundCode(task.code, task.version, task.claimsAt);
  task.due = null;
  tx.changeRun(task.run);
  task.run.unfinished -= 1;
  if (heldKey) passKey(tx, task);
}

/** The next task of the key is due, unless something else keeps it (K9). */
function passKey(tx: Transaction, { agent, key }: TaskRecord): void {
  const number = key === null ? undefined : keyHolder(tx, agent, key);
  const next = number === undefined ? undefined : taskNumbered(tx, number);
  if (next === undefined || next.owner !== 0 || next.due !== null) return;
  if (next.state !== taskStateCode.numberOf("open") || next.run.gate === PAUSED) return;
  tx.changeTask(next, UNWRITTEN.place);
  next.due = tx.at;
  tx.tellDue(next);
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
  const { ledger } = tx;
  const envelope = write.task;
  const run = ledger.run(envelope.run);
  if (run === undefined) return "absent";
  if (!ledger.isNewTask(envelope.id)) return "exists";
  if (run.gate >= ENDED) return "gate";
  const host = ledger.host(batch.host);
  // A host can die within its own batch; what it owned from then on would be forgotten (K8).
  if (write.owner !== null && host.dead) return "fenced";
  if (write.owner === null && !postTo(tx, envelope.agent, write.mailbox)) return "full";
  tx.changeRun(run);
  run.unfinished += 1;
  ledger.last.task += 1;
  const owner = write.owner === null ? 0 : ledger.ownerNumber(host);
  const code = write.codeVersion === undefined ? 0 : ledger.numberFor(write.codeVersion);
  const task: TaskRecord = {
    unwritten: UNWRITTEN.all,
    savedBy: 0,
    n: ledger.last.task,
    id: envelope.id,
    run,
    agent: ledger.numberFor(envelope.agent),
    key: envelope.key,
    version: 0,
    state: taskStateCode.numberOf("open"),
    owner,
    due: null,
    inbox: 0,
    claims: owner === 0 ? -1 : 1,
    claimsAt: write.events.length,
    outside: false,
    code: owner === 0 ? code : -code,
    first: 0,
    created: { write, origin: originPosition(batch.writes, write.origin, before) },
  };
  const waits = owner !== 0 || run.gate === PAUSED || isQueued(tx, task);
  if (!waits) {
    task.due = write.due ?? tx.at;
    tx.tellDue(task);
  }
  tx.addTask(task);
  tx.addEvents(task, write.events);
  return undefined;
}

/** Counts a message that waits for `agent`; false if `limit` wait already. */
function postTo(tx: Transaction, agent: string, limit: number | undefined): boolean {
  const cell = tx.ledger.cell(mailboxOf(agent));
  if (limit !== undefined && cell.amount >= limit) return false;
  addToCell(tx, cell, 1);
  return true;
}

/** Name of the cell that counts the messages of `agent` that were never claimed. */
export function mailboxOf(agent: string): string {
  return `mailbox.${agent}`;
}

/** Positions of a batch follow one another in the order of its writes. */
function originPosition(writes: readonly Write[], origin: EventRef, before: number): number {
  let position = before + 1 + origin.event;
  for (const write of writes.slice(0, origin.write)) {
    if (write.type === "append" || write.type === "create") position += write.events.length;
  }
  return position;
}

/** Puts mail into an inbox. */
export function applyDeliver(tx: Transaction, write: DeliverWrite): RefusalReason | undefined {
  const task = tx.ledger.task(write.task);
  if (task === undefined) return "absent";
  const { path, data } = write;
  const late = lateness(tx, task, write);
  if (late !== undefined) return write.late === "drop" ? undefined : late;
  const isWoken = isWokenBy(tx, task, write);
  tx.changeTask(task, isWoken ? UNWRITTEN.place : UNWRITTEN.counts);
  task.inbox += 1;
  const kind = mailKindCode.numberOf(write.kind);
  tx.mails.push({ task: task.n, seq: task.inbox, kind, path, data });
  if (isWoken) {
    task.due = earlier(task.due, tx.at);
    tx.tellDue(task);
  }
  return undefined;
}

/** Why a mail comes too late: its task has ended, or its path was taken. */
function lateness(
  { mails, statements }: Transaction,
  task: TaskRecord,
  { path }: DeliverWrite,
): "closed" | "duplicate" | undefined {
  if (!isUnfinished(task)) return "closed";
  if (path === null || task.inbox === 0) return undefined;
  const isTaken =
    mails.some((mail) => mail.task === task.n && mail.path === path) ||
    statements.hasMail.get(task.n, path) !== undefined;
  return isTaken ? "duplicate" : undefined;
}

function isWokenBy(tx: Transaction, task: TaskRecord, { kind }: DeliverWrite): boolean {
  if (task.owner !== 0) return true;
  return task.run.gate !== PAUSED && (kind === "cancel" || !isQueued(tx, task));
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
