import type { Envelope } from "../core/envelope.ts";
import type { EncodedEvent } from "../core/event-codec.ts";
import type { HostId, Path, RunId, TaskId } from "../core/ids.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/**
 * The ledger. One port, several engines, one conformance suite. Everything Waggle knows is in it, and
 * {@link Store.commit} is the only way to change it.
 */
export interface Store extends AsyncDisposable {
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
   * that is open or cancelling; most urgent first (priority with ageing, see `PRIORITY_BONUS_MS`). Sets the
   * owner, clears `due`, adds 1 to `claims`. Also returns tasks the host owns already whose inbox grew.
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
  /** All hosts that are not yet freed; for those who are no host themselves. */
  hosts(): Promise<readonly HostBeat[]>;
  /** Runs, newest first. */
  runs(query: RunQuery): Promise<readonly RunRow[]>;
  /** Tasks in order of creation. */
  find(query: TaskQuery): Promise<readonly TaskRow[]>;
  /** Cells whose name starts with `prefix`, in code-unit order of their names. */
  cells(prefix: string): Promise<readonly Cell[]>;
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
  | AppendWrite
  | CreateWrite
  | DeliverWrite
  | SetWrite
  | AddWrite
  | GateWrite
  | FreeWrite;

/**
 * Appends to a task's stream. Refused as `fenced` unless the batch's host owns the task, is not dead, and the
 * stream has exactly `version` events (K2); as `behind` if `inbox` is given and the task has another number
 * of mails (K3); as `gate` if `starts` and the run is not open, or if the run has ended (K7).
 */
export interface AppendWrite {
  readonly type: "append";
  readonly task: TaskId;
  readonly version: number;
  readonly inbox?: number;
  /** True when something new begins with this batch: a child, an effect. */
  readonly starts: boolean;
  readonly events: readonly EncodedEvent[];
  readonly ending?: Ending;
}

/** What becomes of a task after an append. */
export type Ending =
  /** Ends it for good; its mail is removed. */
  | { readonly type: "close"; readonly state: "closed" | "dead" }
  /** Gives it back. `due`: wall-clock ms from when anybody may claim it; null: when mail comes. */
  | { readonly type: "release"; readonly due: number | null }
  /** Gives it back as stuck: claimed again only after mail. */
  | { readonly type: "stick" };

/**
 * Creates a task. Refused as `exists` if its id is taken. With `owner` null it is due at once; otherwise the
 * batch's host owns it from the start, as after a first claim.
 */
export interface CreateWrite {
  readonly type: "create";
  readonly task: Envelope;
  /** The event that holds its input: of its own stream (root), or the `asked` of its parent. */
  readonly origin: EventRef;
  readonly owner: HostId | null;
  /** Events its own stream starts with: `started` for a root, otherwise none. */
  readonly events: readonly EncodedEvent[];
}

/** The `event`-th event of the `write`-th write of the same batch. */
export interface EventRef {
  readonly write: number;
  readonly event: number;
}

export type MailKind = "answer" | "resume";

/**
 * Puts mail into a task's inbox, for its owner to read; whoever owns it. The task becomes due.
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

/** `open`: everything may happen. `ended`: nothing any more. `paused` and `cancelling` come with their commands. */
export type Gate = "open" | "paused" | "cancelling" | "ended";

/**
 * Moves a run's gate. `from: null` creates the run: refused as `exists` if it is there. Otherwise refused as
 * `gate` unless the gate is one of `from`; and, for `ended`, if a task of the run is still open.
 */
export interface GateWrite {
  readonly type: "gate";
  readonly run: RunId;
  readonly from: readonly Gate[] | null;
  readonly to: Gate;
}

/**
 * Declares a host dead and makes its tasks due. Refused as `conflict` if its beat is not `beat` any more, and
 * as `duplicate` if it is dead already. From then on the host's own batches are refused as `fenced`.
 */
export interface FreeWrite {
  readonly type: "free";
  readonly host: HostId;
  readonly beat: number;
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
  /** No such task or run. */
  | "absent";

/** Applied or not: load the task; version = expected means it was not. */
export interface Unknown {
  readonly type: "unknown";
  readonly cause: unknown;
}

export interface ClaimRequest {
  readonly host: HostId;
  /** Agents this host runs, with the number of tasks it can take now (0: mail only). */
  readonly agents: readonly { readonly agent: string; readonly free: number }[];
  /** Only tasks of these runs; absent: of every run. */
  readonly runs?: readonly RunId[];
}

/** `claimed`: newly owned. `mail`: owned before, its inbox grew. */
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
  /** Number of mails it ever got. */
  readonly inbox: number;
  /** Claims since its last event. */
  readonly claims: number;
}

export interface Mail {
  /** 1, 2, 3, ... per task. */
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
  /** Its stream, oldest first. */
  readonly events: readonly StoredEvent[];
  /** Its mail, oldest first; empty once it is closed. */
  readonly inbox: readonly Mail[];
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
}

export interface RunQuery {
  /** Only this one. */
  readonly run?: RunId;
  /** At most so many. Default 100. */
  readonly limit?: number;
}

export interface TaskQuery {
  readonly run?: RunId;
  readonly owner?: HostId;
  readonly state?: TaskState;
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
