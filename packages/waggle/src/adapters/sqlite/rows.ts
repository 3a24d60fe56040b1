import type { SQLOutputValue } from "node:sqlite";
import type { HostId, Path, RunId, TaskId } from "../../core/ids.ts";
import { rootTaskId } from "../../core/ids.ts";
import type { Mail, RunRow, StoredEvent, TaskRow } from "../../ports/store.ts";
import { eventTypeCode, gateCode, mailKindCode, priorityCode, taskStateCode } from "./codes.ts";

/** A row as `node:sqlite` returns it. Its columns have the types of the strict schema. */
export type Row = Record<string, SQLOutputValue>;

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** A task from the columns of the statement `task`. */
export function taskRow(row: Row): TaskRow {
  return {
    id: row["id"] as TaskId,
    run: row["run"] as RunId,
    parent: row["parent"] as TaskId | null,
    path: row["path"] as Path | null,
    awaited: row["awaited"] === 1,
    agent: String(row["agent"]),
    operation: String(row["operation"]),
    priority: priorityCode.wordOf(row["priority"]),
    hops: Number(row["hops"]),
    deadline: numberOrNull(row["deadline"]),
    state: taskStateCode.wordOf(row["state"]),
    owner: row["owner"] as HostId | null,
    due: numberOrNull(row["due"]),
    version: Number(row["version"]),
    inbox: Number(row["inbox"]),
    claims: Number(row["claims"]),
  };
}

/** An event from the columns of the statement `event`. */
export function storedEvent(row: Row): StoredEvent {
  return {
    task: row["task"] as TaskId,
    position: Number(row["position"]),
    at: Number(row["at"]),
    type: eventTypeCode.wordOf(row["type"]),
    data: String(row["data"]),
  };
}

/** A mail from the columns of the statement `mailOfTask`. */
export function mail(row: Row): Mail {
  return {
    seq: Number(row["seq"]),
    kind: mailKindCode.wordOf(row["kind"]),
    path: row["path"] as Path | null,
    data: String(row["data"]),
  };
}

/** A run from the columns of the statement `run`. */
export function runRow(row: Row): RunRow {
  const run = row["id"] as RunId;
  return {
    run,
    gate: gateCode.wordOf(row["gate"]),
    root: rootTaskId(run),
    startedAt: Number(row["started_at"]),
  };
}
