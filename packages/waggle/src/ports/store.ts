import type { Envelope } from "../core/envelope.ts";
import type { EncodedEvent } from "../core/event-codec.ts";
import type { BlobId, HostId, Path, RunId, TaskId } from "../core/ids.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/**
 * The ledger. One port, several engines, one conformance suite. Everything Waggle knows is in it, and
 * {@link Store.commit} is the only way to change it.
 */
export interface Store extends StoreReads, AsyncDisposable {
  /** Made at random with the ledger itself; the same for every process that opens it. Part of effect keys. */
  readonly id: string;
  readonly capabilities: StoreCapabilities;
  /**
   * Applies all writes of `batch` or none: a refused batch leaves no trace and harms no other (K16). Each write
   * is checked against what the writes before it in the batch leave. Batches are applied in the order of the calls.
   * Never rejects: every outcome is a value. `committed` means durable as `capabilities.durability` says.
   */
  commit(batch: Batch): Promise<CommitResult>;
  /**
   * Takes tasks for `request.host`: unowned, due, of an agent in `request.agents` with a free slot, in a run
   * that is open or cancelling; most urgent first (priority with ageing, see `PRIORITY_BONUS_MS`). A task that is
   * bound to a version of its agent's code is taken only where `versions` has it. Sets the owner, clears `due`, adds
   * 1 to `claims`; at a task's first claim, 1 less waits in its agent's mailbox. Also returns tasks the host owns
   * already whose inbox grew or whose run's gate moved.
   * Durable before it resolves.
   * @throws RuntimeError `STORE_UNAVAILABLE`; claimed or not is found by `find({ owner })`.
   */
  claim(request: ClaimRequest): Promise<readonly Claimed[]>;
  /**
   * Everything about one task, read in one snapshot.
   * @returns undefined if there is no such task.
   */
  load(task: TaskId): Promise<LoadedTask | undefined>;
  /**
   * Registers the host, or says it is still there: its beat number grows by one.
   * @returns all hosts that are not yet freed, this one included (as `dead` if it has been freed meanwhile).
   */
  beat(host: HostId, report: string): Promise<readonly HostBeat[]>;
  /**
   * Calls `listener` after commits, of whichever process, that made something claimable or added to a log. It may
   * be called late, too often, or never: whoever waits also polls. Not within a call of this store, and not once it is
   * disposed.
   * @returns Ends that; calling it twice is fine.
   */
  watch(listener: () => void): () => void;
}

/** Everything that can be read of a ledger without being a host. Each call reads one snapshot. */
export interface StoreReads {
  /** All hosts that are not yet freed; for those who are no host themselves. */
  hosts(): Promise<readonly HostBeat[]>;
  /** Runs, newest first. */
  runs(query: RunQuery): Promise<readonly RunRow[]>;
  /** Tasks in order of creation. */
  find(query: TaskQuery): Promise<readonly TaskRow[]>;
  /** Cells whose name starts with `prefix`, in code-unit order of their names. */
  cells(prefix: string): Promise<readonly Cell[]>;
  /** Records of one log, oldest first, and its present version; a log nobody wrote to has version 0. */
  records(query: RecordQuery): Promise<LogPage>;
  /** The bytes of a blob; undefined if there is none of that id. */
  blob(id: BlobId): Promise<Uint8Array | undefined>;
  /**
   * Events of all tasks of a run in the order of their positions, from after position `from`; then those to
   * come, as they are committed by whichever process. Each event exactly once. Ends only when `signal` aborts.
   */
  tail(run: RunId, from: number, signal: AbortSignal): AsyncIterable<StoredEvent>;
}

/** What an engine promises; part of every figure that is quoted for it. */
export interface StoreCapabilities {
  /** What an acknowledged commit survives: loss of power, the end of the process, or nothing. */
  readonly durability: "power" | "process" | "none";
  /** Who can share it. */
  readonly shared: "process" | "machine" | "network";
}

