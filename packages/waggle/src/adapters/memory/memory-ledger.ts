import type { BlobId, HostId, RunId, TaskId } from "../../core/ids.ts";
import { batchMistake } from "../../ports/batch-mistake.ts";
import type {
  Batch,
  Cell,
  Claimed,
  ClaimRequest,
  CommitResult,
  EventRef,
  HostBeat,
  LoadedTask,
  LogPage,
  RecordQuery,
  Refused,
  RunQuery,
  RunRow,
  StoredEvent,
  TaskQuery,
  TaskRow,
  Write,
} from "../../ports/store.ts";
import type { UndoLog } from "./application.ts";
import { applyWrite } from "./apply-write.ts";
import { refusalOf } from "./check-write.ts";
import { claimTasks } from "./claim-tasks.ts";
import { eventsOfRun, findRuns, findTasks, taskRow } from "./ledger-queries.ts";
import { emptyLedgerState, hostRecord, type LedgerState } from "./ledger-records.ts";
import { emptyLog, selectRecords } from "./log-records.ts";

// The ledger in memory: the reference for what every store does.
// Owns: all records of one ledger. Doesn't own: durability, waiting (see memoryStore), time (given).
// Called by: memoryStore, and the simulator directly.
// Invariants:
// L1 a batch is applied as a whole or leaves no trace; nobody sees it half applied, for nothing here waits.
// L2 each write is checked against what the writes before it in its batch leave.
// L3 equal calls with equal times give equal results: no order depends on anything but the calls.
// L4 what is handed out never changes afterwards.

/** A ledger in this process's memory; every call is done when it returns. See {@link Store} for the contract. */
export class MemoryLedger {
  /** Names this ledger, as {@link Store.id}. */
  readonly id: string;
  readonly #now: () => number;
  readonly #state: LedgerState = emptyLedgerState();
  readonly #listeners = new Set<() => void>();
  readonly #wakers = new Set<() => void>();

  /** @param options - `now`: wall-clock ms. `id`: default "memory"; random where effects leave the process. */
  constructor(options: { readonly now: () => number; readonly id?: string }) {
    this.id = options.id ?? "memory";
    this.#now = options.now;
  }

