import { decodeData, MAX_VALUE_LENGTH } from "../core/data.ts";
import { runtimeError } from "../core/errors.ts";
import { parseWith } from "../core/schema.ts";
import type { LogRecord, StoreReads } from "../ports/store.ts";
import type { AnyKey } from "./board-key.ts";
import type { BoardPlace } from "./board-place.ts";
import { decodeRecord, loadBlob, loadedSize, loadValue } from "./stored-value.ts";

/** One record of a board: what somebody wrote at a key. */
export interface BoardEntry {
  readonly key: string;
  /** Version of the board that it made. */
  readonly version: number;
  /** Wall-clock ms of its commit. */
  readonly at: number;
  /** Who wrote it: a task, or the name a program gave itself; null: not said, as with `add` and `remove`. */
  readonly by: string | null;
  /** True if the value was removed. */
  readonly removed: boolean;
  /** Plain data, not parsed by a schema; of bytes a reference, as `StoredBytes`; undefined if removed. */
  readonly value: unknown;
}

/** Counts what is loaded, in UTF-16 units or bytes, so that one reading cannot fill the memory. */
export class SizeBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws RuntimeError `VALUE_TOO_LARGE` when more than the limit was spent. */
  spend(size: number, what: string): void {
    this.#used += size;
    if (this.#used <= this.#limit) return;
    throw runtimeError(
      "VALUE_TOO_LARGE",
      `${what} has more than ${this.#limit} characters (limit of one reading)`,
      { details: { limit: this.#limit } },
    );
  }
}

/** Most that one list of entries may hold, in UTF-16 units of JSON. */
export const MAX_LIST_LENGTH: number = 16 * MAX_VALUE_LENGTH;

/** Decodes a record, and loads its value unless that is bytes. */
export async function loadEntry(
  reads: StoreReads,
  place: BoardPlace,
  record: LogRecord,
  budget?: SizeBudget,
): Promise<BoardEntry> {
  const { version, at, data } = record;
  const key = record.key ?? "";
  if (data === null) return { key, version, at, by: null, removed: true, value: undefined };
  const stored = decodeRecord(data);
  const what = `'${key}' of ${place.title}`;
  budget?.spend(loadedSize(data, stored), what);
  const by = stored.by ?? null;
  return { key, version, at, by, removed: false, value: await loadValue(reads, stored, what) };
}

/** Decodes records one after another, so that at most one blob is in hand. */
export async function loadEntries(
  reads: StoreReads,
  place: BoardPlace,
  records: readonly LogRecord[],
  budget: SizeBudget,
): Promise<readonly BoardEntry[]> {
  const entries: BoardEntry[] = [];
  for (const record of records) entries.push(await loadEntry(reads, place, record, budget));
  return entries;
}

/**
 * The value of `key` in `record`, parsed by its schema; of a binary key, the bytes.
 * @throws RuntimeError `SCHEMA` if somebody wrote what the key does not take; `NOT_FOUND` if its blob is gone.
 */
export async function loadKeyValue(
  reads: StoreReads,
  place: BoardPlace,
  key: AnyKey,
  record: LogRecord | undefined,
): Promise<unknown> {
  if (record?.data == null) return undefined;
  const stored = decodeRecord(record.data);
  const what = `'${key.name}' of ${place.title}`;
  if (key.type === "data") return parseKeyValue(key, await loadValue(reads, stored, what), what);
  if ("blob" in stored && stored.as === "bytes") return loadBlob(reads, stored.blob, what);
  throw runtimeError("SCHEMA", `${what} holds no bytes`);
}

/** A stored value as `key` gives it: parsed, or a reference to bytes. @throws RuntimeError `SCHEMA`. */
export function parseKeyValue(key: AnyKey, value: unknown, what: string): unknown {
  if (key.type === "data") return parseWith(key.schema, value, what);
  if (isStoredBytes(value)) return value;
  throw runtimeError("SCHEMA", `${what} holds no bytes`);
}

function isStoredBytes(value: unknown): boolean {
  return typeof value === "object" && value !== null && "blob" in value && "sizeBytes" in value;
}

/** The number that a counter's record holds, or 0. */
export function counterIn(record: LogRecord | undefined): number {
  const value: unknown = record?.data == null ? 0 : decodeData(record.data);
  return typeof value === "number" ? value : 0;
}
