import { setMaxListeners } from "node:events";
import type { DatabaseSync } from "node:sqlite";
import { type RuntimeError, runtimeError } from "../../core/errors.ts";
import type { BlobId, HostId, RunId, TaskId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type {
  Batch,
  Cell,
  Claimed,
  ClaimRequest,
  CommitResult,
  HostBeat,
  LoadedTask,
  LogPage,
  RecordQuery,
  RunQuery,
  RunRow,
  Store,
  StoreCapabilities,
  StoredEvent,
  StoreFactory,
  StoreMachine,
  TaskQuery,
  TaskRow,
} from "../../ports/store.ts";
import { applyBatch } from "./apply-batch.ts";
import { retryBusy } from "./busy-retry.ts";
import { type ClaimReads, claimTasks, hasClaimable, nextDue } from "./claim-tasks.ts";
import { engineFault, storeError } from "./engine-error.ts";
import { HostLocks } from "./host-locks.ts";
import { LedgerCache } from "./ledger-cache.ts";
import { openDatabase } from "./open-database.ts";
import { QuietClaims } from "./quiet-claims.ts";
import { ConnectionReads } from "./read-store.ts";
import type { Row } from "./rows.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { tailRun } from "./tail-run.ts";
import type { Transaction } from "./transaction.ts";
import { WakeFile } from "./wake-file.ts";
import { type Job, WriteQueue } from "./write-queue.ts";

/** What a SQLite store is made with. */
export interface SqliteOptions {
  /**
   * What an acknowledged commit survives. `power` (default): loss of power; each group of commits waits for
   * the disk. `process`: the end of the process, not of the machine.
   */
  readonly durability?: "power" | "process";
  /**
   * True: the store is opened only as it is found. One that is not there is not made, and one of an older format is
   * not brought to the present one; both are refused. What is found can be written to all the same. Default false.
   */
  readonly asFound?: boolean;
}

/**
 * A store in one SQLite file, which any number of processes of one machine can share. Beside `path` stand
 * `path-wal`, `path-shm`, `path-wake` and one `path-host-...` for each living host.
 * @returns Opens the file, or makes it, and brings one of an older format to the present one; rejects with RuntimeError
 * `STORE_FORMAT` if it holds something else, `USAGE` if it lies on a network file system, `STORE_UNAVAILABLE` if it
 * cannot be opened or stays locked for 30 s. With `asFound` also with `NOT_FOUND` if there is no store, and with
 * `STORE_FORMAT` if it has an older format; the file is as it was. Nothing is left open then.
 */
export function sqliteStore(path: string, options: SqliteOptions = {}): StoreFactory {
  const { durability = "power", asFound = false } = options;
  return async ({ clock, random }) => {
    try {
      const database = await retryBusy(clock, random, () =>
        openDatabase(path, { durability, asFound, newId: random.id() }),
      );
      return new SqliteStore(database, path, { durability, clock, random });
    } catch (thrown) {
      throw storeError(thrown, path);
    }
  };
}

// One connection of one process.
// Owns: the connection, its write queue, the locks of the hosts that beat here.
// Invariants:
// S1 every write runs in a transaction of the write queue; reads run between those, never within one.
// S2 after the first sign of a broken disk or file every call fails.
class SqliteStore implements Store {
  readonly id: string;
  readonly capabilities: StoreCapabilities;
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #statements: Statements;
  readonly #ledger: LedgerCache;
  readonly #claims: ClaimReads;
  readonly #reads: ConnectionReads;
  readonly #queue: WriteQueue;
  readonly #locks: HostLocks;
  readonly #quiet = new QuietClaims();
  readonly #wake: WakeFile;
  /** Numbers of the hosts that beat here. */
  readonly #ownHosts = new Set<number>();
  readonly #listeners = new Set<() => void>();
  readonly #watchers = new Set<() => void>();
  /** What changed in the file when somebody else woke last. */
  #wokenAt = -1;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(
    database: DatabaseSync,
    path: string,
    options: Required<Pick<SqliteOptions, "durability">> & StoreMachine,
  ) {
    const { durability, clock, random } = options;
    this.capabilities = { durability, shared: "machine" };
    this.#database = database;
    this.#path = path;
    this.#clock = clock;
    this.#random = random;
    this.#statements = prepareStatements(database);
    this.id = String(this.#statements.storeId.get()?.["value"]);
    this.#ledger = new LedgerCache(this.#statements);
    this.#claims = { statements: this.#statements, ledger: this.#ledger };
    this.#reads = new ConnectionReads(database, this.#statements, this.#ledger);
    this.#locks = new HostLocks(path, clock, random);
    this.#wake = new WakeFile(path);
    this.#queue = new WriteQueue({
      database,
      statements: this.#statements,
      ledger: this.#ledger,
      ownHosts: this.#ownHosts,
      path,
      clock,
      random,
      onCommit: (tx) => this.#committed(tx),
    });
    // One listener per tail.
    setMaxListeners(0, this.#closing.signal);
  }

  commit(batch: Batch): Promise<CommitResult> {
    return new Promise((resolve) => {
      if (this.#closed !== undefined) {
        resolve({ type: "unknown", cause: closedError(this.#path) });
        return;
      }
      this.#queue.submit(new CommitJob(batch, resolve));
    });
  }

  async claim(request: ClaimRequest): Promise<readonly Claimed[]> {
    const isQuiet = await this.#read(() => this.#findsNothing(request));
    return isQuiet ? [] : this.#write((tx) => this.#claimNow(tx, request));
  }

  load(task: TaskId): Promise<LoadedTask | undefined> {
    return this.#read(() => this.#reads.load(task));
  }

  async beat(host: HostId, report: string): Promise<readonly HostBeat[]> {
    await this.#guard(() => this.#locks.hold(host));
    const rows = await this.#write(({ statements, ledger }) => {
      statements.beat.run({ id: host, report });
      ledger.dropHost(host);
      return statements.hosts.all({ own: host });
    });
    const own = rows.find((row) => row["id"] === host);
    if (own !== undefined) this.#ownHosts.add(Number(own["n"]));
    const beats = rows.map((row) => this.#hostBeat(row));
    if (beats.some((beat) => beat.host === host && beat.dead)) this.#locks.drop(host);
    return beats;
  }

  async hosts(): Promise<readonly HostBeat[]> {
    const rows = await this.#read(() => this.#statements.hosts.all({ own: null }));
    return rows.map((row) => this.#hostBeat(row));
  }

  runs(query: RunQuery): Promise<readonly RunRow[]> {
    return this.#read(() => this.#reads.runs(query));
  }

  find(query: TaskQuery): Promise<readonly TaskRow[]> {
    return this.#read(() => this.#reads.find(query));
  }

  cells(prefix: string): Promise<readonly Cell[]> {
    return this.#read(() => this.#reads.cells(prefix));
  }

  records(query: RecordQuery): Promise<LogPage> {
    return this.#read(() => this.#reads.records(query));
  }

  blob(id: BlobId): Promise<Uint8Array | undefined> {
    return this.#read(() => this.#reads.blob(id));
  }

  watch(listener: () => void): () => void {
    const own = (): void => listener();
    if (this.#watchers.size === 0 && this.#closed === undefined) {
      this.#wake.watch(() => this.#wokenByFile());
    }
    this.#watchers.add(own);
    return () => {
      this.#watchers.delete(own);
      if (this.#watchers.size === 0) this.#wake.stop();
    };
  }

  tail(run: RunId, from: number, signal: AbortSignal): AsyncIterable<StoredEvent> {
    const source = {
      clock: this.#clock,
      closed: this.#closing.signal,
      read: <T>(body: (statements: Statements) => T) => this.#read(() => body(this.#statements)),
      onCommit: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => {
          this.#listeners.delete(listener);
        };
      },
    };
    return tailRun(source, run, from, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#queue.drain();
    this.#closing.abort();
    this.#watchers.clear();
    this.#wake.close();
    this.#locks.dropAll();
    this.#database.close();
  }

  /** Own commits are told at once; what is left to tell are those of others. */
  #wokenByFile(): void {
    try {
      const foreign = this.#dataVersion();
      if (foreign === this.#wokenAt) return;
      this.#wokenAt = foreign;
    } catch {
      // Busy or broken: whoever is told finds out.
    }
    for (const watcher of this.#watchers) watcher();
  }

  #committed(tx: Transaction): void {
    if (tx.madeDueElsewhere || tx.published) this.#wake.wake();
    if (tx.madeDue) this.#quiet.wroteDue();
    if (tx.madeDue || tx.published) for (const watcher of this.#watchers) watcher();
    for (const host of tx.freed) this.#locks.drop(host);
    for (const listener of this.#listeners) listener();
  }

  /** True if a claim need not even be tried. */
  #findsNothing(request: ClaimRequest): boolean {
    const now = this.#clock.now();
    const foreign = this.#dataVersion();
    if (this.#quiet.isQuiet(request, foreign, now)) return true;
    // Others write all the time; looking takes no lock from them.
    if (!this.#quiet.knowsOwn(request) || hasClaimable(this.#claims, request, now)) return false;
    this.#quiet.foundNothing(request, foreign, nextDue(this.#claims, request, now));
    return true;
  }

  #claimNow(tx: Transaction, request: ClaimRequest): readonly Claimed[] {
    const claimed = claimTasks(tx, request);
    if (claimed.length === 0) {
      const until = nextDue(tx, request, tx.at);
      this.#quiet.foundNothing(request, this.#dataVersion(), until);
    }
    return claimed;
  }

  #dataVersion(): number {
    return Number(this.#statements.dataVersion.get()?.["data_version"]);
  }

  #hostBeat(row: Row): HostBeat {
    const host = row["id"] as HostId;
    const dead = row["dead"] === 1;
    return {
      host,
      beat: Number(row["beat"]),
      dead,
      gone: !dead && this.#locks.isGone(host),
      report: String(row["report"]),
    };
  }

  #read<T>(body: () => T): Promise<T> {
    return this.#guard(() => retryBusy(this.#clock, this.#random, () => this.#usable(body)));
  }

  #write<T>(run: (tx: Transaction) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) reject(closedError(this.#path));
      else this.#queue.submit({ run, done: resolve, failed: reject });
    });
  }

  #usable<T>(body: () => T): T {
    if (this.#closed !== undefined) throw closedError(this.#path);
    if (this.#queue.broken !== undefined) throw this.#queue.broken;
    return body();
  }

  /** Waits for `body`; what it throws becomes a RuntimeError, and what breaks the store is remembered (S2). */
  async #guard<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (thrown) {
      const error = storeError(thrown, this.#path);
      const fault = engineFault(thrown);
      if (fault === "broken" || fault === "foreign") this.#queue.breakDown(error);
      throw error;
    }
  }
}

/** The job of one batch; no closures, for there are 100,000 a second. */
class CommitJob implements Job<CommitResult> {
  readonly #batch: Batch;
  readonly #resolve: (result: CommitResult) => void;

  constructor(batch: Batch, resolve: (result: CommitResult) => void) {
    this.#batch = batch;
    this.#resolve = resolve;
  }

  run(tx: Transaction): CommitResult {
    return applyBatch(tx, this.#batch);
  }

  done(result: CommitResult): void {
    this.#resolve(result);
  }

  failed(cause: RuntimeError): void {
    this.#resolve({ type: "unknown", cause });
  }
}

function closedError(path: string): RuntimeError {
  return runtimeError("CLOSED", `store ${path} was closed`);
}
