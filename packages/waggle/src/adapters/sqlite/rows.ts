import type { SQLOutputValue } from "node:sqlite";
import type { HostId, Path, RunId, TaskId } from "../../core/ids.ts";
import { rootTaskId } from "../../core/ids.ts";
import type { Mail, RunRow, StoredEvent, TaskRow } from "../../ports/store.ts";
import { boundCode } from "./cached-records.ts";
import { eventTypeCode, gateCode, mailKindCode, priorityCode, taskStateCode } from "./codes.ts";
import { taskIdOf } from "./task-bytes.ts";

/** A row as `node:sqlite` returns it. Its columns have the types of the strict schema. */
export type Row = Record<string, SQLOutputValue>;

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** A task from the columns of the statement `task`. @param nameOf - The name of a number. */
export function taskRow(row: Row, nameOf: (number: number) => string): TaskRow {
  const parent = row["parent"] ?? null;
  // They count until the next event.
  const claims = row["claims_at"] === row["version"] ? Number(row["claims"]) : 0;
  const version = Number(row["version"]);
  const code = boundCode(Number(row["code"]), version, Number(row["claims_at"]));
  return {
    id: taskIdOf(row["id"]),
    run: row["run"] as RunId,
    parent: parent === null ? null : taskIdOf(parent),
    path: row["path"] as Path | null,
    awaited: row["awaited"] === 1,
    agent: nameOf(Number(row["agent"])),
    operation: nameOf(Number(row["operation"])),
    priority: priorityCode.wordOf(row["priority"]),
    hops: Number(row["hops"]),
    key: row["key"] as string | null,
    deadline: numberOrNull(row["deadline"]),
    state: taskStateCode.wordOf(row["state"]),
    owner: row["owner"] as HostId | null,
    due: numberOrNull(row["due"]),
    version,
    inbox: Number(row["inbox"]),
    claims: Math.max(0, claims),
    outside: row["outside"] === 1,
    codeVersion: code === 0 ? null : nameOf(code),
  };
}

/** An event from the columns of the statement `event`. @param task - Default: as the row says. */
export function storedEvent(row: Row, task: TaskId = taskIdOf(row["task"])): StoredEvent {
  return {
    task,
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
    pausedMs: Number(row["paused_ms"]),
    pausedAt: numberOrNull(row["paused_at"]),
  };
}
