import { runtimeError } from "../core/errors.ts";
import type { LogRecord, StoreReads } from "../ports/store.ts";
import {
  type BoardEntry,
  loadEntries,
  loadKeyValue,
  MAX_LIST_LENGTH,
  SizeBudget,
} from "./board-entry.ts";
import type { AnyKey, ValueOf } from "./board-key.ts";
import type { BoardPlace } from "./board-place.ts";
import { checkKept, isOwnKey, newestRecord } from "./log-reading.ts";

/** A board as it was at one version, for ever. Making one costs one number; values are read when asked for. */
export interface BoardView {
  readonly version: number;
  /**
   * The value of `key` at this version; a fresh copy at each call. Undefined: it had none.
   * @throws RuntimeError `SCHEMA` if what is there does not fit; `NOT_FOUND` if the version is not kept any more.
   */
  get<K extends AnyKey>(key: K): Promise<ValueOf<K> | undefined>;
  /**
   * What stood at the keys that start with `prefix`, in the order of their names.
   * @param options - `limit`: most keys; default 1,000.
   * @throws RuntimeError `LIMIT_REACHED` if there are more keys, `VALUE_TOO_LARGE` if they hold more than 64 Mi
   * characters, `NOT_FOUND` if the version is not kept any more.
   */
  entries(prefix: string, options?: { readonly limit?: number }): Promise<readonly BoardEntry[]>;
}

const DEFAULT_LIMIT = 1_000;

/** Records a view keeps at hand; those asked for longest ago go first. */
const CACHED_RECORDS = 256;

/** A view that reads a store. */
export class StoreView implements BoardView {
  readonly version: number;
  readonly #reads: StoreReads;
  readonly #place: BoardPlace;
  readonly #records = new Map<string, LogRecord | undefined>();

  constructor(reads: StoreReads, place: BoardPlace, version: number) {
    this.#reads = reads;
    this.#place = place;
    this.version = version;
  }

  async get<K extends AnyKey>(key: K): Promise<ValueOf<K> | undefined> {
    const record = await this.record(key.name);
    const value = await loadKeyValue(this.#reads, this.#place, key, record);
    return value as ValueOf<K> | undefined;
  }

  /** The record that held the value of the key `name` at this version. */
  async record(name: string): Promise<LogRecord | undefined> {
    if (this.#records.has(name)) return this.#records.get(name);
    const { log, title } = this.#place;
    const { record } = await newestRecord(this.#reads, log, name, this.version);
    await checkKept(this.#reads, log, title, this.version);
    const [oldest] = this.#records.keys();
    if (this.#records.size >= CACHED_RECORDS && oldest !== undefined) this.#records.delete(oldest);
    this.#records.set(name, record);
    return record;
  }

  async entries(
    prefix: string,
    options: { readonly limit?: number } = {},
  ): Promise<readonly BoardEntry[]> {
    const records = await this.records(prefix, options.limit ?? DEFAULT_LIMIT);
    return loadEntries(this.#reads, this.#place, records, new SizeBudget(MAX_LIST_LENGTH));
  }

  /** The records that held values at this version, of keys that start with `prefix`; `limit` at most. */
  async records(prefix: string, limit: number): Promise<readonly LogRecord[]> {
    const { log, title } = this.#place;
    // Two keys are the board's own, and one more tells that there are too many.
    const query = { log, prefix, latest: true, upTo: this.version, limit: limit + 3 };
    const { records } = await this.#reads.records(query);
    await checkKept(this.#reads, log, title, this.version);
    const found = records.filter(({ key }) => !isOwnKey(key));
    if (found.length <= limit) return found;
    throw runtimeError(
      "LIMIT_REACHED",
      `more than ${limit} keys of ${title} start with '${prefix}' (limit ${limit})`,
    );
  }
}
