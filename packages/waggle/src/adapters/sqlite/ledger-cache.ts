import type { HostId, RunId, TaskId } from "../../core/ids.ts";
import {
  type CellRecord,
  type HostRecord,
  isUnfinished,
  type LogRecord,
  type RunRecord,
  type TaskRecord,
  UNWRITTEN,
} from "./cached-records.ts";
import { type LastNumbers, RecentVersions } from "./recent-versions.ts";
import type { Row } from "./rows.ts";
import type { Statements } from "./statements.ts";
import { taskBytes } from "./task-bytes.ts";

/** Records of one kind kept in memory; with more, all are forgotten: 65,536 tasks take about 20 MB. */
const MAX_RECORDS = 65_536;

// What a connection knows of the ledger from its own transactions, so that an append need not read its task.
// Owns: the records that transactions check and change. Doesn't own: writing them (Transaction).
// Invariants:
// C1 within a write transaction a record that is here is what the file holds, with the unwritten changes of that
//    transaction: everything is forgotten when another connection has committed, and after each rollback.
// C2 while it guesses, what is not here is taken as absent by whoever creates it: if that is wrong, writing it fails,
//    and the whole group runs again without guessing. Looking for each new id took 8 % of the time.
// C3 there is one record of each thing: whoever forgets in a transaction holds no record any more.