/** What a store takes from the machine around it. */
export interface StoreMachine {
  readonly clock: Clock;
  readonly random: Random;
}

/** Makes a store; whoever calls it disposes the store. */
export type StoreFactory = (machine: StoreMachine) => Promise<Store>;

/** A list of writes, all or none, in the name of one host. */
export interface Batch {
  readonly host: HostId;
  readonly writes: readonly Write[];
}

export type Write =
  | ExpectWrite
  | AppendWrite
  | CreateWrite
  | DeliverWrite
  | SetWrite
  | AddWrite
  | GateWrite
  | FreeWrite
  | PublishWrite
  | BlobWrite
  | TrimWrite
  | TrimLogWrite;

/**
 * Writes nothing: what else is in the batch is written only if `task` still is as it was read. Refused as `conflict`
 * unless it has not ended and has exactly this version, this number of mails, this owner, and its run this gate; as `absent` if there is
 * no such task.
 */
export interface ExpectWrite {
  readonly type: "expect";
  readonly task: TaskId;
  readonly version: number;
  readonly inbox: number;
  /** Null: nobody owns it. */
  readonly owner: HostId | null;
  readonly gate: Gate;
}

/**
 * Appends to a task's stream. Refused as `fenced` unless the batch's host owns the task, is not dead, and the
 * stream has exactly `version` events (K2); as `behind` if `inbox` is given and the task has another number
 * of mails (K3); as `gate` if `starts` and the run is not open (with `cleanup`: nor cancelling), or if the run
 * has ended (K7).
 */
export interface AppendWrite {
  readonly type: "append";
  readonly task: TaskId;
  readonly version: number;
  readonly inbox?: number;
  /** True when something new begins with this batch: a child, an effect. */
  readonly starts: boolean;
  /** True when what begins is clean-up: it may also begin while the run is cancelling. */
  readonly cleanup?: boolean;
  readonly events: readonly EncodedEvent[];
  /**
   * True when a new generation begins with the first of `events` (without any: with the next event): `load` gives
   * the stream from there on. Versions go on counting. Given back with that, the task is bound to no version of its
   * agent's code any more: nothing that one of them has to fit is left.
   */
  readonly restart?: boolean;
  readonly ending?: Ending;
}

/** What becomes of a task after an append. */
export type Ending =
  /**
   * Ends it for good; its mail is removed. If it held a key, the next task of that key holds it and is due (K9),
   * unless that is stuck, has an owner, is due already or is of a paused run.
   */
  | { readonly type: "close"; readonly state: "closed" | "dead" }
  /**
   * Gives it back. `due`: wall-clock ms from when anybody may claim it; null: when mail comes. `outside`: it
   * waits, among other things, for a time or a signal, so it will move whatever other tasks do. Of a paused
   * run it is not due before the run is open again.
   */
  | { readonly type: "release"; readonly due: number | null; readonly outside: boolean }
  /**
   * Gives it back as stuck: claimed again only after mail. The events of this append bind it to no version: what was
   * bound to none when it was claimed, and has got no other event since, stays so.
   */
  | { readonly type: "stick" };

/**
 * Creates a task. Refused as `absent` without its run; as `exists` if its id is taken; as `gate` if the run has
 * ended; as `full` if `owner` is null and `mailbox` messages of its agent wait already that were never claimed
 * (all of them, with a limit or without, are counted in the amount of the cell `mailbox.<agent>`). With `owner`
 * null it may be claimed from `due` on, of a paused run when it is open again; otherwise the batch's host owns it
 * from the start, as after a first claim. A task with a key has no owner at first; while an older one of the same
 * agent and key, of whichever run, is unfinished it is not due: it is queued behind it (K9).
 */
