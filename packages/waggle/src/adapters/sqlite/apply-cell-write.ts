import type { AddWrite, RefusalReason, SetWrite } from "../../ports/store.ts";
import type { CellRecord } from "./cached-records.ts";
import type { Transaction } from "./transaction.ts";

/** Writes or removes a cell. */
export function applySet(tx: Transaction, write: SetWrite): RefusalReason | undefined {
  const cell = tx.ledger.cell(write.cell);
  if (cell.version !== write.expect) return "conflict";
  // A set that expects no cell and leaves none only looks.
  if (write.value === null && cell.version === 0) return undefined;
  tx.changeCell(cell);
  cell.version = write.value === null ? 0 : cell.version + 1;
  cell.value = write.value;
  if (write.value === null) cell.amount = 0;
  return undefined;
}

/** Adds to the amount of a cell. */
export function applyAdd(tx: Transaction, write: AddWrite): RefusalReason | undefined {
  const cell = tx.ledger.cell(write.cell);
  const sum = cell.amount + write.by;
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = write;
  if (sum < min || sum > max || !Number.isSafeInteger(sum)) return "bound";
  addToCell(tx, cell, write.by);
  return undefined;
}

/** Adds to the amount of a cell, whatever it is. */
export function addToCell(tx: Transaction, cell: CellRecord, by: number): void {
  tx.changeCell(cell);
  cell.version += 1;
  cell.amount += by;
}
