import type { FreeWrite, SetWrite, Write } from "../../ports/store.ts";
import { type Application, restore } from "./application.ts";
import { applyGate } from "./apply-gate.ts";
import { applyPublish, applyTrimLog } from "./apply-log-write.ts";
import { applyAppend, applyCreate, applyDeliver } from "./apply-task-write.ts";
import { applyBlob, applyTrim } from "./apply-trim.ts";
import { hostRecord, place } from "./ledger-records.ts";
import { addToCell, putCell } from "./put-cell.ts";

/** Applies a write that was checked to be acceptable. */
export function applyWrite(batch: Application, write: Write): void {
  switch (write.type) {
    case "expect":
      break;
    case "append":
      applyAppend(batch, write);
      break;
    case "create":
      applyCreate(batch, write);
      break;
    case "deliver":
      applyDeliver(batch, write);
      break;
    case "set":
      applySet(batch, write);
      break;
    case "add":
      addToCell(batch.state, batch.undo, write.cell, write.by);
      break;
    case "gate":
      applyGate(batch, write);
      break;
    case "free":
      applyFree(batch, write);
      break;
    case "publish":
      applyPublish(batch, write);
      break;
    case "blob":
      applyBlob(batch, write);
      break;
    case "trim":
      applyTrim(batch, write);
      break;
    case "trim-log":
      applyTrimLog(batch, write);
      break;
  }
}

function applySet({ state, undo }: Application, { cell, expect, value }: SetWrite): void {
  const amount = state.cells.get(cell)?.amount ?? 0;
  putCell(state, undo, cell, value === null ? undefined : { version: expect + 1, value, amount });
}

function applyFree({ state, at, undo }: Application, write: FreeWrite): void {
  const host = hostRecord(state, write.host);
  const owned = [...host.owned];
  if (undo !== undefined) {
    undo.push(() => {
      host.dead = false;
    });
    for (const task of owned) undo.push(restore(state, task));
  }
  host.dead = true;
  for (const task of owned) {
    place(state, task, null, task.run.gate === "paused" ? null : at, task.state);
  }
}