  /** Applies all writes of `batch` or none. A batch that is wrong in itself gives `unknown` with a `USAGE` error. */
  commit(batch: Batch): CommitResult {
    const { writes } = batch;
    const first = writes[0];
    const host = this.#state.hosts.get(batch.host);
    if (host?.dead === true) return { type: "refused", write: 0, reason: "fenced" };
    const mistake = batchMistake(batch);
    if (mistake !== undefined) return { type: "unknown", cause: mistake };
    const at = this.#now();
    const { wakes } = this.#state;
    if (writes.length === 1 && first?.type === "append") {
      const reason = refusalOf(this.#state, host, first);
      if (reason !== undefined) return { type: "refused", write: 0, reason };
      applyWrite({ state: this.#state, at, host, undo: undefined, added: undefined }, first);
    } else {
      const failed = this.#applyAll(batch, at);
      if (failed !== undefined) return failed;
    }
    for (const listener of this.#listeners) listener();
    if (this.#state.wakes !== wakes) for (const listener of this.#wakers) listener();
    return { type: "committed", at };
  }

  /** Takes tasks and mail for a host; a dead host gets nothing. */
  claim(request: ClaimRequest): readonly Claimed[] {
    return claimTasks(this.#state, request, this.#now());
  }

  /** Everything about one task, or undefined if there is no such task. */
  load(id: TaskId): LoadedTask | undefined {
    const task = this.#state.tasks.get(id);
    if (task?.origin === undefined) return undefined;
    const { origin, events, former, mail, run } = task;
    return {
      row: taskRow(task),
      origin,
      events: events.slice(former),
      inbox: mail?.slice() ?? [],
      gate: run.gate,
      pausedMs: run.pausedMs,
    };
  }

  /** Registers the host or adds 1 to its beat, unless it is dead; then as {@link MemoryLedger.hosts}, and itself. */
  beat(host: HostId, report: string): readonly HostBeat[] {
    const own = hostRecord(this.#state, host);
    if (!own.dead) {
      own.beat += 1;
      own.report = report;
    }
    return this.#beats(host);
  }

  /** All registered hosts that are not dead, in order of their ids. */
  hosts(): readonly HostBeat[] {
    return this.#beats(undefined);
  }

  /** Runs, newest first. */
  runs(query: RunQuery): readonly RunRow[] {
    return findRuns(this.#state, query);
  }

  /** Tasks in order of creation. */
  find(query: TaskQuery): readonly TaskRow[] {
    return findTasks(this.#state, query);
  }

  /** Cells whose name starts with `prefix`, in code-unit order of their names. */
  cells(prefix: string): readonly Cell[] {
    const names = [...this.#state.cells.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.flatMap((cell) => {
      const there = this.#state.cells.get(cell);
      return there === undefined ? [] : [{ cell, ...there }];
    });
  }

  /** Records of one log, oldest first, and its version. */
  records(query: RecordQuery): LogPage {
    return selectRecords(this.#state.logs.get(query.log) ?? emptyLog(), query);
  }

  /** A copy of the bytes of a blob, or undefined. */
  blob(id: BlobId): Uint8Array | undefined {
    return this.#state.blobs.get(id)?.bytes.slice();
  }

  /** The first `limit` events of a run after `position`, in the order of their positions. */
  eventsAfter(run: RunId, position: number, limit: number): readonly StoredEvent[] {
    return eventsOfRun(this.#state, run, position, limit);
  }

  /** Says for certain that the process of `host` has ended. */
  markGone(host: HostId): void {
    hostRecord(this.#state, host).gone = true;
  }

  /**
   * Calls `listener` within each `commit` that was applied, after it was.
   * @returns Ends that; calling it twice is fine.
   */
  onCommit(listener: () => void): () => void {
    return subscribe(this.#listeners, listener);
  }

  /**
   * Calls `listener` within each `commit` that made something claimable or added to a log, after it did.
   * @returns Ends that; calling it twice is fine.
   */
  onClaimable(listener: () => void): () => void {
    return subscribe(this.#wakers, listener);
  }

  #applyAll({ host: by, writes }: Batch, at: number): Refused | undefined {
    const state = this.#state;
    const undo: (() => void)[] = [];
    let added: StoredEvent[] | undefined;
    for (const { type } of writes) if (type === "create") added ??= [];
    const last = writes.length - 1;
    let index = 0;
    for (const write of writes) {
      const host = state.hosts.get(by);
      const reason = refusalOf(state, host, write);
      if (reason !== undefined) {
        while (undo.length > 0) undo.pop()?.();
        return { type: "refused", write: index, reason };
      }
      // Nothing after the last write can be refused.
      const log: UndoLog = index === last ? undefined : undo;
      applyWrite({ state, at, host, undo: log, added }, write);
      index += 1;
    }
    if (added !== undefined) this.#setOrigins(writes, added);
    return undefined;
  }

  /** @param added - The events of the batch, in order. */
  #setOrigins(writes: readonly Write[], added: readonly StoredEvent[]): void {
    for (const write of writes) {
      if (write.type !== "create") continue;
      const created = this.#state.tasks.get(write.task.id);
      if (created !== undefined) created.origin = added[indexOfEvent(writes, write.origin)];
    }
  }

  #beats(own: HostId | undefined): readonly HostBeat[] {
    const beats: HostBeat[] = [];
    for (const { id, beat, dead, gone, report } of this.#state.hosts.values()) {
      const known = beat > 0 && !dead;
      if (known || id === own) beats.push({ host: id, beat, dead, gone, report });
    }
    return beats.sort((a, b) => (a.host < b.host ? -1 : 1));
  }
}

/** The index of an event among all events of its batch. */
function indexOfEvent(writes: readonly Write[], origin: EventRef): number {
  let index = origin.event;
  for (let i = 0; i < origin.write; i++) {
    const write = writes[i];
    if (write?.type === "append" || write?.type === "create") index += write.events.length;
  }
  return index;
}

function subscribe(listeners: Set<() => void>, listener: () => void): () => void {
  const own = (): void => listener();
  listeners.add(own);
  return () => {
    listeners.delete(own);
  };
}
