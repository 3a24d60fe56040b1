import { decodeData, encodeData } from "../core/data.ts";
import { runtimeError } from "../core/errors.ts";
import type { NewRecord, RefusalReason, StoreReads, Write } from "../ports/store.ts";
import type { TryOnce } from "../runtime/transact.ts";
import { counterIn, loadKeyValue, parseKeyValue } from "./board-entry.ts";
import type { AnyKey, BoardKey, RecordedValueOf, WrittenOf } from "./board-key.ts";
import {
  checkTries,
  contentOf,
  type Prepared,
  prepare,
  publish,
  type Seen,
  see,
  type Writing,
  whatOf,
} from "./board-writing.ts";
import { checkKept, logVersion } from "./log-reading.ts";
import { mergeValues } from "./merge.ts";
import { decodeRecord, loadValue } from "./stored-value.ts";

/**
 * Reads and writes of several keys that happen together or not at all. All reads see one version of the board, and
 * what the transaction itself has written. If a key that was read has changed when it is to be written, everything
 * is thrown away and the body runs again.
 */
export interface BoardTransaction {
  /** The value of `key`; of bytes a reference. Undefined: it has none. */
  get<K extends AnyKey>(key: K): Promise<RecordedValueOf<K> | undefined>;
  /** Writes what `change` makes of the value of `key`, and resolves to it. */
  update<Value, Written>(
    key: BoardKey<Value, Written>,
    change: (now: Value | undefined) => Written,
  ): Promise<Value>;
  /** Writes `value`; if the key has a merge rule and was not read here, merged into what is there. */
  set<K extends AnyKey>(key: K, value: WrittenOf<K>): Promise<void>;
  /** Adds to a number, 0 without one. */
  add(key: BoardKey<number>, by: number): Promise<void>;
  /** Removes the value of `key`. */
  remove(key: AnyKey): Promise<void>;
}

/** Most keys one transaction may touch. */
const MAX_TRANSACTION_KEYS = 256;

/** Runs `body`; the value of the try is what it returns. */
export function transacting(
  writing: Writing,
  body: (transaction: BoardTransaction) => unknown,
): TryOnce {
  return async (reads, tries, refused) => {
    checkTries(writing, "a transaction", tries);
    const draft = new Draft(reads, writing, tries, refused);
    const returned = await body(draft);
    return { value: returned ?? null, writes: draft.close() };
  };
}

/** What is to become of a key. */
type Planned =
  | { readonly type: "put"; readonly prepared: Prepared }
  | { readonly type: "add"; readonly by: number }
  | { readonly type: "remove" };

/** One run of a transaction's body. */
class Draft implements BoardTransaction {
  readonly #reads: StoreReads;
  readonly #writing: Writing;
  readonly #tries: number;
  readonly #refused: RefusalReason | undefined;
  readonly #seen = new Map<string, Seen>();
  readonly #planned = new Map<string, Planned>();
  /** Version of the board that all reads see; undefined before the first. */
  #version: Promise<number> | undefined;
  #closed = false;

  constructor(
    reads: StoreReads,
    writing: Writing,
    tries: number,
    refused: RefusalReason | undefined,
  ) {
    this.#reads = reads;
    this.#writing = writing;
    this.#tries = tries;
    this.#refused = refused;
  }

