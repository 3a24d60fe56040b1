import type { DatabaseSync } from "node:sqlite";
import { runtimeError } from "../../core/errors.ts";
import type { BlobId, TaskId } from "../../core/ids.ts";
import type {
  Cell,
  LoadedTask,
  LogPage,
  RecordQuery,
  RunQuery,
  RunRow,
  StoredEvent,
  TaskQuery,
  TaskRow,
} from "../../ports/store.ts";
import { gateCode } from "./codes.ts";
import { RunFinder } from "./find-runs.ts";
import { TaskFinder } from "./find-tasks.ts";
import type { LedgerCache } from "./ledger-cache.ts";
import { RecordReader } from "./read-records.ts";
import { mail, type Row, runRow, storedEvent, taskRow } from "./rows.ts";
import type { Statements } from "./statements.ts";
import { taskBytes } from "./task-bytes.ts";

/** The reads of one connection, outside of its transactions. Each throws what SQLite throws; it may be tried again. */
export class ConnectionReads {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #tasks: TaskFinder;
  readonly #runs: RunFinder;
  readonly #records: RecordReader;
  readonly #ledger: LedgerCache;
  readonly #nameOf: (number: number) => string;

  /** @param ledger - Tells the names of agents and operations, and versions. */
  constructor(database: DatabaseSync, statements: Statements, ledger: LedgerCache) {
    this.#database = database;
    this.#statements = statements;
    this.#ledger = ledger;
    this.#tasks = new TaskFinder(database, (name) => ledger.numberOf(name));
    this.#runs = new RunFinder(database);
    this.#records = new RecordReader(database);
    this.#nameOf = (number) => ledger.nameOf(number);
  }

  /** See {@link Store.load}. */
  load(task: TaskId): LoadedTask | undefined {
    return this.#snapshot(() => {
      const row = this.#statements.task.get(taskBytes(task));
      return row === undefined ? undefined : this.#loaded(task, row);
    });
  }

  /** See {@link StoreReads.runs}. */
  runs(query: RunQuery): readonly RunRow[] {
    return this.#runs.find(query).map(runRow);
  }

  /** See {@link StoreReads.find}. */
  find(query: TaskQuery): readonly TaskRow[] {
    return this.#snapshot(() => {
      const rows = this.#tasks.find(query);
      if (rows.length === 0) return [];
      const versionOf = this.#ledger.versions();
      return rows.map((row) => {
        row["version"] = versionOf(Number(row["n"]), Number(row["placed_version"]));
        return taskRow(row, this.#nameOf);
      });
    });
  }

  /** See {@link StoreReads.records}. */
  records(query: RecordQuery): LogPage {
    return this.#snapshot(() => this.#records.read(query));
  }

  /** See {@link StoreReads.blob}. */
  blob(id: BlobId): Uint8Array | undefined {
    return this.#statements.blob.get(Buffer.from(id, "hex"))?.["bytes"] as Uint8Array | undefined;
  }

  /** See {@link StoreReads.cells}. */
  cells(prefix: string): readonly Cell[] {
    const found: Cell[] = [];
    for (const row of this.#statements.cells.iterate({ prefix })) {
      const cell = String(row["cell"]);
      // Names are in byte order, where those with the prefix stand together.
      if (!cell.startsWith(prefix)) break;
      found.push({
        cell,
        version: Number(row["version"]),
        value: row["value"] as string | null,
        amount: Number(row["amount"]),
      });
    }
    return found.sort((a, b) => (a.cell < b.cell ? -1 : 1));
  }

  #loaded(id: TaskId, found: Row): LoadedTask {
    const task = found["n"] ?? 0;
    const first = Number(found["first"]);
    const events = this.#statements.eventsOfTask
      .all(task, first)
      .map((event) => storedEvent(event, id));
    const row = taskRow({ ...found, version: first + events.length }, this.#nameOf);
    return {
      row,
      origin: this.#origin(id, Number(found["origin"]), events),
      events,
      inbox: row.inbox === 0 ? [] : this.#statements.mailOfTask.all(task).map(mail),
      gate: gateCode.wordOf(found["gate"]),
      pausedMs: Number(found["paused_ms"]),
    };
  }

  #origin(task: TaskId, position: number, events: readonly StoredEvent[]): StoredEvent {
    const [first] = events;
    if (first?.position === position) return first;
    const row = this.#statements.event.get(position);
    if (row === undefined) throw runtimeError("INVARIANT", `task ${task} has no origin event`);
    return storedEvent(row);
  }

  #snapshot<T>(body: () => T): T {
    this.#statements.begin.get();
    try {
      return body();
    } finally {
      if (this.#database.isTransaction) this.#statements.rollback.get();
    }
  }
}
