import { batchMistake } from "../../ports/batch-mistake.ts";
import type {
  AddWrite,
  Batch,
  CommitResult,
  DeliverWrite,
  FreeWrite,
  GateWrite,
  RefusalReason,
  SetWrite,
  Write,
} from "../../ports/store.ts";
import { applyAppend, applyCreate } from "./apply-task-write.ts";
import { gateCode, mailKindCode } from "./codes.ts";
import type { Transaction } from "./transaction.ts";

// Applies batches within a write transaction. Each write is one conditional statement and what follows from
// it; why a condition did not hold is looked up only then.
// Invariants:
// A1 a refused batch leaves nothing: a lone append writes nothing when refused, all others run in a savepoint.
// A2 each write is checked against what the writes before it in its batch leave.

/** Applies all writes of `batch`, or none. */
export function applyBatch(tx: Transaction, batch: Batch): CommitResult {
  if (tx.isDead(batch.host)) return { type: "refused", write: 0, reason: "fenced" };
  const [first] = batch.writes;
  if (batch.writes.length === 1 && first?.type === "append") {
    const reason = applyAppend(tx, batch.host, first);
    return reason === undefined
      ? { type: "committed", at: tx.at }
      : { type: "refused", write: 0, reason };
  }
  const mistake = batchMistake(batch);
  if (mistake !== undefined) return { type: "unknown", cause: mistake };
  return applyInSavepoint(tx, batch);
}

function applyInSavepoint(tx: Transaction, batch: Batch): CommitResult {
  const { statements, position } = tx;
  const freed = tx.freed.length;
  statements.savepoint.run();
  for (const [index, write] of batch.writes.entries()) {
    const reason = applyWrite(tx, batch, write, position);
    if (reason !== undefined) {
      statements.rollbackTo.run();
      statements.release.run();
      tx.rolledBack(position, freed);
      return { type: "refused", write: index, reason };
    }
  }
  statements.release.run();
  return { type: "committed", at: tx.at };
}

function applyWrite(
  tx: Transaction,
  batch: Batch,
  write: Write,
  before: number,
): RefusalReason | undefined {
  switch (write.type) {
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
  }
}

function applyDeliver(tx: Transaction, write: DeliverWrite): RefusalReason | undefined {
  const { statements, at } = tx;
  const task = tx.taskNumber(write.task);
  if (task === undefined) return "absent";
  const { path, data } = write;
  const kind = mailKindCode.numberOf(write.kind);
  if (statements.insertMail.run({ task, kind, path, data }).changes === 0) {
    if (write.late === "drop") return undefined;
    const state = Number(statements.taskHead.get({ id: write.task })?.["state"]);
    return state < 2 ? "duplicate" : "closed";
  }
  statements.countMail.run({ task, at });
  tx.madeDue = true;
  return undefined;
}

function applySet({ statements }: Transaction, write: SetWrite): RefusalReason | undefined {
  const { cell, expect, value } = write;
  if (expect > 0) {
    const { changes } =
      value === null
        ? statements.deleteCell.run({ cell, expect })
        : statements.updateCell.run({ cell, expect, value });
    return changes === 0 ? "conflict" : undefined;
  }
  // A set that expects no cell and leaves none only looks.
  const applied =
    expect === 0 &&
    (value === null
      ? statements.hasCell.get({ cell }) === undefined
      : statements.insertCell.run({ cell, value, amount: 0 }).changes > 0);
  return applied ? undefined : "conflict";
}

function applyAdd({ statements }: Transaction, write: AddWrite): RefusalReason | undefined {
  const { cell, by } = write;
  const min = Math.max(write.min ?? -Infinity, Number.MIN_SAFE_INTEGER);
  const max = Math.min(write.max ?? Infinity, Number.MAX_SAFE_INTEGER);
  if (statements.addToCell.run({ cell, by, min, max }).changes > 0) return undefined;
  if (statements.hasCell.get({ cell }) !== undefined || by < min || by > max) return "bound";
  statements.insertCell.run({ cell, value: null, amount: by });
  return undefined;
}

function applyGate(tx: Transaction, write: GateWrite): RefusalReason | undefined {
  const { statements, at } = tx;
  const id = write.run;
  const gate = gateCode.numberOf(write.to);
  if (write.from === null) {
    return statements.insertRun.run({ id, gate, at }).changes > 0 ? undefined : "exists";
  }
  const from = write.from.reduce((bits, name) => bits | (1 << gateCode.numberOf(name)), 0);
  const { changes } =
    write.to === "ended"
      ? statements.endRun.run({ id, from })
      : statements.moveGate.run({ id, from, to: gate });
  if (changes === 0) return statements.runGate.get({ id }) === undefined ? "absent" : "gate";
  tx.madeDue = true;
  return undefined;
}

function applyFree(tx: Transaction, write: FreeWrite): RefusalReason | undefined {
  const { statements, at } = tx;
  const { host, beat } = write;
  if (statements.killHost.run({ id: host, beat }).changes === 0) {
    const facts = statements.hostFacts.get({ id: host });
    if (facts !== undefined) return facts["dead"] === 1 ? "duplicate" : "conflict";
    // A host that never beat has beat 0; it can own tasks all the same.
    if (beat !== 0) return "conflict";
    statements.insertDeadHost.run({ id: host });
  }
  statements.freeTasks.run({ host, at });
  tx.killed(host);
  tx.madeDue = true;
  return undefined;
}