export interface CreateWrite {
  readonly type: "create";
  readonly task: Envelope;
  /** The event that holds its input: of its own stream (root), or the `asked` of its parent. */
  readonly origin: EventRef;
  readonly owner: HostId | null;
  /** Events its own stream starts with: `started` for a root, otherwise none, or those of a fork. */
  readonly events: readonly EncodedEvent[];
  /** Wall-clock ms. Default: at once. Only without owner. */
  readonly due?: number;
  /**
   * The version of its agent's code that begins it (with owner, as at a claim), or has begun it (without: of a fork).
   * Default: none.
   */
  readonly codeVersion?: string;
  /** Most messages that may wait for its agent, this one included. Default: no limit. */
  readonly mailbox?: number;
}

/** The `event`-th event of the `write`-th write of the same batch. */
export interface EventRef {
  readonly write: number;
  readonly event: number;
}

/**
 * `answer`: the outcome of a child. `signal`: from outside. `cancel`: it is to stop. `resume`: a stuck task is
 * to be tried again. `probe`: somebody looks for a deadlock and cannot see what this task waits for.
 */
export type MailKind = "answer" | "resume" | "signal" | "cancel" | "probe";

/**
 * Puts mail into a task's inbox, for its owner to read; whoever owns it. The task becomes due; without owner not if
 * its run is paused, nor if it is queued behind a key and the mail is no `cancel`.
 * With `path`, at most one mail per (task, path) is ever taken (K11): another is refused as `duplicate`, and
 * mail for a task that is no longer open as `closed`; with `late: "drop"` both are silently left out.
 */
export interface DeliverWrite {
  readonly type: "deliver";
  readonly task: TaskId;
  readonly kind: MailKind;
  readonly path: Path | null;
  readonly data: string;
  readonly late: "refuse" | "drop";
}

/** Writes a cell. Refused as `conflict` unless its version is `expect`; 0 means it does not exist. */
export interface SetWrite {
  readonly type: "set";
  readonly cell: string;
  readonly expect: number;
  /** JSON text; null removes the cell (its version is then 0 again). */
  readonly value: string | null;
}

