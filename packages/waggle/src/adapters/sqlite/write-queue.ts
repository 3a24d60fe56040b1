import type { DatabaseSync } from "node:sqlite";
import type { RuntimeError } from "../../core/errors.ts";
import { runtimeError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { BusyRetry } from "./busy-retry.ts";
import { engineFault, storeError } from "./engine-error.ts";
import type { LedgerCache } from "./ledger-cache.ts";
import { placeIfMany } from "./place-recent.ts";
import type { Statements } from "./statements.ts";
import { Transaction } from "./transaction.ts";

// Group commit: what is submitted in one turn of the event loop shares one transaction and one sync.
// Owns: every write transaction of a store. Doesn't own: the connection, the meaning of a job.
// Invariants:
// Q1 jobs run in the order in which they were submitted, each exactly once in a transaction that commits.
// Q2 a job is answered once: after the commit that holds it, or when it is known that none will.
// Q3 a job that throws harms no other: the group is rolled back and its jobs run again, first without guesses (the ledger
//    cache's), then one per transaction.

/** Jobs in one transaction at most. */
const MAX_GROUP = 256;
/** A group takes no further job after so many ms. */
const MAX_GROUP_MS = 4;
/** Jobs that may wait; a further one is refused. */
const MAX_WAITING = 262_144;

/** Something to do within a write transaction. */
export interface Job<T> {
  /** Called again in a new transaction if the first one is rolled back. */
  run(tx: Transaction): T;
  /** Called once the transaction is committed. */
  done(value: T): void;
  /** Called instead of `done`. Nothing was applied if `error.outcome` says so. */
  failed(error: RuntimeError): void;
}

/** Runs jobs in groups. */
export class WriteQueue {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ledger: LedgerCache;
  readonly #ownHosts: ReadonlySet<number>;
  readonly #onCommit: (tx: Transaction) => void;
  readonly #idle: (() => void)[] = [];
  #waiting: Job<unknown>[] = [];
  #scheduled = false;
  #retry: BusyRetry | undefined;
  /** Number of jobs at the head of the queue that run without guesses (Q3). */
  #careful = 0;
  /** Number of jobs at the head of the queue that run alone (Q3). */
  #alone = 0;
  #broken: RuntimeError | undefined;

  constructor(options: {
    readonly database: DatabaseSync;
    readonly statements: Statements;
    readonly ledger: LedgerCache;
    /** Numbers of the hosts that beat through this store. */
    readonly ownHosts: ReadonlySet<number>;
    readonly path: string;
    readonly clock: Clock;
    readonly random: Random;
    /** Called after each commit, before its jobs are answered. Must not throw. */
    readonly onCommit: (tx: Transaction) => void;
  }) {
    this.#database = options.database;
    this.#statements = options.statements;
    this.#ledger = options.ledger;
    this.#ownHosts = options.ownHosts;
    this.#path = options.path;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onCommit = options.onCommit;
  }

  /** Why nothing works any more; undefined while it does. */
  get broken(): RuntimeError | undefined {
    return this.#broken;
  }

  /** Says that the disk or the file cannot be trusted any more. */
  breakDown(error: RuntimeError): void {
    this.#broken ??= error;
  }

  /** Runs `job` with the next group. */
  submit<T>(job: Job<T>): void {
    if (this.#broken !== undefined) {
      job.failed(this.#broken);
    } else if (this.#waiting.length >= MAX_WAITING) {
      const message = `${this.#waiting.length} writes wait already (limit ${MAX_WAITING})`;
      job.failed(runtimeError("STORE_UNAVAILABLE", message, { outcome: "not-applied" }));
    } else {
      this.#waiting.push(job as Job<unknown>);
      this.#schedule();
    }
  }

  /** Resolves when every submitted job has been answered. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) resolve();
      else this.#idle.push(resolve);
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.turn(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    this.#commitGroup();
    if (this.#waiting.length > 0) this.#schedule();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  #commitGroup(): void {
    let jobs = this.#waiting.slice(0, 1);
    let tx: Transaction;
    let values: unknown[];
    try {
      this.#statements.beginWrite.get();
      this.#ledger.begin(this.#careful === 0);
      tx = new Transaction(this.#statements, this.#ledger, this.#clock.now(), this.#ownHosts);
      [jobs, values] = [[], []];
      this.#runGroup(tx, jobs, values);
      tx.flush();
      placeIfMany(tx);
    } catch (thrown) {
      this.#rollback();
      this.#groupFailed(jobs, thrown);
      return;
    }
    try {
      this.#statements.commit.get();
    } catch (thrown) {
      this.#rollback();
      this.#commitFailed(jobs, thrown);
      return;
    }
    this.#retry = undefined;
    this.#remove(jobs.length);
    tx.committed();
    this.#onCommit(tx);
    for (const [index, job] of jobs.entries()) job.done(values[index]);
  }

  /** Runs jobs from the head of the queue, noting each in `jobs` before and its value in `values` after. */
  #runGroup(tx: Transaction, jobs: Job<unknown>[], values: unknown[]): void {
    const most = this.#alone > 0 ? 1 : this.#careful > 0 ? this.#careful : MAX_GROUP;
    const limit = Math.min(most, this.#waiting.length);
    const end = this.#clock.monotonic() + MAX_GROUP_MS;
    while (jobs.length < limit) {
      const job = this.#waiting[jobs.length];
      if (job === undefined) return;
      jobs.push(job);
      values.push(job.run(tx));
      if (jobs.length % 16 === 0 && this.#clock.monotonic() >= end) return;
    }
  }

  /** Nothing of the group is applied: it never came to its commit. */
  #groupFailed(jobs: readonly Job<unknown>[], thrown: unknown): void {
    const fault = engineFault(thrown);
    if (fault === "busy") {
      this.#waitForLock(thrown);
    } else if (fault === "broken" || fault === "foreign") {
      this.#failAll(thrown);
    } else if (fault === "other" && this.#careful === 0) {
      this.#careful = jobs.length;
    } else if (fault === "full" || jobs.length <= 1) {
      this.#fail(Math.max(jobs.length, 1), storeError(thrown, this.#path));
    } else {
      this.#alone = jobs.length;
    }
  }

  /** Only SQLite knows whether the group is applied; after `busy` it says that it is not. */
  #commitFailed(jobs: readonly Job<unknown>[], thrown: unknown): void {
    const fault = engineFault(thrown);
    if (fault === "busy") this.#waitForLock(thrown);
    else if (fault === "broken" || fault === "foreign") this.#failAll(thrown);
    else this.#fail(jobs.length, storeError(thrown, this.#path));
  }

  #waitForLock(thrown: unknown): void {
    this.#retry ??= new BusyRetry(this.#clock, this.#random);
    const exhausted = this.#retry.next(() => this.#flush());
    if (exhausted === undefined) {
      this.#scheduled = true;
      return;
    }
    this.#retry = undefined;
    exhausted.cause = thrown;
    this.#fail(this.#waiting.length, storeError(exhausted, this.#path));
  }

  #failAll(thrown: unknown): void {
    this.#broken = storeError(thrown, this.#path);
    this.#fail(this.#waiting.length, this.#broken);
  }

  #fail(count: number, error: RuntimeError): void {
    for (const job of this.#remove(count)) job.failed(error);
  }

  #remove(count: number): Job<unknown>[] {
    this.#careful = Math.max(0, this.#careful - count);
    this.#alone = Math.max(0, this.#alone - count);
    return this.#waiting.splice(0, count);
  }

  #rollback(): void {
    this.#ledger.clear();
    // SQLite may have rolled back already.
    if (this.#database.isTransaction) this.#statements.rollback.get();
  }
}
