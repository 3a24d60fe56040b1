import { runtimeError } from "../core/errors.ts";
import { type HostId, hostIdFrom } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { CallOptions } from "../ports/call-options.ts";
import type { RecordQuery, Store } from "../ports/store.ts";
import type { TryOnce } from "../runtime/transact.ts";
import type {
  Board,
  BoardOptions,
  HistoryOptions,
  HistoryPage,
  UpdateOptions,
  WriteOptions,
} from "./board.ts";
import { loadEntries, loadKeyValue, MAX_LIST_LENGTH, SizeBudget } from "./board-entry.ts";
import type { AnyKey, BoardKey, ValueOf, WrittenOf } from "./board-key.ts";
import { adding, removing, setting, updating } from "./board-operations.ts";
import { type BoardName, type BoardPlace, boardPlace } from "./board-place.ts";
import {
  type BoardListener,
  type BoardSubscription,
  Follower,
  type Interest,
  type SubscribeOptions,
} from "./board-subscription.ts";
import { type BoardTransaction, transacting } from "./board-transaction.ts";
import { type BoardView, StoreView } from "./board-view.ts";
import { publish, type Writing } from "./board-writing.ts";
import { type Committer, commitTries } from "./commit-tries.ts";
import { forking } from "./fork-board.ts";
import { checkKept, isOwnKey, logVersion, newestRecord, TRIMMED_KEY } from "./log-reading.ts";
import { LogWatch } from "./log-watch.ts";

const DEFAULT_POLL_MS = 100;
const DEFAULT_SUBSCRIPTIONS = 1_000;
const DEFAULT_HISTORY = 100;
const MAX_HISTORY = 1_000;
const DEFAULT_TRIES = 3;
const MAX_AUTHOR_LENGTH = 200;

/** How long a dispose waits for listeners that are being called, ms. */
const DISPOSE_GRACE_MS = 5_000;

/**
 * Opens a board; it exists as soon as somebody writes to it. Whoever opens it disposes it, before its store.
 * @param name - `{ run }`: the board of a run, which goes with it. Otherwise `^[a-z0-9][a-z0-9_-]{0,63}$`.
 * @throws RuntimeError `USAGE` for a bad name or option.
 */
export function openBoard(store: Store, name: BoardName, options: BoardOptions): Board {
  const { by = "" } = options;
  if (by.length > MAX_AUTHOR_LENGTH) {
    const problem = `'by' of a board has ${by.length} characters (limit ${MAX_AUTHOR_LENGTH})`;
    throw runtimeError("USAGE", problem);
  }
  return new StoreBoard(store, boardPlace(name), options);
}

/** A board on a store. Owns: its subscriptions, one watch. Doesn't own: the store. */
class StoreBoard implements Board {
  readonly #store: Store;
  readonly #place: BoardPlace;
  readonly #options: BoardOptions;
  /** In whose name it commits: no host of that name ever owns a task. */
  readonly #host: HostId;
  readonly #watch: LogWatch;
  readonly #closing = new AbortController();
  readonly #subscriptions = new Set<BoardSubscription>();
  /** The store could not be looked at: every subscriber hears of it. */
  readonly #troubled = new Set<(cause: unknown) => void>();