/** Adds to the amount of a cell (0 if it does not exist). Refused as `bound` if it would leave [min, max]. */
export interface AddWrite {
  readonly type: "add";
  readonly cell: string;
  /** A safe integer. */
  readonly by: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * `open`: everything may happen. `paused`: nothing begins, and its tasks are given to nobody. `cancelling`:
 * nothing begins but clean-up; tasks are claimed to be closed. `ended`: nothing any more.
 */
export type Gate = "open" | "paused" | "cancelling" | "ended";

/**
 * Moves a run's gate. `from: null` creates the run: refused as `exists` if it is there. Otherwise refused as
 * `gate` unless the gate is one of `from`; and, for `ended`, if a task of the run is still unfinished.
 * Its unfinished tasks hear of it in the same commit. Those with an owner become due and their number of mails
 * grows by 1, though there is none to read: so an owner that did not know is refused as `behind` (K3). Of the others:
 * `paused`: none is due any more; `open`: those that are not stuck, nor queued behind a key, are due;
 * `cancelling`: all are due. From paused to paused the same pause lasts.
 */
export interface GateWrite {
  readonly type: "gate";
  readonly run: RunId;
  readonly from: readonly Gate[] | null;
  readonly to: Gate;
}

/**
 * Declares a host dead and makes its tasks due, those of a paused run when it is open again. Refused as `conflict`
 * if its beat is not `beat` any more, and as `duplicate` if it is dead already. From then on the host's own batches are refused as `fenced`.
 */
export interface FreeWrite {
  readonly type: "free";
  readonly host: HostId;
  readonly beat: number;
}

/**
 * Adds records to a log, in order. Each gets the next version of its log: 1, 2, 3, ... without gaps, in the
 * order of the commits. Refused as `conflict` if a record's `expect` does not hold, or `add` meets a value that
 * is no number or leaves the safe integers. Each record is checked against what the ones before it leave.
 */
export interface PublishWrite {
  readonly type: "publish";
  readonly log: string;
  readonly records: readonly NewRecord[];
}

export interface NewRecord {
  /** Records of one key replace each other: the newest is its value. Null: the record has no key. */
  readonly key: string | null;
  /** JSON text; null: the key has no value any more. Left out with `add`. */
  readonly data?: string | null;
  /**
   * The version of the newest record of this key, with a value or without; 0: there must be none. Absent: whatever
   * it is. Not without key.
   */
  readonly expect?: number;
  /** A safe integer: the value becomes the number it was (0 without one) plus this. Not without key. */
  readonly add?: number;
}

/**
 * Keeps `bytes` under `id`, which is derived from them: keeping the same again changes nothing. They are kept
 * until the last run that put them is trimmed; for ever with `run` null. Refused as `absent` if there is no such
 * run, as `gate` if it has ended.
 */
export interface BlobWrite {
  readonly type: "blob";
  readonly id: BlobId;
  readonly bytes: Uint8Array;
  readonly run: RunId | null;
}

/**
 * Removes everything of a run but its id: no read shows the run, its tasks, their events and mail, nor the blobs
 * that only it put. The id stays taken, as that of a run that has ended; trimming it again changes nothing. Refused
 * as `gate` unless it has ended, as `absent` if there is none.
 */
export interface TrimWrite {
  readonly type: "trim";
  readonly run: RunId;
}

/**
 * Removes the records of a log with versions below `before`, except of each key the newest of them: what the log
 * held at `before` and later can still be read. With `all` these go too. Its version stays.
 */
export interface TrimLogWrite {
  readonly type: "trim-log";
  readonly log: string;
  readonly before: number;
  readonly all?: true;
}

export type CommitResult = Committed | Refused | Unknown;

/** Applied and durable. `at` is the wall-clock ms that all events of the batch carry. */
export interface Committed {
  readonly type: "committed";
  readonly at: number;
}

/** Nothing was applied, because of the write at index `write`. */
export interface Refused {
  readonly type: "refused";
  readonly write: number;
  readonly reason: RefusalReason;
}

export type RefusalReason =
  | "fenced"
  | "behind"
  | "gate"
  | "exists"
  | "closed"
  | "duplicate"
  | "conflict"
  | "bound"
  | "full"
  /** No such task or run. */
  | "absent";

/** Applied or not: load the task; version = expected means it was not. */
export interface Unknown {
  readonly type: "unknown";
  readonly cause: unknown;
}

/** An agent that a host runs. */
export interface AgentClaim {
  readonly agent: string;
  /** Number of tasks it can take now (0: mail only). */
  readonly free: number;
  /**
   * Of its code: the version that runs here, then those that it can continue. With it tasks come that are bound to
   * one of these or to none; what it takes is bound to the first. Absent or empty: only tasks that are bound to none,
   * which stay so. They differ.
   */
  readonly versions?: readonly string[];
}

export interface ClaimRequest {
  readonly host: HostId;
  readonly agents: readonly AgentClaim[];
  /** Only tasks of these runs; absent: of every run. */
  readonly runs?: readonly RunId[];
}

/** `claimed`: newly owned. `mail`: owned before, its inbox grew or its run's gate moved. */
export interface Claimed {
  readonly task: TaskId;
  readonly why: "claimed" | "mail";
}

/** `open` and `stuck` tasks go on some day; `closed` and `dead` ones never. */
export type TaskState = "open" | "stuck" | "closed" | "dead";

export interface TaskRow extends Envelope {
  readonly state: TaskState;
  readonly owner: HostId | null;
  /** Wall-clock ms from when it may be claimed, or null. */
  readonly due: number | null;
  /** Number of events in its stream. */
  readonly version: number;
  /** Number of mails it ever got, and of moves of the gate that came while it had an owner. */
  readonly inbox: number;
  /** Claims since its last event. */
  readonly claims: number;
  /** True if it was released and waits for a time or a signal, among other things; until it is claimed. */
  readonly outside: boolean;
  /**
   * The version of its agent's code that it is bound to; null: none. A claim binds a task to the version it names
   * first; one that was bound to none only when an event has come since, so that what nobody has begun waits for
   * nobody; and not by the append that leaves it stuck, so that it does not wait for the version that does not fit.
   * One that was bound, and claimed by a version that continues that, is bound to the new one by the claim, and stays
   * so when it becomes stuck.
   */
  readonly codeVersion: string | null;
}

export interface Mail {
  /** Counts from 1 per task; moves of the gate leave gaps. */
  readonly seq: number;
  readonly kind: MailKind;
  readonly path: Path | null;
  readonly data: string;
}

export interface StoredEvent extends EncodedEvent {
  readonly task: TaskId;
  /** Grows with every event of the store; gaps are possible. */
  readonly position: number;
  /** Wall-clock ms of the commit. */
  readonly at: number;
}

export interface LoadedTask {
  readonly row: TaskRow;
  /** The event that holds its input. */
  readonly origin: StoredEvent;
  /** Its stream from its present generation on, oldest first: the last of its `row.version` events. */
  readonly events: readonly StoredEvent[];
  /** Its mail, oldest first; empty once it is closed. */
  readonly inbox: readonly Mail[];
  readonly gate: Gate;
  /** How long its run has been paused in all, without a pause that lasts. */
  readonly pausedMs: number;
}

export interface HostBeat {
  readonly host: HostId;
  readonly beat: number;
  readonly dead: boolean;
  /** True if the engine knows for certain that the host's process has ended. False: not known. */
  readonly gone: boolean;
  /** What the host said of itself at its last beat (JSON text). */
  readonly report: string;
}

export interface RunRow {
  readonly run: RunId;
  readonly gate: Gate;
  readonly root: TaskId;
  /** Wall-clock ms. */
  readonly startedAt: number;
  /** How long it has been paused in all, in ms, without a pause that lasts. */
  readonly pausedMs: number;
  /** Wall-clock ms since when it is paused; null: it is not. */
  readonly pausedAt: number | null;
}

export interface RunQuery {
  /** Only this one. */
  readonly run?: RunId;
  /** Only those with this gate. */
  readonly gate?: Gate;
  /** True: only those that have not ended though none of their tasks is unfinished. */
  readonly over?: boolean;
  /** At most so many. Default 100. */
  readonly limit?: number;
}

export interface TaskQuery {
  readonly run?: RunId;
  readonly owner?: HostId;
  readonly state?: TaskState;
  readonly parent?: TaskId;
  readonly agent?: string;
  /** Only with `agent`. The oldest unfinished one holds the key, the others are queued behind it. */
  readonly key?: string;
  /** At most so many. Default 1,000. */
  readonly limit?: number;
}

export interface Cell {
  readonly cell: string;
  /** Grows by 1 with each set or add. */
  readonly version: number;
  readonly value: string | null;
  readonly amount: number;
}

export interface RecordQuery {
  readonly log: string;
  /** Only records with a version above this. Default 0. */
  readonly after?: number;
  /** Only records up to this version. Default: all. */
  readonly upTo?: number;
  /** Only those of this key. */
  readonly key?: string;
  /** Only those whose key starts with this. */
  readonly prefix?: string;
  /** True: of each key only the newest within `upTo`, as long as it has a value, in code-unit order of the keys. */
  readonly latest?: boolean;
  /** At most so many. Default 1,000. */
  readonly limit?: number;
}

export interface LogPage {
  /** Version of the log: of the newest record it ever had. */
  readonly version: number;
  readonly records: readonly LogRecord[];
}

export interface LogRecord {
  readonly version: number;
  /** Wall-clock ms of the commit. */
  readonly at: number;
  readonly key: string | null;
  readonly data: string | null;
}
