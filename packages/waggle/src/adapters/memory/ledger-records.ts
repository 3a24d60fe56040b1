import type { Envelope } from "../../core/envelope.ts";
import type { HostId, Path, RunId, TaskId } from "../../core/ids.ts";
import type { Gate, Mail, StoredEvent, TaskState } from "../../ports/store.ts";
import type { DueQueue, QueuedTask } from "./due-queue.ts";

/** One run and what belongs to it. */
export interface RunRecord {
  readonly id: RunId;
  readonly startedAt: number;
  gate: Gate;
  /** Tasks that are neither closed nor dead. */
  unfinished: number;
  /** In order of creation. */
  readonly tasks: TaskRecord[];
  /** In order of positions. */
  readonly events: StoredEvent[];
}

/** One host: registered once its beat is above 0. */
export interface HostRecord {
  readonly id: HostId;
  beat: number;
  dead: boolean;
  gone: boolean;
  report: string;
  readonly owned: Set<TaskRecord>;
  /** Those of `owned` that got mail since their owner was last told. */
  readonly mailed: Set<TaskRecord>;
}

/** One task. `owner`, `due` and `state` change through `place` only: the indexes follow them. */
export interface TaskRecord extends QueuedTask {
  /** 1, 2, 3, ... in order of creation. */
  readonly n: number;
  readonly envelope: Envelope;
  readonly run: RunRecord;
  /** Where it waits while it has a due time and no owner. */
  readonly queue: DueQueue<TaskRecord>;
  state: TaskState;
  owner: HostRecord | null;
  due: number | null;
  /** Number of mails it ever got. */
  inbox: number;
  claims: number;
  /** Its index in `queue`, or -1. */
  slot: number;
  /** Set when the batch that creates it has been applied. */
  origin: StoredEvent | undefined;
  readonly events: StoredEvent[];
  /** Replaced, never emptied in place, when the task ends. */
  mail: Mail[];
  /** Paths of all mail so far; undefined until the first one. */
  paths: Set<Path> | undefined;
}

/** One cell; replaced as a whole by each write. */
export interface CellRecord {
  readonly version: number;
  readonly value: string | null;
  readonly amount: number;
}

/** Everything a memory ledger holds. */
export interface LedgerState {
  /** Position of the newest event. */
  position: number;
  readonly hosts: Map<HostId, HostRecord>;
  readonly runs: Map<RunId, RunRecord>;
  readonly tasks: Map<TaskId, TaskRecord>;
  readonly cells: Map<string, CellRecord>;
  /** Per agent one queue for each priority, least urgent first. */
  readonly queues: Map<string, readonly DueQueue<TaskRecord>[]>;
  /** All runs and tasks in order of creation. */
  readonly runOrder: RunRecord[];
  readonly taskOrder: TaskRecord[];
}

/** A ledger with nothing in it. */
export function emptyLedgerState(): LedgerState {
  return {
    position: 0,
    hosts: new Map(),
    runs: new Map(),
    tasks: new Map(),
    cells: new Map(),
    queues: new Map(),
    runOrder: [],
    taskOrder: [],
  };
}

/** The record of `id`, made when it is first mentioned; a host that never beat has beat 0. */
export function hostRecord(state: LedgerState, id: HostId): HostRecord {
  const there = state.hosts.get(id);
  if (there !== undefined) return there;
  const made: HostRecord = {
    id,
    beat: 0,
    dead: false,
    gone: false,
    report: "",
    owned: new Set(),
    mailed: new Set(),
  };
  state.hosts.set(id, made);
  return made;
}

/** True for a task that goes on some day. */
export function isUnfinished(state: TaskState): boolean {
  return state === "open" || state === "stuck";
}

/** Changes owner, due time and state of `task`, and keeps every index of them. */
export function place(
  task: TaskRecord,
  owner: HostRecord | null,
  due: number | null,
  state: TaskState,
): void {
  if (task.slot >= 0) task.queue.remove(task);
  if (task.owner !== null) {
    task.owner.owned.delete(task);
    task.owner.mailed.delete(task);
  }
  task.run.unfinished += Number(isUnfinished(state)) - Number(isUnfinished(task.state));
  task.owner = owner;
  task.due = due;
  task.state = state;
  if (owner !== null) {
    owner.owned.add(task);
    if (due !== null) owner.mailed.add(task);
  } else if (due !== null) {
    task.queue.add(task);
  }
}
