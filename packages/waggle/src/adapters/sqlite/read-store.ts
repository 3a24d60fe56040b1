import type { DatabaseSync, StatementSync } from "node:sqlite";
import { runtimeError } from "../../core/errors.ts";
import type { TaskId } from "../../core/ids.ts";
import type { Cell, LoadedTask, RunQuery, RunRow, TaskQuery, TaskRow } from "../../ports/store.ts";
import { taskStateCode } from "./codes.ts";
import { mail, runRow, storedEvent, taskRow } from "./rows.ts";
import { findTasksText, type Statements } from "./statements.ts";

/** The reads of one connection. Each of them throws what SQLite throws; it may be tried again. */
export interface StoreReads {
  /** Everything about one task, in one snapshot. */
  load(task: TaskId): LoadedTask | undefined;
  /** Runs, newest first. */
  runs(query: RunQuery): readonly RunRow[];
  /** Tasks in order of creation. */
  find(query: TaskQuery): readonly TaskRow[];
  /** Cells by prefix, in code-unit order of their names. */
  cells(prefix: string): readonly Cell[];
}

/** Makes the reads that use `statements` of `database`. */
export function storeReads(database: DatabaseSync, statements: Statements): StoreReads {
  // At most 20 texts: 2 x 2 x 5 conditions.
  const finders = new Map<string, StatementSync>();

  function load(id: TaskId): LoadedTask | undefined {
    const row = statements.task.get({ id });
    if (row === undefined) return undefined;
    const origin = statements.event.get({ position: row["origin"] ?? null });
    if (origin === undefined) throw runtimeError("INVARIANT", `task ${id} has no origin event`);
    const task = row["n"] ?? null;
    return {
      row: taskRow(row),
      origin: storedEvent(origin),
      events: statements.eventsOfTask.all({ id, task }).map(storedEvent),
      inbox: statements.mailOfTask.all({ task }).map(mail),
    };
  }

  return {
    load: (id) => {
      statements.begin.run();
      try {
        return load(id);
      } finally {
        if (database.isTransaction) statements.rollback.run();
      }
    },
    runs: ({ run, limit = 100 }) => {
      const rows =
        run === undefined ? statements.runs.all({ limit }) : statements.run.all({ id: run, limit });
      return rows.map(runRow);
    },
    find: ({ run, owner, state, limit = 1_000 }) => {
      const stateNumber = state === undefined ? undefined : taskStateCode.numberOf(state);
      const by = { run: run !== undefined, owner: owner !== undefined, state: stateNumber };
      const text = findTasksText(by);
      const statement = finders.get(text) ?? database.prepare(text);
      finders.set(text, statement);
      const named = {
        limit,
        ...(run === undefined ? {} : { run }),
        ...(owner === undefined ? {} : { owner }),
      };
      return statement.all(named).map(taskRow);
    },
    cells: (prefix) => cellsFrom(statements, prefix),
  };
}

function cellsFrom(statements: Statements, prefix: string): readonly Cell[] {
  const found: Cell[] = [];
  for (const row of statements.cells.iterate({ prefix })) {
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
