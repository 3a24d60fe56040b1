import { type CreatedTask, isUnfinished, type TaskRecord, UNWRITTEN } from "./cached-records.ts";
import { priorityCode } from "./codes.ts";
import type { LedgerCache } from "./ledger-cache.ts";
import type { Statements } from "./statements.ts";
import { storedTaskId } from "./task-bytes.ts";

/** Writes what is unwritten of `task`, as cheaply as what changed allows: each index entry costs. */
export function writeTask(statements: Statements, ledger: LedgerCache, task: TaskRecord): void {
  const { n, state, due, inbox, claims, claimsAt, code, first, unwritten, created } = task;
  const owner = task.owner === 0 ? null : task.owner;
  const outside = task.outside ? 1 : 0;
  if (unwritten === UNWRITTEN.all && created !== undefined) {
    insertTask(statements, ledger, task, created);
  } else if (unwritten === UNWRITTEN.counts) {
    statements.updateCounts.get(n, inbox, first);
  } else if (unwritten === UNWRITTEN.place) {
    statements.updatePlace.get(n, owner, due, inbox, claims, claimsAt, outside, first, code);
  } else {
    const update = statements.updateState;
    update.get(n, state, owner, due, inbox, claims, claimsAt, outside, first, code);
  }
  if (inbox > 0 && !isUnfinished(task)) statements.deleteMail.get(n);
}

function insertTask(
  statements: Statements,
  ledger: LedgerCache,
  task: TaskRecord,
  { write, origin }: CreatedTask,
): void {
  const envelope = write.task;
  statements.insertTask.get(
    task.n,
    storedTaskId(task.id),
    task.run.n,
    task.state,
    task.owner === 0 ? null : task.owner,
    task.due,
    task.inbox,
    task.claims,
    task.claimsAt,
    task.outside ? 1 : 0,
    task.first,
    origin,
    task.agent,
    ledger.numberFor(envelope.operation),
    priorityCode.numberOf(envelope.priority),
    envelope.hops,
    envelope.awaited ? 1 : 0,
    envelope.deadline,
    task.key,
    envelope.parent === null ? null : storedTaskId(envelope.parent),
    envelope.path,
    task.code,
  );
}
