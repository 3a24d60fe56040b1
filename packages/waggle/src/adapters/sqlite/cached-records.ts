import type { HostId, RunId, TaskId } from "../../core/ids.ts";
import type { CreateWrite } from "../../ports/store.ts";

/** What has to be written of a record: nothing, numbers that no index holds, its place, its state, all of it. */
export const UNWRITTEN = { nothing: 0, counts: 1, place: 2, state: 3, all: 4 } as const;

interface CachedRecord {
  /** One of {@link UNWRITTEN}. */
  unwritten: number;
  /** Number of the last batch that can be taken back and has kept a copy of this record. */
  savedBy: number;
}

/** One run. */
export interface RunRecord extends CachedRecord {
  readonly n: number;
  readonly id: RunId;
  readonly startedAt: number;
  /** Stored number of the gate; {@link TRIMMED} is one more. */
  gate: number;
  /** Without a pause that lasts. */
  pausedMs: number;
  pausedAt: number | null;
  /** Number of its tasks that are neither closed nor dead. */
  unfinished: number;
}

/** One host. */
export interface HostRecord {
  /** 0 while it is not in the ledger: it never beat and owns nothing. */
  n: number;
  readonly id: HostId;
  readonly dead: boolean;
}

/** One task. */
export interface TaskRecord extends CachedRecord {
  readonly n: number;
  readonly id: TaskId;
  readonly run: RunRecord;
  /** Number of its agent's name. */
  readonly agent: number;
  readonly key: string | null;
  /** Number of its events. */
  version: number;
  /** Stored number of the state. */
  state: number;
  /** Number of the host; 0: none. */
  owner: number;
  due: number | null;
  /** Number of mails it ever got. */
  inbox: number;
  /** Claims since `claimsAt` was the version; -1: never claimed, and counted in the mailbox of its agent. */
  claims: number;
  claimsAt: number;
  outside: boolean;
  /**
   * Number of the version of its agent's code that it is bound to; 0: none. Below 0: it is bound to the version with
   * that number, once `version` is above `claimsAt`; only while it has an owner.
   */
  code: number;
  /** Events up to this version are of former generations. */
  first: number;
  /** Of a task that is not written yet: what it was created with. */
  readonly created: CreatedTask | undefined;
}

/** A task that is not written yet. */
export interface CreatedTask {
  readonly write: CreateWrite;
  /** Position of the event that holds its input. */
  readonly origin: number;
}

/** One cell; version 0: it does not exist. */
export interface CellRecord extends CachedRecord {
  readonly name: string;
  version: number;
  value: string | null;
  amount: number;
}

/** One log. */
export interface LogRecord extends CachedRecord {
  readonly n: number;
  version: number;
}

/** The gate of a run of which nothing is left but the id; to everybody it has ended. */
export const TRIMMED = 4;

/** The version that a task is bound to when nobody owns it any more; see {@link TaskRecord.code}. */
export function boundCode(code: number, version: number, claimsAt: number): number {
  if (code >= 0) return code;
  return version > claimsAt ? -code : 0;
}

/** True for a task that goes on some day. */
export function isUnfinished(task: { readonly state: number }): boolean {
  return task.state < 2;
}
