import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type RuntimeError, runtimeError } from "../../core/errors.ts";
import { engineFault } from "./engine-error.ts";
import { isReadable, migrate } from "./migrate.ts";
import { refuseNetworkFileSystem } from "./network-file-system.ts";
import { FORMAT_VERSION, SCHEMA } from "./schema.ts";

/**
 * Bytes of a page of a new file. A commit writes every page it touches whole into the log, but a tree of small pages is
 * deeper. An append of one stream alone took 8.1, 8.1 and 9.1 us with 1,024, 2,048 and 4,096; one of 100 streams 2.8,
 * 2.6 and 2.5 us; an ask of 100 tasks 28, 25 and 23 us (processor time, measured side by side).
 */
const PAGE_BYTES = 2_048;

/** The log is copied into the file when it has 16 MB: an unbounded log halved the rate. */
const CHECKPOINT_PAGES = 16_384_000 / PAGE_BYTES;

/** Memory for pages, in KiB. With SQLite's default of 2,000 the trees of ids are read again and again. */
const CACHE_KIB = 16_384;

/** How a store is opened. */
interface Opening {
  readonly durability: "power" | "process";
  /** True: it is neither made nor brought to another format. */
  readonly asFound: boolean;
  /** Id for a store that is made now. */
  readonly newId: string;
}

/**
 * Opens the store in the file `path`, or makes it there. One of an older format is brought to the present one. A file that
 * is something else is left as it is.
 * @throws RuntimeError `USAGE` on a network file system; `STORE_FORMAT` if the file is no Waggle store, one of a newer format, or
 * one of an older format that a process works on; with `asFound` `NOT_FOUND` if there is none, `STORE_FORMAT` if it has an
 * older format; what SQLite throws otherwise. Nothing stays open.
 */
export function openDatabase(path: string, { durability, asFound, newId }: Opening): DatabaseSync {
  refuseNetworkFileSystem(path);
  // Opening would make the file.
  if (asFound && !existsSync(path)) throw notFound(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    if (!isEmpty(database, path)) checkFormat(database, path);
    else if (asFound) throw notFound(path);
    if (asFound) refuseOlder(database, path);
    configure(database, path, durability);
    if (isEmpty(database, path)) createStore(database, path, newId);
    else migrate(database, path, formatOf);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function isEmpty(database: DatabaseSync, path: string): boolean {
  try {
    return database.prepare("select 1 from sqlite_schema limit 1").get() === undefined;
  } catch (thrown) {
    if (engineFault(thrown) !== "foreign") throw thrown;
    throw runtimeError("STORE_FORMAT", `${path} is no SQLite database`, { cause: thrown });
  }
}

function checkFormat(database: DatabaseSync, path: string): void {
  const tables = database.prepare("select name from sqlite_schema where name in ('meta', 'tasks')");
  const names = new Set(tables.all().map((row) => row["name"]));
  const found = names.has("meta") && names.has("tasks") ? formatOf(database) : undefined;
  if (found === undefined) {
    throw runtimeError("STORE_FORMAT", `${path} is an SQLite database but no Waggle store`);
  }
  if (!isReadable(found)) {
    throw runtimeError(
      "STORE_FORMAT",
      `store ${path} has format ${found}, this version of Waggle reads formats up to ${FORMAT_VERSION}`,
      { details: { found, readable: FORMAT_VERSION } },
    );
  }
}

function notFound(path: string): RuntimeError {
  return runtimeError("NOT_FOUND", `there is no store ${path}`);
}

function refuseOlder(database: DatabaseSync, path: string): void {
  const found = formatOf(database);
  if (found === String(FORMAT_VERSION)) return;
  throw runtimeError(
    "STORE_FORMAT",
    `store ${path} has format ${found} and is to be opened as it is found: open it, or a copy of it, without 'asFound' to bring it to format ${FORMAT_VERSION}`,
    { details: { found, readable: FORMAT_VERSION } },
  );
}

function formatOf(database: DatabaseSync): string | undefined {
  const columns = database.prepare("select name from pragma_table_info('meta')").all();
  if (!columns.some((column) => column["name"] === "value")) return undefined;
  const row = database.prepare("select value from meta where key = 'format'").get();
  return row === undefined ? undefined : String(row["value"]);
}

function configure(database: DatabaseSync, path: string, durability: "power" | "process"): void {
  // Holds for a file that is made now; an existing one keeps what it has.
  database.exec(`pragma page_size = ${PAGE_BYTES}`);
  const mode = database.prepare("pragma journal_mode = wal").get()?.["journal_mode"];
  if (mode !== "wal") {
    throw runtimeError("STORE_FORMAT", `${path} cannot have a write-ahead log (it has '${mode}')`);
  }
  database.exec(`
    pragma synchronous = ${durability === "power" ? "full" : "normal"};
    pragma fullfsync = ${durability === "power" ? 1 : 0};
    pragma checkpoint_fullfsync = 1;
    pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
    pragma temp_store = memory;
    pragma cache_size = -${CACHE_KIB};
  `);
}

function createStore(database: DatabaseSync, path: string, id: string): void {
  database.exec("begin immediate");
  try {
    // Another process may have been first.
    if (isEmpty(database, path)) {
      database.exec(SCHEMA);
      const insert = database.prepare("insert into meta(key, value) values (?, ?)");
      insert.run("format", String(FORMAT_VERSION));
      insert.run("store", id);
    }
    database.exec("commit");
  } catch (thrown) {
    if (database.isTransaction) database.exec("rollback");
    throw thrown;
  }
  checkFormat(database, path);
}
