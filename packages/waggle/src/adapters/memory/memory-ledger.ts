import { type HostId, type RunId, rootTaskId, type TaskId } from "../../core/ids.ts";
import { batchMistake } from "../../ports/batch-mistake.ts";
import type {
  Batch,
  Cell,
  Claimed,
  ClaimRequest,
  CommitResult,
  CreateWrite,
  HostBeat,
  LoadedTask,
  Refused,
  RunQuery,
  RunRow,
  StoredEvent,
  TaskQuery,
  TaskRow,
  Write,
} from "../../ports/store.ts";
import { type Application, applyWrite } from "./apply-write.ts";
import { refusalOf } from "./check-write.ts";
import { claimTasks } from "./claim-tasks.ts";
import {
  emptyLedgerState,
  hostRecord,
  type LedgerState,
  type RunRecord,
  type TaskRecord,
} from "./ledger-records.ts";

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
    if (writes.length === 1 && first?.type === "append") {
      const reason = refusalOf(this.#state, host, first);
      if (reason !== undefined) return { type: "refused", write: 0, reason };
      applyWrite({ state: this.#state, at, host, undo: undefined }, first);
    } else {
      const failed = this.#applyAll(batch, at);
      if (failed !== undefined) return failed;
    }
    for (const listener of this.#listeners) listener();
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
    const { origin, events, mail } = task;
    return { row: taskRow(task), origin, events: events.slice(), inbox: mail.slice() };
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
    const { run, limit = 100 } = query;
    if (run === undefined) {
      const { runOrder } = this.#state;
      const newest = runOrder.slice(Math.max(0, runOrder.length - limit));
      return newest.reverse().map(runRow);
    }
    const only = this.#state.runs.get(run);
    return only === undefined || limit < 1 ? [] : [runRow(only)];
  }

  /** Tasks in order of creation. */
  find(query: TaskQuery): readonly TaskRow[] {
    const { run, owner, state, limit = 1_000 } = query;
    const found: TaskRow[] = [];
    for (const task of this.#candidates(query)) {
      if (found.length >= limit) break;
      if (run !== undefined && task.run.id !== run) continue;
      if (owner !== undefined && task.owner?.id !== owner) continue;
      if (state === undefined || task.state === state) found.push(taskRow(task));
    }
    return found;
  }

  /** Cells whose name starts with `prefix`, in code-unit order of their names. */
  cells(prefix: string): readonly Cell[] {
    const names = [...this.#state.cells.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.flatMap((cell) => {
      const there = this.#state.cells.get(cell);
      return there === undefined ? [] : [{ cell, ...there }];
    });
  }

  /** The first `limit` events of a run after `position`, in the order of their positions. */
  eventsAfter(run: RunId, position: number, limit: number): readonly StoredEvent[] {
    const events = this.#state.runs.get(run)?.events ?? [];
    let [low, high] = [0, events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((events[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return events.slice(low, low + limit);
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
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  #applyAll(batch: Batch, at: number): Refused | undefined {
    const state = this.#state;
    const starts: number[] = [];
    const undo: (() => void)[] = [];
    for (const [index, write] of batch.writes.entries()) {
      const host = state.hosts.get(batch.host);
      const reason = refusalOf(state, host, write);
      if (reason !== undefined) {
        while (undo.length > 0) undo.pop()?.();
        return { type: "refused", write: index, reason };
      }
      starts.push(state.position);
      const application: Application = { state, at, host, undo };
      applyWrite(application, write);
    }
    for (const write of batch.writes) {
      if (write.type === "create") this.#setOrigin(batch.writes, write, starts);
    }
    return undefined;
  }

  /** @param starts - Position of the newest event before each write of the batch. */
  #setOrigin(writes: readonly Write[], { task, origin }: CreateWrite, starts: number[]): void {
    const source = writes[origin.write];
    const created = this.#state.tasks.get(task.id);
    if (created === undefined || (source?.type !== "append" && source?.type !== "create")) return;
    const holder = source.type === "append" ? source.task : source.task.id;
    const position = (starts[origin.write] ?? 0) + 1 + origin.event;
    const events = this.#state.tasks.get(holder)?.events;
    created.origin = events?.findLast((event) => event.position === position);
  }

  #beats(own: HostId | undefined): readonly HostBeat[] {
    const beats: HostBeat[] = [];
    for (const { id, beat, dead, gone, report } of this.#state.hosts.values()) {
      const known = beat > 0 && !dead;
      if (known || id === own) beats.push({ host: id, beat, dead, gone, report });
    }
    return beats.sort((a, b) => (a.host < b.host ? -1 : 1));
  }

  /** Tasks among which all that match `query` are, in order of creation. */
  #candidates({ owner, run }: TaskQuery): readonly TaskRecord[] {
    if (owner !== undefined) {
      const owned = this.#state.hosts.get(owner)?.owned ?? [];
      return [...owned].sort((a, b) => a.n - b.n);
    }
    if (run !== undefined) return this.#state.runs.get(run)?.tasks ?? [];
    return this.#state.taskOrder;
  }
}

function runRow({ id, gate, startedAt }: RunRecord): RunRow {
  return { run: id, gate, root: rootTaskId(id), startedAt };
}

function taskRow(task: TaskRecord): TaskRow {
  const { envelope, state, owner, due, events, inbox, claims } = task;
  return {
    id: envelope.id,
    run: envelope.run,
    parent: envelope.parent,
    path: envelope.path,
    awaited: envelope.awaited,
    agent: envelope.agent,
    operation: envelope.operation,
    priority: envelope.priority,
    hops: envelope.hops,
    deadline: envelope.deadline,
    state,
    owner: owner === null ? null : owner.id,
    due,
    version: events.length,
    inbox,
    claims,
  };
}