/** The part of the ledger that a connection has in memory. */
export class LedgerCache {
  readonly #statements: Statements;
  readonly #tasks = new Map<TaskId, TaskRecord>();
  readonly #runs = new Map<RunId, RunRecord>();
  readonly #runsByNumber = new Map<number, RunRecord>();
  readonly #hosts = new Map<HostId, HostRecord>();
  readonly #cells = new Map<string, CellRecord>();
  readonly #logs = new Map<string, LogRecord>();
  /** Numbers of names, and names by their numbers. Committed ones never change. */
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();
  /** True while new tasks and runs are not looked for (C2). */
  isGuessing = false;
  /** Numbers the batches that can be taken back, so that each keeps one copy of a record. */
  batch = 0;
  #dataVersion = -1;
  #last: LastNumbers | undefined;
  readonly #recent: RecentVersions;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#recent = new RecentVersions(statements);
  }

  /** Called first in each write transaction. */
  begin(isGuessing: boolean): void {
    this.isGuessing = isGuessing;
    const version = Number(this.#statements.dataVersion.get()?.["data_version"]);
    if (version !== this.#dataVersion) this.forget();
    if (this.#isFull()) this.clear();
    this.#dataVersion = version;
  }

  /** Forgets everything, for the last transaction was rolled back, in part or in all. */
  clear(): void {
    this.forget();
    this.#recent.clear();
    this.#numbers.clear();
    this.#names.clear();
  }

  /** Forgets all but names, for the file was changed elsewhere. Nothing may be unwritten. */
  forget(): void {
    this.#tasks.clear();
    this.#runs.clear();
    this.#runsByNumber.clear();
    this.#hosts.clear();
    this.#cells.clear();
    this.#logs.clear();
    this.#recent.becameOld();
    this.#last = undefined;
  }

  /** Numbers given last; counted up by whoever gives the next one. */
  get last(): LastNumbers {
    this.#last ??= this.#readLast();
    return this.#last;
  }

  /** The task, or undefined if there is none. */
  task(id: TaskId): TaskRecord | undefined {
    const known = this.#tasks.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.cachedTask.get(taskBytes(id));
    return row === undefined ? undefined : this.#adopt(id, row);
  }

  /** True if the id of a task is free, or taken as free (C2). */
  isNewTask(id: TaskId): boolean {
    return this.isGuessing ? !this.#tasks.has(id) : this.task(id) === undefined;
  }

  /** The task in a row of the statement `cachedTask`, or of another with its columns. */
  taskOf(id: TaskId, row: Row): TaskRecord {
    return this.#tasks.get(id) ?? this.#adopt(id, row);
  }

  /** Tells versions from a task's number and `placed_version`; for rows read in the same snapshot, in no transaction. */
  versions(): (task: number, placed: number) => number {
    this.#recent.readOn(this.last);
    return (task, placed) => this.#recent.versionOf(task, placed, this.last);
  }

  /** Adds a task that was just created. */
  addTask(task: TaskRecord): void {
    this.#tasks.set(task.id, task);
  }

  /** Takes out a task that is not there any more, or need not be remembered. */
  dropTask(task: TaskRecord): void {
    this.#tasks.delete(task.id);
  }

  /** The run, or undefined if there is none. */
  run(id: RunId): RunRecord | undefined {
    const known = this.#runs.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.cachedRun.get(id);
    return row === undefined ? undefined : this.addRun(runRecord(row));
  }

  /** True if the id of a run is free, or taken as free (C2). */
  isNewRun(id: RunId): boolean {
    return this.isGuessing ? !this.#runs.has(id) : this.run(id) === undefined;
  }

  /** Adds a run that was just created. */
  addRun(run: RunRecord): RunRecord {
    this.#runs.set(run.id, run);
    this.#runsByNumber.set(run.n, run);
    return run;
  }

  /** Takes out a run that is not there any more, or need not be remembered. */
  dropRun(run: RunRecord): void {
    this.#runs.delete(run.id);
    this.#runsByNumber.delete(run.n);
  }

  /** The host; one that the ledger does not know has number 0. */
  host(id: HostId): HostRecord {
    const known = this.#hosts.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.cachedHost.get(id);
    const host = { n: Number(row?.["n"] ?? 0), id, dead: row?.["dead"] === 1 };
    this.#hosts.set(id, host);
    return host;
  }

  /** The number of a host that is to own something. */
  ownerNumber(host: HostRecord): number {
    // A batch that is refused may leave such a row: nobody sees it before the host beats.
    if (host.n === 0) host.n = Number(this.#statements.insertHost.run(host.id).lastInsertRowid);
    return host.n;
  }

  /** Says that what is known of this host is not true any more. */
  dropHost(id: HostId): void {
    this.#hosts.delete(id);
  }

  /** The cell; one that does not exist has version 0. */
  cell(name: string): CellRecord {
    const known = this.#cells.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.cell.get(name);
    const cell = {
      name,
      version: Number(row?.["version"] ?? 0),
      value: (row?.["value"] ?? null) as string | null,
      amount: Number(row?.["amount"] ?? 0),
      unwritten: UNWRITTEN.nothing,
      savedBy: 0,
    };
    this.#cells.set(name, cell);
    return cell;
  }

  /** The log; made if nobody wrote to it yet. */
  log(name: string): LogRecord {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.log.get(name);
    // A batch that is refused may leave such a row: an empty log is none.
    const n = row?.["n"] ?? this.#statements.insertLog.run(name).lastInsertRowid;
    const version = Number(row?.["version"] ?? 0);
    const log = { n: Number(n), version, unwritten: UNWRITTEN.nothing, savedBy: 0 };
    this.#logs.set(name, log);
    return log;
  }

  /** The number of an agent's or operation's name, or undefined if nobody wrote it yet. */
  numberOf(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.nameNumber.get(name);
    return row === undefined ? undefined : this.#addName(Number(row["n"]), name);
  }

  /** The number of a name; within a transaction only. */
  numberFor(name: string): number {
    const known = this.numberOf(name);
    if (known !== undefined) return known;
    return this.#addName(Number(this.#statements.insertName.run(name).lastInsertRowid), name);
  }

  /** The name of a number. */
  nameOf(number: number): string {
    const known = this.#names.get(number);
    if (known !== undefined) return known;
    const name = String(this.#statements.name.get(number)?.["name"]);
    this.#addName(number, name);
    return name;
  }

  #addName(number: number, name: string): number {
    this.#numbers.set(name, number);
    this.#names.set(number, name);
    return number;
  }

  #adopt(id: TaskId, row: Row): TaskRecord {
    const n = Number(row["n"]);
    const due = row["due"] ?? null;
    const task: TaskRecord = {
      unwritten: UNWRITTEN.nothing,
      savedBy: 0,
      n,
      id,
      run: this.#runNumbered(Number(row["run"])),
      agent: Number(row["agent"]),
      key: row["key"] as string | null,
      version: this.#recent.versionOf(n, Number(row["placed_version"]), this.last),
      state: Number(row["state"]),
      owner: Number(row["owner"] ?? 0),
      due: due === null ? null : Number(due),
      inbox: Number(row["inbox"]),
      claims: Number(row["claims"]),
      claimsAt: Number(row["claims_at"]),
      outside: row["outside"] === 1,
      code: Number(row["code"]),
      first: Number(row["first"]),
      created: undefined,
    };
    if (isUnfinished(task)) this.#tasks.set(id, task);
    return task;
  }

  #runNumbered(n: number): RunRecord {
    const known = this.#runsByNumber.get(n);
    if (known !== undefined) return known;
    return this.addRun(runRecord(this.#statements.cachedRunNumbered.get(n) ?? {}));
  }

  #readLast(): LastNumbers {
    const row = this.#statements.lastNumbers.get() ?? {};
    const [placedEvents, placedTasks] = [Number(row["placed_events"]), Number(row["placed_tasks"])];
    // Trimming may have removed the newest; it enters everything first, and no number is given twice.
    return {
      position: Math.max(Number(row["position"]), placedEvents),
      task: Math.max(Number(row["task"]), placedTasks),
      run: Number(row["run"]),
      placedEvents,
      placedTasks,
    };
  }

  #isFull(): boolean {
    const maps = [this.#tasks, this.#runs, this.#hosts, this.#cells, this.#logs, this.#names];
    return maps.some((map) => map.size > MAX_RECORDS);
  }
}

function runRecord(row: Row): RunRecord {
  const pausedAt = row["paused_at"] ?? null;
  return {
    unwritten: UNWRITTEN.nothing,
    savedBy: 0,
    n: Number(row["n"]),
    id: row["id"] as RunId,
    startedAt: Number(row["started_at"]),
    gate: Number(row["gate"]),
    pausedMs: Number(row["paused_ms"]),
    pausedAt: pausedAt === null ? null : Number(pausedAt),
    unfinished: Number(row["unfinished"]),
  };
}
