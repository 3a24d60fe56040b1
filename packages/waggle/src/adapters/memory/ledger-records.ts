import type { Envelope } from "../../core/envelope.ts";
import { runtimeError } from "../../core/errors.ts";
import type { BlobId, HostId, Path, RunId, TaskId } from "../../core/ids.ts";
import { PRIORITIES, type Priority, priorityLevel } from "../../core/priority.ts";
import type { Gate, Mail, StoredEvent, TaskState } from "../../ports/store.ts";
import { DueQueue, type QueuedTask } from "./due-queue.ts";
import { KeyLine } from "./key-line.ts";
import type { LogRecords } from "./log-records.ts";

/** One run and what belongs to it. */
export interface RunRecord {
  readonly id: RunId;
  /** 1, 2, 3, ... in order of creation. */
  readonly n: number;
  readonly startedAt: number;
  /** Its root task; undefined until somebody asks: it is a digest. */
  root: TaskId | undefined;
  gate: Gate;
  /** Without a pause that lasts. */
  pausedMs: number;
  pausedAt: number | null;
  /** Tasks that are neither closed nor dead. */
  unfinished: number;
  /** In order of creation. */
  tasks: TaskRecord[];
  /** All events in order of positions; undefined until somebody asks: most runs end without that. */
  events: StoredEvent[] | undefined;
  /** Blobs it put; undefined until the first one. */
  blobs: Set<BlobId> | undefined;
  /** True when nothing is left but the id, which stays taken. */
  trimmed: boolean;
}

/** One host: registered once its beat is above 0. */
export interface HostRecord {
  readonly id: HostId;
  beat: number;
  dead: boolean;
  gone: boolean;
  report: string;
  readonly owned: Set<TaskRecord>;
  /** Those of `owned` that got mail, or whose gate moved, since their owner was last told. */
  readonly mailed: Set<TaskRecord>;
}

/** Where tasks wait: one for each priority, least urgent first. */
type PriorityQueues = readonly DueQueue<TaskRecord>[];

/** One agent: what waits for it. */
export interface AgentRecord {
  /** Name of the cell that counts its messages that were never claimed. */
  readonly mailbox: string;
  /** Of tasks that are bound to no version of its code: one for each priority, least urgent first. */
  readonly queues: PriorityQueues;
  /** Of the others, by version. */
  readonly bound: Map<string, PriorityQueues>;
  /** By key; those in which somebody stands. */
  readonly lines: Map<string, KeyLine<TaskRecord>>;
}

/** One task. `owner`, `due` and `state` change through `place` only: the indexes follow them, `queue` too. */
export interface TaskRecord extends QueuedTask {
  /** 1, 2, 3, ... in order of creation. */
  readonly n: number;
  readonly envelope: Envelope;
  readonly run: RunRecord;
  readonly agent: AgentRecord;
  /** Where it waits, or waited last, while it has a due time and no owner. */
  queue: DueQueue<TaskRecord>;
  /** Where it stands while it is unfinished; undefined: it has no key. */
  readonly line: KeyLine<TaskRecord> | undefined;
  state: TaskState;
  owner: HostRecord | null;
  due: number | null;
  /** Number of mails it ever got, and of moves of the gate that came while it had an owner. */
  inbox: number;
  claims: number;
  /** True while it counts in the mailbox of its agent: created without owner, never claimed. */
  unclaimed: boolean;
  /** Said by its last release; false while it is owned. */
  outside: boolean;
  /** The version of its agent's code that runs it or has to; null: none. */
  codeVersion: string | null;
  /** True while its owner was the first to name a version, and has recorded nothing: it is not bound yet. */
  isUnbound: boolean;
  /** Its index in `queue`, or -1. */
  slot: number;
  /** Set when the batch that creates it has been applied. */
  origin: StoredEvent | undefined;
  /** Of all its generations. */
  events: StoredEvent[];
  /** How many of `events` are of former generations. */
  former: number;
  /** Undefined until the first one, and when the task has ended. */
  mail: Mail[] | undefined;
  /** Paths of all mail so far; undefined until the first one. */
  paths: Set<Path> | undefined;
}

