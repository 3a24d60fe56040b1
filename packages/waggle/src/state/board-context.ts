import type { RunId, TaskId } from "../core/ids.ts";
import type { TryOnce } from "../runtime/transact.ts";
import type { Basis } from "./board.ts";
import type { AnyKey, BoardKey, RecordedValueOf, WrittenOf } from "./board-key.ts";
import { adding, type OnConflict, removing, setting, updating } from "./board-operations.ts";
import { type BoardPlace, boardPlace } from "./board-place.ts";
import { type BoardTransaction, transacting } from "./board-transaction.ts";
import type { Writing } from "./board-writing.ts";
import {
  type RecordedSnapshot,
  type RecordedView,
  recordedView,
  recording,
  type Wanted,
} from "./recorded-view.ts";

/** What a board needs of the handler that uses it; a `ctx` is one. */
export interface BoardHandler {
  readonly run: RunId;
  readonly task: TaskId;
  transact(kind: "board", name: string, tryOnce: TryOnce, key?: string): Promise<unknown>;
}

export interface BoardOperationOptions {
  /** Tells apart operations of one kind on one key that run at the same time. */
  readonly key?: string;
}

/**
 * A blackboard in a handler. Each operation is recorded, and its write, if it has one, is part of the commit that
 * records it: it happens once, and in a replay it gives what it gave then, without looking at the board.
 *
 * Reading is an operation, too: `snapshot` reads what it is asked for and records it with the version, so that the
 * view can be used without waiting. A view that read the store when it is asked would read in replay what was
 * trimmed meanwhile, and its results would reach the handler outside the order of the stream (K4).
 *
 * Throws RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, `USAGE`, `CONFLICT`, `CONCURRENT_SCOPE`; nothing was
 * written then.
 */
export interface BoardContext {
  /** The present value of `key`; of bytes, a reference. Undefined: it has none. */
  get<K extends AnyKey>(
    key: K,
    options?: BoardOperationOptions,
  ): Promise<RecordedValueOf<K> | undefined>;
  /**
   * Reads keys, and all keys that start with a prefix, at one version: 1,000 keys and 1 Mi characters at most,
   * otherwise `LIMIT_REACHED` or `VALUE_TOO_LARGE`.
   */
  snapshot(wanted: readonly Wanted[], options?: BoardOperationOptions): Promise<RecordedView>;
  /**
   * Writes what `change` makes of the value of `key`, if nobody else wrote it meanwhile.
   * @param change - Pure and synchronous; it may run several times, and does not run in a replay.
   * @param options - `conflict`: default `merge` for keys with a merge rule, `retry` for others.
   * @returns The new value.
   */
  update<Value, Written>(
    key: BoardKey<Value, Written>,
    change: (now: Value | undefined) => Written,
    options?: BoardOperationOptions & { readonly conflict?: OnConflict },
  ): Promise<Value>;
  /** As `Board.set`. `basedOn`: a view, of this board. */
  set<K extends AnyKey>(
    key: K,
    value: WrittenOf<K>,
    options?: BoardOperationOptions & { readonly basedOn?: Basis },
  ): Promise<void>;
  /** As `Board.add`. */
  add(key: BoardKey<number>, by: number, options?: BoardOperationOptions): Promise<void>;
  /** As `Board.remove`. */
  remove(
    key: AnyKey,
    options?: BoardOperationOptions & { readonly basedOn?: Basis },
  ): Promise<void>;
  /**
   * Reads and writes several keys: all or nothing, as if nobody else were there.
   * @param name - One name per place in the handler.
   * @param body - Awaits nothing but the transaction. It may run several times, and does not run in a replay.
   * @returns What the body returned: plain data; null for nothing.
   */
  transaction<Result>(
    name: string,
    body: (transaction: BoardTransaction) => Promise<Result>,
    options?: BoardOperationOptions,
  ): Promise<Result>;
}

/**
 * The board of the run that `ctx` belongs to, or the one called `name`, for use in that handler.
 * @throws RuntimeError `USAGE` for a bad name.
 */
export function boardIn(ctx: BoardHandler, name?: string): BoardContext {
  return boardContext(ctx, boardPlace(name ?? { run: ctx.run }));
}

function boardContext(ctx: BoardHandler, place: BoardPlace): BoardContext {
  const writing: Writing = { place, by: ctx.task };
  const transact = (
    operation: string,
    what: string,
    make: () => TryOnce,
    { key }: BoardOperationOptions,
  ): Promise<unknown> => {
    let tryOnce: TryOnce;
    try {
      tryOnce = make();
    } catch (refused) {
      return Promise.reject(refused);
    }
    return ctx.transact("board", placeName(place, operation, what), tryOnce, key);
  };
  const snapshot = async (
    wanted: readonly Wanted[],
    what: string,
    options: BoardOperationOptions,
  ): Promise<RecordedView> => {
    const recorded = await transact("read", what, () => recording(place, wanted), options);
    // It was made by `recording`, now or before the replay.
    return recordedView(place, recorded as RecordedSnapshot);
  };
  const done = async (written: Promise<unknown>): Promise<void> => {
    await written;
  };
  return {
    get: async (key, options = {}) => (await snapshot([key], key.name, options)).get(key),
    snapshot: (wanted, options = {}) => snapshot(wanted, "", options),
    update: <Value, Written>(
      key: BoardKey<Value, Written>,
      change: (now: Value | undefined) => Written,
      options: BoardOperationOptions & { readonly conflict?: OnConflict } = {},
    ) => {
      const changed = (now: unknown): Written => change(now as Value | undefined);
      const make = (): TryOnce => updating(writing, key, changed, options.conflict);
      return transact("update", key.name, make, options) as Promise<Value>;
    },
    set: (key, value, options = {}) => {
      const make = (): TryOnce => setting(writing, key, value, options.basedOn?.version);
      return done(transact("set", key.name, make, options));
    },
    add: (key, by, options = {}) =>
      done(transact("add", key.name, () => adding(writing, key, by), options)),
    remove: (key, options = {}) => {
      const make = (): TryOnce => removing(writing, key, options.basedOn?.version);
      return done(transact("remove", key.name, make, options));
    },
    transaction: <Result>(
      name: string,
      body: (transaction: BoardTransaction) => Promise<Result>,
      options: BoardOperationOptions = {},
    ) =>
      transact("transaction", name, () => transacting(writing, body), options) as Promise<Result>,
  };
}

/** What the operation is called in the stream: operation, key, and board unless it is that of the run. */
function placeName({ run, log }: BoardPlace, operation: string, what: string): string {
  const words = [operation, what, run === null ? `on ${log}` : ""];
  return words.filter((word) => word !== "").join(" ");
}