  constructor(store: Store, place: BoardPlace, options: BoardOptions) {
    const { clock, random, pollMs = DEFAULT_POLL_MS } = options;
    this.#store = store;
    this.#place = place;
    this.#options = options;
    this.#host = hostIdFrom(random.id());
    const onTrouble = (cause: unknown): void => {
      for (const tell of this.#troubled) tell(cause);
    };
    this.#watch = new LogWatch({ store, clock, log: place.log, pollMs, onTrouble });
  }

  async get<K extends AnyKey>(key: K): Promise<ValueOf<K> | undefined> {
    const { record } = await newestRecord(this.#store, this.#place.log, key.name);
    const value = await loadKeyValue(this.#store, this.#place, key, record);
    return value as ValueOf<K> | undefined;
  }

  async snapshot(version?: number): Promise<BoardView> {
    const { log, title } = this.#place;
    const now = await logVersion(this.#store, log);
    if (version === undefined) return new StoreView(this.#store, this.#place, now);
    if (!Number.isSafeInteger(version) || version < 0 || version > now) {
      throw runtimeError("USAGE", `there is no version ${version} of ${title} (newest: ${now})`);
    }
    await checkKept(this.#store, log, title, version);
    return new StoreView(this.#store, this.#place, version);
  }

  async update<Value, Written>(
    key: BoardKey<Value, Written>,
    change: (now: Value | undefined) => Written | Promise<Written>,
    options: UpdateOptions = {},
  ): Promise<Value> {
    const value = await this.#commit(
      (writing) =>
        updating(writing, key, (now) => change(now as Value | undefined), options.conflict),
      options,
    );
    return value as Value;
  }

  async set<K extends AnyKey>(
    key: K,
    value: WrittenOf<K>,
    options: WriteOptions = {},
  ): Promise<void> {
    const { basedOn } = options;
    await this.#commit((writing) => setting(writing, key, value, basedOn?.version), options);
  }

  async add(key: BoardKey<number>, by: number, options: CallOptions = {}): Promise<void> {
    await this.#commit((writing) => adding(writing, key, by), options);
  }

  async remove(key: AnyKey, options: WriteOptions = {}): Promise<void> {
    const { basedOn } = options;
    await this.#commit((writing) => removing(writing, key, basedOn?.version), options);
  }

  async transaction<Result>(
    body: (transaction: BoardTransaction) => Promise<Result>,
    options: CallOptions = {},
  ): Promise<Result> {
    const result = await this.#commit((writing) => transacting(writing, body), options);
    return result as Result;
  }

  async history(
    of: AnyKey | { readonly prefix: string },
    options: HistoryOptions = {},
  ): Promise<HistoryPage> {
    const { after = 0, limit = DEFAULT_HISTORY } = options;
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_HISTORY) {
      throw runtimeError("USAGE", `limit ${limit} of a history is not from 1 to ${MAX_HISTORY}`);
    }
    const which: Pick<RecordQuery, "key" | "prefix"> =
      "prefix" in of ? { prefix: of.prefix } : { key: of.name };
    const query = { log: this.#place.log, ...which, after, limit };
    const { records } = await this.#store.records(query);
    const shown = records.filter(({ key }) => !isOwnKey(key));
    const budget = new SizeBudget(MAX_LIST_LENGTH);
    const entries = await loadEntries(this.#store, this.#place, shown, budget);
    return { entries, next: records.length < limit ? undefined : records.at(-1)?.version };
  }

  async fork(name: BoardName, version?: number): Promise<number> {
    const view = await this.snapshot(version);
    const target = boardPlace(name);
    await this.#commit((writing) => forking(writing, view.version, target), {});
    return view.version;
  }

  async subscribe(
    what: Interest,
    listener: BoardListener<never>,
    options: SubscribeOptions = {},
  ): Promise<BoardSubscription> {
    const { from = "now", signal, tries = DEFAULT_TRIES, onTrouble = () => {} } = options;
    const { maxSubscriptions: most = DEFAULT_SUBSCRIPTIONS, clock } = this.#options;
    if (!Number.isSafeInteger(tries) || tries < 1) {
      throw runtimeError("USAGE", `tries ${tries} is no whole number of at least 1`);
    }
    const now = await logVersion(this.#store, this.#place.log);
    this.#checkOpen();
    if (this.#subscriptions.size >= most) {
      const problem = `${this.#place.title} has ${most} subscriptions already (limit ${most})`;
      throw runtimeError("LIMIT_REACHED", problem);
    }
    const stop = new AbortController();
    const signals = [stop.signal, this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const follower = new Follower({
      reads: this.#store,
      clock,
      watch: this.#watch,
      place: this.#place,
      interest: what,
      listener,
      position: from === "now" ? now : from === "beginning" ? 0 : from,
      signal: AbortSignal.any(signals),
      tries,
      onTrouble,
    });
    const storeTrouble = (cause: unknown): void => follower.report({ cause, gaveUp: false });
    this.#troubled.add(storeTrouble);
    const ended = follower.follow().finally(() => {
      this.#subscriptions.delete(subscription);
      this.#troubled.delete(storeTrouble);
    });
    const subscription: BoardSubscription = {
      get position() {
        return follower.position;
      },
      ended,
      [Symbol.asyncDispose]: () => {
        stop.abort(STOPPED);
        return this.#graceFor([ended]);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async trim(before: number): Promise<void> {
    const { log } = this.#place;
    if (!Number.isSafeInteger(before) || before < 0) {
      throw runtimeError("USAGE", `cannot trim before version ${before}`);
    }
    await this.#commit(
      ({ place }) =>
        async () => ({
          value: null,
          writes: [
            publish(place, [{ key: TRIMMED_KEY, data: String(before) }]),
            { type: "trim-log", log, before },
          ],
        }),
      {},
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(STOPPED);
    await this.#watch.close();
    await this.#graceFor([...this.#subscriptions].map(({ ended }) => ended));
  }

  async #commit(make: (writing: Writing) => TryOnce, options: CallOptions): Promise<unknown> {
    this.#checkOpen();
    const { clock, random, by = null } = this.#options;
    const id = random.id();
    const mark = (tries: number): string => `${id}-${tries}`;
    const committer: Committer = { store: this.#store, host: this.#host, clock, random };
    const tryOnce = make({ place: this.#place, by, mark });
    const value = await commitTries(committer, tryOnce, mark, options);
    this.#watch.poke();
    return value;
  }

  #checkOpen(): void {
    if (!this.#closing.signal.aborted) return;
    throw runtimeError("CLOSED", `${this.#place.title} was closed`);
  }

  /** Waits for listeners that are being called, but not for ever. */
  async #graceFor(ended: readonly Promise<void>[]): Promise<void> {
    const late = new AbortController();
    const grace = this.#options.clock
      .sleep(DISPOSE_GRACE_MS, { signal: late.signal, keepAlive: true })
      .catch(() => {});
    await Promise.race([Promise.all(ended), grace]);
    late.abort(STOPPED);
  }
}
