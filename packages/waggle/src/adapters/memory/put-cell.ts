import type { UndoLog } from "./application.ts";
import type { CellRecord, LedgerState } from "./ledger-records.ts";

/** Replaces a cell; undefined removes it. */
export function putCell(
  state: LedgerState,
  undo: UndoLog,
  cell: string,
  next: CellRecord | undefined,
): void {
  if (undo !== undefined) {
    const before = state.cells.get(cell);
    undo.push(() => {
      if (before === undefined) state.cells.delete(cell);
      else state.cells.set(cell, before);
    });
  }
  if (next === undefined) state.cells.delete(cell);
  else state.cells.set(cell, next);
}

/** Adds to the amount of a cell, 0 if it does not exist. */
export function addToCell(state: LedgerState, undo: UndoLog, cell: string, by: number): void {
  const { version, value, amount } = state.cells.get(cell) ?? NO_CELL;
  putCell(state, undo, cell, { version: version + 1, value, amount: amount + by });
}

const NO_CELL: CellRecord = { version: 0, value: null, amount: 0 };
