import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { LogPage, LogRecord, RecordQuery } from "../../ports/store.ts";
import type { Row } from "./rows.ts";

const RECORD_COLUMNS = "r.version, r.at, r.key, r.data";

/** Reads records of logs. */
export class RecordReader {
  readonly #database: DatabaseSync;
  readonly #log: StatementSync;
  /** By text: with or without key, prefix and newest only. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#log = database.prepare("select n, version from logs where name = ?1");
  }

  /** Two statements: the caller sees to it that they read one snapshot. Throws what SQLite throws. */
  read(query: RecordQuery): LogPage {
    const log = this.#log.get(query.log);
    const version = Number(log?.["version"] ?? 0);
    if (log === undefined) return { version, records: [] };
    const { limit = 1_000 } = query;
    const values = {
      log: log["n"] ?? 0,
      after: query.after ?? 0,
      up: query.upTo ?? version,
      ...(query.key === undefined ? {} : { key: query.key }),
      ...(query.prefix === undefined ? {} : { prefix: query.prefix }),
    };
    const rows = query.latest === true ? this.#latest(query, values) : this.#all(query, values);
    const records: LogRecord[] = [];
    for (const row of rows) {
      if (records.length >= limit) break;
      const record = logRecord(row);
      if (query.prefix === undefined || record.key?.startsWith(query.prefix)) records.push(record);
    }
    return { version, records };
  }

  #all({ key, prefix }: RecordQuery, values: Record<string, SQLInputValue>): Iterable<Row> {
    const text = `select ${RECORD_COLUMNS} from records r
      where r.log = :log and r.version > :after and r.version <= :up${conditionsOn(key, prefix)}
      order by r.version`;
    return this.#prepared(text).iterate(values);
  }

  #latest({ key, prefix }: RecordQuery, values: Record<string, SQLInputValue>): readonly Row[] {
    if (key !== undefined && prefix === undefined) return this.#newest(values);
    // Versions count from 0 where the newest of a key is looked for: an older one is not newest.
    const text = `select ${RECORD_COLUMNS} from (
        select key, max(version) as version from records r indexed by records_key
        where r.log = :log and r.key is not null and r.version <= :up${conditionsOn(key, prefix)} group by r.key
      ) newest join records r on r.log = :log and r.version = newest.version
      where newest.version > :after and r.data is not null`;
    const rows = this.#prepared(text).all(values);
    // SQLite orders by bytes, the contract by code units.
    return rows.sort((a, b) => (String(a["key"]) < String(b["key"]) ? -1 : 1));
  }

  /** The newest record of one key, however many there were: if it is wanted. */
  #newest({ after = 0, ...values }: Record<string, SQLInputValue>): readonly Row[] {
    const text = `select ${RECORD_COLUMNS} from records r indexed by records_key
      where r.log = :log and r.key = :key and r.key is not null and r.version <= :up
      order by r.version desc limit 1`;
    const row = this.#prepared(text).get(values);
    const isWanted =
      row !== undefined && row["data"] !== null && Number(row["version"]) > Number(after);
    return isWanted ? [row] : [];
  }

  #prepared(text: string): StatementSync {
    const statement = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

/** A prefix is a lower bound here; where it ends is told by whoever reads the rows. */
function conditionsOn(key: string | undefined, prefix: string | undefined): string {
  return `${key === undefined ? "" : " and r.key = :key and r.key is not null"}${prefix === undefined ? "" : " and r.key >= :prefix and r.key is not null"}`;
}

function logRecord(row: Row): LogRecord {
  return {
    version: Number(row["version"]),
    at: Number(row["at"]),
    key: row["key"] as string | null,
    data: row["data"] as string | null,
  };
}
