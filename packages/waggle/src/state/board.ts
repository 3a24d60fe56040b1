import type { CallOptions } from "../ports/call-options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { BoardEntry } from "./board-entry.ts";
import type { AnyKey, BoardKey, RecordedValueOf, ValueOf, WrittenOf } from "./board-key.ts";
import type { OnConflict } from "./board-operations.ts";
import type { BoardName } from "./board-place.ts";
import type { BoardListener, BoardSubscription, SubscribeOptions } from "./board-subscription.ts";
import type { BoardTransaction } from "./board-transaction.ts";
import type { BoardView } from "./board-view.ts";

/** What a board takes from the machine, and how it behaves. */
export interface BoardOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Stands in the records it writes; at most 200 characters. Default: nothing. */
  readonly by?: string;
  /** How often subscribers look for changes that nothing announced. Default 100 ms. */
  readonly pollMs?: number;
  /** Most subscriptions at a time. Default 1,000. */
  readonly maxSubscriptions?: number;
}

/** What a write is based on: a view, or anything else that knows the version it had seen. */
export interface Basis {
  readonly version: number;
}

export interface WriteOptions extends CallOptions {
  readonly basedOn?: Basis;
}

export interface UpdateOptions extends CallOptions {
  /** Default: `merge` for keys with a merge rule, `retry` for others. */
  readonly conflict?: OnConflict;
}

/** One page of a board's past. */
export interface HistoryPage {
  readonly entries: readonly BoardEntry[];
  /** Pass it as `after` to read on; undefined: this was the last page. */
  readonly next: number | undefined;
}

export interface HistoryOptions {
  /** Only records after this version. Default: from the oldest one kept. */
  readonly after?: number;
  /** Most records, 1 to 1,000. Default 100. */
  readonly limit?: number;
}

/**
 * A blackboard: typed values that many read and write, with their past. This is its face outside handlers; in
 * handlers there is `boardIn(ctx)`. Each write is one commit, and makes one or more new versions.
 *
 * Writes throw RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, `USAGE` (nothing was written), `CONFLICT` (nothing
 * was written; after 100 tries, or at once where that was asked for), `STORE_UNAVAILABLE` (outcome unknown), `NOT_FOUND`
 * (a large value for the board of a run that is not there; nothing was written).
 */
export interface Board extends AsyncDisposable {
  /** The present value of `key`; undefined: it has none. @throws as {@link BoardView.get}. */
  get<K extends AnyKey>(key: K): Promise<ValueOf<K> | undefined>;
  /**
   * The board as it is now, or as it was at `version`.
   * @throws RuntimeError `USAGE` for a version that is still to come, `NOT_FOUND` for one that is not kept any more.
   */
  snapshot(version?: number): Promise<BoardView>;
  /**
   * Writes what `change` makes of the value of `key`, if nobody else wrote it meanwhile; what happens otherwise says
   * `conflict`. A change that changes nothing writes nothing.
   * @param change - With `retry` it may run several times.
   * @returns The new value.
   */
  update<Value, Written>(
    key: BoardKey<Value, Written>,
    change: (now: Value | undefined) => Written | Promise<Written>,
    options?: UpdateOptions,
  ): Promise<Value>;
  /**
   * Writes `value` at `key`. With a merge rule, merged into what is there. Without a rule it replaces what is there;
   * with `basedOn`, only if nobody wrote the key after that version, otherwise `CONFLICT`. The value belongs to the
   * board until this resolves: do not change it.
   */
  set<K extends AnyKey>(key: K, value: WrittenOf<K>, options?: WriteOptions): Promise<void>;
  /**
   * Adds `by` to a number, 0 without one. Adding whole numbers to a key with the rule `counter` never conflicts;
   * the sum is not checked by the schema until it is read.
   */
  add(key: BoardKey<number>, by: number, options?: CallOptions): Promise<void>;
  /** Removes the value of `key`; with `basedOn` as {@link Board.set}. Its past stays. */
  remove(key: AnyKey, options?: WriteOptions): Promise<void>;
  /**
   * Reads and writes several keys at once: all or nothing, as if nobody else were there.
   * @param body - May run several times; see {@link BoardTransaction}.
   * @returns What the body returned.
   */
  transaction<Result>(
    body: (transaction: BoardTransaction) => Promise<Result>,
    options?: CallOptions,
  ): Promise<Result>;
  /** What was written at one key, or at all keys that start with a prefix, oldest first. */
  history(of: AnyKey | { readonly prefix: string }, options?: HistoryOptions): Promise<HistoryPage>;
  /**
   * Copies the board as it is now, or as it was at `version`, to a new board, in one commit. From then on the two
   * have nothing to do with each other. The past is not copied.
   * @returns The version that was copied.
   * @throws RuntimeError `CONFLICT` if the new board has something on it, `LIMIT_REACHED` over 10,000 keys,
   * `VALUE_TOO_LARGE` over 64 Mi bytes.
   */
  fork(name: BoardName, version?: number): Promise<number>;
  /**
   * Calls `listener` for each change, in order, from whichever process; one at a time. Resolves when the
   * subscription has begun. Records that were trimmed before they were told are left out.
   * @throws RuntimeError `LIMIT_REACHED` if there are too many subscriptions.
   */
  subscribe<K extends AnyKey>(
    what: { readonly key: K },
    listener: BoardListener<RecordedValueOf<K> | undefined>,
    options?: SubscribeOptions,
  ): Promise<BoardSubscription>;
  subscribe(
    what: { readonly prefix: string },
    listener: BoardListener<unknown>,
    options?: SubscribeOptions,
  ): Promise<BoardSubscription>;
  subscribe<Selected>(
    what: { readonly select: (view: BoardView) => Promise<Selected> | Selected },
    listener: BoardListener<Selected>,
    options?: SubscribeOptions,
  ): Promise<BoardSubscription>;
  /**
   * Removes the records before version `before`, but the newest of each key. Versions of the board before this
   * commit cannot be looked at any more.
   */
  trim(before: number): Promise<void>;
}