  async get<K extends AnyKey>(key: K): Promise<RecordedValueOf<K> | undefined> {
    return (await this.#value(key)) as RecordedValueOf<K> | undefined;
  }

  async update<Value, Written>(
    key: BoardKey<Value, Written>,
    change: (now: Value | undefined) => Written,
  ): Promise<Value> {
    const now = (await this.#value(key)) as Value | undefined;
    const prepared = await this.#put(key, change(now));
    return prepared.value as Value;
  }

  async set<K extends AnyKey>(key: K, value: WrittenOf<K>): Promise<void> {
    const merge = key.type === "data" ? key.merge : undefined;
    const known = this.#seen.has(key.name) || this.#planned.has(key.name);
    if (merge === undefined || merge === "last-writer" || known) {
      await this.#put(key, value);
      return;
    }
    const theirs = await this.#value(key);
    const mine = (await prepare(this.#reads, this.#writing, key, value, this.#tries)).value;
    await this.#put(key, mergeValues(merge, mine, theirs, undefined));
  }

  async add(key: BoardKey<number>, by: number): Promise<void> {
    const planned = this.#planned.get(key.name);
    const isBlind = planned === undefined ? !this.#seen.has(key.name) : planned.type === "add";
    if (key.merge !== "counter" || !Number.isSafeInteger(by) || !isBlind) {
      await this.update(key, (now) => (now ?? 0) + by);
      return;
    }
    const before = planned?.type === "add" ? planned.by : 0;
    this.#plan(key, { type: "add", by: before + by });
  }

  async remove(key: AnyKey): Promise<void> {
    await this.#see(key);
    this.#plan(key, { type: "remove" });
  }

  /** Ends the draft. @returns What it writes, on condition of what it has read. */
  close(): readonly Write[] {
    this.#closed = true;
    if (this.#planned.size === 0) return [];
    const blobs: Write[] = [];
    const records: NewRecord[] = [];
    for (const [key, planned] of this.#planned) {
      const seen = this.#seen.get(key);
      if (planned.type === "put") blobs.push(...planned.prepared.blobs);
      records.push(newRecord(key, planned, seen));
    }
    for (const [key, seen] of this.#seen) {
      if (!this.#planned.has(key)) records.push(heldStill(key, seen));
    }
    return [...blobs, publish(this.#writing.place, records)];
  }

  async #value(key: AnyKey): Promise<unknown> {
    const planned = this.#planned.get(key.name);
    const what = whatOf(this.#writing, key);
    switch (planned?.type) {
      case "put":
        // A copy: the caller may change it.
        return decodeData(encodeData(planned.prepared.value, what));
      case "remove":
        return undefined;
      case "add": {
        const { record } = await this.#see(key);
        const prepared = await this.#put(key, counterIn(record) + planned.by);
        return prepared.value;
      }
      case undefined:
        break;
    }
    const { record } = await this.#see(key);
    if (key.type === "data") {
      return loadKeyValue(this.#reads, this.#writing.place, key, record);
    }
    if (record?.data == null) return undefined;
    const stored = await loadValue(this.#reads, decodeRecord(record.data), what);
    return parseKeyValue(key, stored, what);
  }

  async #see({ name }: AnyKey): Promise<Seen> {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const { log, title } = this.#writing.place;
    this.#version ??= logVersion(this.#reads, log);
    const version = await this.#version;
    const seen = await see(this.#reads, this.#writing, name, this.#refused, version);
    await checkKept(this.#reads, log, title, version);
    this.#checkOpen(name);
    this.#seen.set(name, seen);
    return seen;
  }

  async #put(key: AnyKey, written: unknown): Promise<Prepared> {
    const prepared = await prepare(this.#reads, this.#writing, key, written, this.#tries);
    this.#plan(key, { type: "put", prepared });
    return prepared;
  }

  #plan({ name }: AnyKey, planned: Planned): void {
    this.#checkOpen(name);
    this.#planned.set(name, planned);
  }

  #checkOpen(name: string): void {
    const { title } = this.#writing.place;
    if (this.#closed) {
      const problem = `'${name}' of ${title} was used after the transaction's body had returned`;
      throw runtimeError("SCOPE_CLOSED", problem);
    }
    const touched = new Set([...this.#seen.keys(), ...this.#planned.keys(), name]);
    if (touched.size > MAX_TRANSACTION_KEYS) {
      throw runtimeError(
        "LIMIT_REACHED",
        `a transaction on ${title} touches more than ${MAX_TRANSACTION_KEYS} keys`,
      );
    }
  }
}

function newRecord(key: string, planned: Planned, seen: Seen | undefined): NewRecord {
  const expect = seen === undefined ? {} : { expect: seen.version };
  switch (planned.type) {
    case "put":
      // What is there already stands still, under its own author.
      return seen !== undefined && contentOf(seen.record?.data) === planned.prepared.content
        ? heldStill(key, seen)
        : { key, data: planned.prepared.data, ...expect };
    case "add":
      return { key, add: planned.by, ...expect };
    case "remove":
      return { key, data: null, ...expect };
  }
}

/**
 * A key that was only read gets its own value again: a record is the only thing a commit can hold a key still with.
 */
function heldStill(key: string, seen: Seen): NewRecord {
  return { key, data: seen.record?.data ?? null, expect: seen.version };
}
