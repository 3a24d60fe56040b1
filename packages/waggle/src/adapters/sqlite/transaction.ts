import type { EncodedEvent } from "../../core/event-codec.ts";
import type { HostId, Path } from "../../core/ids.ts";
import {
  type CellRecord,
  isUnfinished,
  type LogRecord,
  type RunRecord,
  type TaskRecord,
  UNWRITTEN,
} from "./cached-records.ts";
import { eventTypeCode } from "./codes.ts";
import type { LedgerCache } from "./ledger-cache.ts";
import type { Statements } from "./statements.ts";
import { writeTask } from "./write-task.ts";

/** A mail that is not written yet. */
export interface UnwrittenMail {
  readonly task: number;
  readonly seq: number;
  readonly kind: number;
  readonly path: Path | null;
  readonly data: string;
}

/** A record of a log that is not written yet. */
export interface UnwrittenRecord {
  readonly log: number;
  readonly version: number;
  readonly key: string | null;
  readonly data: string | null;
}

/** A blob that is not written yet. */
export interface UnwrittenBlob {
  /** As it is stored. */
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
  /** Number of the run that keeps it; 0: it is kept for ever. */
  readonly run: number;
}

/** How much there was to write before a batch. */
interface Mark {
  readonly lengths: readonly number[];
  readonly position: number;
  readonly task: number;
  readonly run: number;
  readonly madeDue: boolean;
  readonly madeDueElsewhere: boolean;
}

type SavedRecord = TaskRecord | RunRecord | CellRecord | LogRecord;

// One write transaction, from `begin immediate` to its end.
// Owns: what its batches changed and is not written yet. Doesn't own: the records (LedgerCache), begin and commit.
// Invariants:
// T1 a batch is checked and changes records only; what it changed is written once for the whole group, by `flush`.
//    So a refused batch has written nothing, and a row that many batches change is written once.
// T2 whoever reads with SQL what a batch may have changed flushes first.