/** One cell; replaced as a whole by each write. */
export interface CellRecord {
  readonly version: number;
  readonly value: string | null;
  readonly amount: number;
}

/** One blob. */
interface BlobRecord {
  readonly bytes: Uint8Array;
  /** The runs that put it; null among them: it is kept for ever. */
  readonly keepers: Set<RunRecord | null>;
}

/** Everything a memory ledger holds. */
export interface LedgerState {
  /** Position of the newest event. */
  position: number;
  /** How many tasks were ever created. */
  created: number;
  /** How often something became claimable, or was added to a log. */
  wakes: number;
  readonly hosts: Map<HostId, HostRecord>;
  readonly runs: Map<RunId, RunRecord>;
  readonly tasks: Map<TaskId, TaskRecord>;
  readonly cells: Map<string, CellRecord>;
  readonly agents: Map<string, AgentRecord>;
  readonly logs: Map<string, LogRecords>;
  readonly blobs: Map<BlobId, BlobRecord>;
  /** All runs that were not trimmed, in order of creation. */
  readonly runOrder: RunRecord[];
  /** Those that have not ended. */
  readonly unended: Set<RunRecord>;
}

/** A ledger with nothing in it. */
export function emptyLedgerState(): LedgerState {
  return {
    position: 0,
    created: 0,
    wakes: 0,
    hosts: new Map(),
    runs: new Map(),
    tasks: new Map(),
    cells: new Map(),
    agents: new Map(),
    logs: new Map(),
    blobs: new Map(),
    runOrder: [],
    unended: new Set(),
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

/** The record of the agent called `name`, made when it is first mentioned. */
export function agentRecord(state: LedgerState, name: string): AgentRecord {
  const there = state.agents.get(name);
  if (there !== undefined) return there;
  const made: AgentRecord = {
    mailbox: `mailbox.${name}`,
    queues: emptyQueues(),
    bound: new Map(),
    lines: new Map(),
  };
  state.agents.set(name, made);
  return made;
}

function emptyQueues(): PriorityQueues {
  return PRIORITIES.map(() => new DueQueue());
}

/** Where tasks of `agent` and `priority` wait that are bound to `version`. */
export function queueOf(
  agent: AgentRecord,
  priority: Priority,
  version: string | null,
): DueQueue<TaskRecord> {
  let queues = version === null ? agent.queues : agent.bound.get(version);
  if (queues === undefined) {
    queues = emptyQueues();
    if (version !== null) agent.bound.set(version, queues);
  }
  const queue = queues[priorityLevel(priority)];
  if (queue === undefined) throw runtimeError("INVARIANT", `'${priority}' has no queue`);
  return queue;
}

/** Where tasks of `agent` and `key` stand; undefined without key. */
export function lineOf(agent: AgentRecord, key: string | null): KeyLine<TaskRecord> | undefined {
  return key === null ? undefined : (agent.lines.get(key) ?? new KeyLine(agent.lines, key));
}

/** True for a task that goes on some day. */
export function isUnfinished(state: TaskState): boolean {
  return state === "open" || state === "stuck";
}

/** Changes owner, due time and state of `task`, and keeps every index of them. */
export function place(
  ledger: LedgerState,
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
  const change = Number(isUnfinished(state)) - Number(isUnfinished(task.state));
  task.run.unfinished += change;
  if (change > 0) task.line?.join(task);
  else if (change < 0) task.line?.leave(task);
  task.owner = owner;
  task.due = due;
  task.state = state;
  if (due !== null) ledger.wakes += 1;
  if (owner !== null) {
    owner.owned.add(task);
    if (due !== null) owner.mailed.add(task);
    return;
  }
  if (task.isUnbound) {
    task.isUnbound = false;
    task.codeVersion = null;
  }
  if (due === null) return;
  task.queue = queueOf(task.agent, task.envelope.priority, task.codeVersion);
  task.queue.add(task);
}
