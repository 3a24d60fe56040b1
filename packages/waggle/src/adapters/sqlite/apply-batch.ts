import { batchMistake } from "../../ports/batch-mistake.ts";
import type { Batch, CommitResult, RefusalReason, Write } from "../../ports/store.ts";
import { applyAdd, applySet } from "./apply-cell-write.ts";
import { applyBlob, applyPublish, applyTrimLog } from "./apply-log-write.ts";
import { applyFree, applyGate, applyTrim } from "./apply-run-write.ts";
import { applyAppend, applyCreate, applyDeliver, expectRefusal } from "./apply-task-write.ts";
import type { Transaction } from "./transaction.ts";

// Applies batches within a write transaction.
// Invariants:
// A1 a refused batch leaves nothing. A write that is refused has changed nothing; what the writes before it changed is
//    taken back from the records. Only a batch that changes any number of rows has to write at once: in a savepoint.
// A2 each write is checked against what the writes before it in its batch leave.

/** Applies all writes of `batch`, or none. */
export function applyBatch(tx: Transaction, batch: Batch): CommitResult {
  if (tx.ledger.host(batch.host).dead) return { type: "refused", write: 0, reason: "fenced" };
  const { writes } = batch;
  const [first] = writes;
  if (writes.length === 1 && first?.type === "append") {
    const reason = applyAppend(tx, batch.host, first);
    return reason === undefined ? committed(tx) : { type: "refused", write: 0, reason };
  }
  const mistake = batchMistake(batch);
  if (mistake !== undefined) return { type: "unknown", cause: mistake };
  if (!writes.some(isWide)) {
    const result = applyToRecords(tx, batch);
    // Something that exists may have been taken as absent; then that is the reason.
    if (result.type === "committed" || !tx.ledger.isGuessing || !writes.some(isCreation)) {
      return result;
    }
  }
  return withoutGuessing(tx, () =>
    writes.some(isWide) ? applyInSavepoint(tx, batch) : applyToRecords(tx, batch),
  );
}

function withoutGuessing(tx: Transaction, apply: () => CommitResult): CommitResult {
  const { ledger } = tx;
  const before = ledger.isGuessing;
  ledger.isGuessing = false;
  const result = apply();
  ledger.isGuessing = before;
  return result;
}

function isCreation(write: Write): boolean {
  return write.type === "create" || (write.type === "gate" && write.from === null);
}

/** True if a write may change any number of rows. */
function isWide(write: Write): boolean {
  switch (write.type) {
    case "gate":
      // An ended run has no task to tell of it, nor has one that is made now.
      return write.from !== null && write.to !== "ended";
    case "free":
    case "trim":
    case "trim-log":
      return true;
    default:
      return false;
  }
}

function applyToRecords(tx: Transaction, batch: Batch): CommitResult {
  const mark = tx.mark();
  for (const [index, write] of batch.writes.entries()) {
    const reason = applyWrite(tx, batch, write, mark.position);
    if (reason !== undefined) {
      tx.takeBack(mark);
      return { type: "refused", write: index, reason };
    }
  }
  tx.keep();
  return committed(tx);
}

function applyInSavepoint(tx: Transaction, batch: Batch): CommitResult {
  const { statements } = tx;
  tx.flush();
  const freed = tx.freed.length;
  const { position } = tx.ledger.last;
  statements.savepoint.get();
  for (const [index, write] of batch.writes.entries()) {
    const reason = applyWrite(tx, batch, write, position);
    if (reason !== undefined) {
      statements.rollbackTo.get();
      statements.release.get();
      tx.clear(freed);
      return { type: "refused", write: index, reason };
    }
  }
  statements.release.get();
  return committed(tx);
}

function applyWrite(
  tx: Transaction,
  batch: Batch,
  write: Write,
  before: number,
): RefusalReason | undefined {
  switch (write.type) {
    case "expect":
      return expectRefusal(tx, write);
    case "append":
      return applyAppend(tx, batch.host, write);
    case "create":
      return applyCreate(tx, batch, write, before);
    case "deliver":
      return applyDeliver(tx, write);
    case "set":
      return applySet(tx, write);
    case "add":
      return applyAdd(tx, write);
    case "gate":
      return applyGate(tx, write);
    case "free":
      return applyFree(tx, write);
    case "publish":
      return applyPublish(tx, write);
    case "blob":
      return applyBlob(tx, write);
    case "trim":
      return applyTrim(tx, write);
    case "trim-log":
      return applyTrimLog(tx, write);
  }
}

function committed(tx: Transaction): CommitResult {
  return { type: "committed", at: tx.at };
}