/** What is known within one write transaction, and what it has still to write. */
export class Transaction {
  readonly statements: Statements;
  readonly ledger: LedgerCache;
  /** Wall-clock ms: the time of everything that is written. */
  readonly at: number;
  /** True once something became claimable. */
  madeDue = false;
  /** True once something became claimable that hosts of other processes can claim. */
  madeDueElsewhere = false;
  /** True once something was added to a log. */
  published = false;
  /** Hosts that were declared dead. */
  readonly freed: HostId[] = [];
  readonly tasks: TaskRecord[] = [];
  readonly mails: UnwrittenMail[] = [];
  readonly records: UnwrittenRecord[] = [];
  readonly blobs: UnwrittenBlob[] = [];
  readonly #runs: RunRecord[] = [];
  readonly #cells: CellRecord[] = [];
  readonly #logs: LogRecord[] = [];
  /** Position, task, version, type and data of each event in turn. */
  readonly #events: (number | string)[] = [];
  /** Tasks and runs that need not be remembered after the commit. */
  readonly #over: (TaskRecord | RunRecord)[] = [];
  readonly #ownHosts: ReadonlySet<number>;
  /** Everything that only grows while batches are applied. */
  readonly #lists: readonly { length: number }[] = [
    this.tasks,
    this.#runs,
    this.mails,
    this.records,
    this.blobs,
    this.#cells,
    this.#logs,
    this.#events,
    this.freed,
  ];
  /** Copies of records, each behind the record itself; undefined while nothing need be taken back. */
  #saved: SavedRecord[] | undefined;

  /** @param ownHosts - Numbers of the hosts that beat through this store. */
  constructor(
    statements: Statements,
    ledger: LedgerCache,
    at: number,
    ownHosts: ReadonlySet<number>,
  ) {
    this.statements = statements;
    this.ledger = ledger;
    this.at = at;
    this.#ownHosts = ownHosts;
  }

  /** Remembers what there is, so that {@link Transaction.takeBack} can restore it. */
  mark(): Mark {
    this.#saved = [];
    this.ledger.batch += 1;
    const { position, task, run } = this.ledger.last;
    const { madeDue, madeDueElsewhere } = this;
    const lengths = this.#lists.map((list) => list.length);
    return { lengths, position, task, run, madeDue, madeDueElsewhere };
  }

  /** What was done since `mark` stays. */
  keep(): void {
    this.#saved = undefined;
  }

  /** Takes back everything since `mark`. Not after a flush. */
  takeBack(mark: Mark): void {
    const { lengths, position, task, run, madeDue, madeDueElsewhere } = mark;
    const saved = this.#saved ?? [];
    for (let i = saved.length - 2; i >= 0; i -= 2) Object.assign(saved[i] ?? {}, saved[i + 1]);
    this.#saved = undefined;
    for (const made of this.tasks.slice(lengths[0])) {
      if (made.unwritten === UNWRITTEN.all) this.ledger.dropTask(made);
    }
    for (const made of this.#runs.slice(lengths[1])) {
      if (made.unwritten === UNWRITTEN.all) this.ledger.dropRun(made);
    }
    for (const [index, list] of this.#lists.entries()) list.length = lengths[index] ?? 0;
    Object.assign(this.ledger.last, { position, task, run });
    Object.assign(this, { madeDue, madeDueElsewhere });
  }

  /**
   * Leaves out everything that is not written, and forgets all records: they were rolled back.
   * @param freed - Number of hosts that were declared dead before.
   */
  clear(freed: number): void {
    for (const list of this.#lists) list.length = list === this.freed ? freed : 0;
    this.#saved = undefined;
    this.ledger.clear();
  }

  /** Called before a run is changed. */
  changeRun(run: RunRecord): void {
    this.#save(run);
    if (run.unwritten === UNWRITTEN.nothing) {
      run.unwritten = UNWRITTEN.state;
      this.#runs.push(run);
    }
  }

  /** Adds a new run. */
  addRun(run: RunRecord): void {
    this.ledger.addRun(run);
    this.#runs.push(run);
  }

  /** Called before anything of a task but its version is changed. @param unwritten - One of {@link UNWRITTEN}. */
  changeTask(task: TaskRecord, unwritten: number): void {
    this.#save(task);
    if (task.unwritten === UNWRITTEN.nothing) this.tasks.push(task);
    if (task.unwritten < unwritten) task.unwritten = unwritten;
  }

  /** Adds a new task. */
  addTask(task: TaskRecord): void {
    this.ledger.addTask(task);
    this.tasks.push(task);
  }

  /** Called before a cell is changed. */
  changeCell(cell: CellRecord): void {
    this.#save(cell);
    if (cell.unwritten === UNWRITTEN.nothing) {
      cell.unwritten = UNWRITTEN.all;
      this.#cells.push(cell);
    }
  }

  /** Called before a log is changed. */
  changeLog(log: LogRecord): void {
    this.#save(log);
    if (log.unwritten === UNWRITTEN.nothing) {
      log.unwritten = UNWRITTEN.all;
      this.#logs.push(log);
    }
  }

  /** Adds events to the stream of `task`, and counts them there. */
  addEvents(task: TaskRecord, events: readonly EncodedEvent[]): void {
    if (events.length === 0) return;
    this.#save(task);
    const { last } = this.ledger;
    for (const { type, data } of events) {
      last.position += 1;
      task.version += 1;
      this.#events.push(last.position, task.n, task.version, eventTypeCode.numberOf(type), data);
    }
  }

  /** Says that `task` can be claimed now or later, as mail or anew. */
  tellDue(task: TaskRecord): void {
    this.madeDue = true;
    if (!this.#ownHosts.has(task.owner)) this.madeDueElsewhere = true;
  }

  /** Says that any number of tasks can be claimed. */
  tellManyDue(): void {
    this.madeDue = true;
    this.madeDueElsewhere = true;
  }

  /** Writes everything that was changed. */
  flush(): void {
    this.#flushRuns();
    this.#flushEvents();
    this.#flushMails();
    this.#flushTasks();
    this.#flushCells();
    this.#flushLogs();
    this.#flushBlobs();
  }

  /** It is committed. */
  committed(): void {
    for (const over of this.#over) {
      if ("run" in over) this.ledger.dropTask(over);
      else this.ledger.dropRun(over);
    }
  }

  #save(record: SavedRecord): void {
    if (this.#saved === undefined || record.savedBy === this.ledger.batch) return;
    this.#saved.push(record, { ...record });
    record.savedBy = this.ledger.batch;
  }

  #flushRuns(): void {
    if (this.#runs.length === 0) return;
    const { insertRun, updateRun } = this.statements;
    for (const run of this.#runs) {
      const { n, id, gate, startedAt, pausedMs, pausedAt, unfinished } = run;
      if (run.unwritten === UNWRITTEN.all) {
        insertRun.get(n, id, gate, startedAt, pausedMs, pausedAt, unfinished);
      } else {
        updateRun.get(n, gate, pausedMs, pausedAt, unfinished);
      }
      run.unwritten = UNWRITTEN.nothing;
      if (gate >= 3) this.#over.push(run);
    }
    this.#runs.length = 0;
  }

  #flushEvents(): void {
    const events = this.#events;
    const { insertEvent } = this.statements;
    for (let i = 0; i < events.length; i += 5) {
      insertEvent.get(
        events[i] ?? 0,
        events[i + 1] ?? 0,
        events[i + 2] ?? 0,
        events[i + 3] ?? 0,
        this.at,
        events[i + 4] ?? "",
      );
    }
    events.length = 0;
  }

  #flushMails(): void {
    for (const { task, seq, kind, path, data } of this.mails) {
      this.statements.insertMail.get(task, seq, kind, path, data);
    }
    this.mails.length = 0;
  }

  #flushTasks(): void {
    for (const task of this.tasks) {
      writeTask(this.statements, this.ledger, task);
      task.unwritten = UNWRITTEN.nothing;
      if (!isUnfinished(task)) this.#over.push(task);
    }
    this.tasks.length = 0;
  }

  #flushCells(): void {
    if (this.#cells.length === 0) return;
    const { putCell, deleteCell } = this.statements;
    for (const cell of this.#cells) {
      const { name, version, value, amount } = cell;
      if (version === 0) deleteCell.get(name);
      else putCell.get(name, version, value, amount);
      cell.unwritten = UNWRITTEN.nothing;
    }
    this.#cells.length = 0;
  }

  #flushLogs(): void {
    for (const log of this.#logs) {
      this.statements.updateLog.get(log.n, log.version);
      log.unwritten = UNWRITTEN.nothing;
    }
    this.#logs.length = 0;
    for (const { log, version, key, data } of this.records) {
      this.statements.insertRecord.get(log, version, this.at, key, data);
    }
    this.records.length = 0;
  }

  #flushBlobs(): void {
    if (this.blobs.length === 0) return;
    const { insertBlob, keepBlob } = this.statements;
    for (const { id, bytes, run } of this.blobs) {
      insertBlob.get(id, bytes);
      keepBlob.get(id, run);
    }
    this.blobs.length = 0;
  }
}
