import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RunQuery } from "../../ports/store.ts";
import { gateCode } from "./codes.ts";
import type { Row } from "./rows.ts";

const RUN_COLUMNS = "id, gate, started_at, paused_ms, paused_at";

/** Finds runs, newest first, as rows for `runRow`. */
export class RunFinder {
  readonly #database: DatabaseSync;
  /** By text: one for each gate or all of them, over or not, and the one by id. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Reads; throws what SQLite throws. */
  find({ run, gate, over = false, limit = 100 }: RunQuery): readonly Row[] {
    const gates = [0, 1, 2, 3].filter(
      (number) => gate === undefined || gateCode.numberOf(gate) === number,
    );
    if (run !== undefined) {
      const conditions = `id = :run and gate in (${gates.join(", ")})${over ? OVER : ""}`;
      return this.#all(`select ${RUN_COLUMNS} from runs where ${conditions} limit :limit`, {
        run,
        limit,
      });
    }
    // The newest of each gate, merged: sorting all runs would read them all.
    const newest = gates.map(
      (number) => `select * from (select n, ${RUN_COLUMNS} from runs indexed by runs_gate
        where gate = ${number} and gate < 4${over ? OVER : ""} order by n desc limit :limit)`,
    );
    return this.#all(`${newest.join(" union all ")} order by n desc limit :limit`, { limit });
  }

  #all(text: string, values: Record<string, string | number>): readonly Row[] {
    const statement = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement.all(values);
  }
}

const OVER = " and gate < 3 and unfinished = 0";
