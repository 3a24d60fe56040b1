import { encodeData } from "../core/data.ts";
import { type RuntimeError, runtimeError } from "../core/errors.ts";
import type { BlobId } from "../core/ids.ts";
import { parseWith } from "../core/schema.ts";
import type { LogRecord, NewRecord, RefusalReason, StoreReads, Write } from "../ports/store.ts";
import type { AnyKey, BinaryKey, BoardKey, StoredBytes } from "./board-key.ts";
import type { BoardPlace } from "./board-place.ts";
import { newestRecord, newestVersion } from "./log-reading.ts";
import { boundedValue } from "./merge.ts";
import {
  decodeRecord,
  type EncodedRecord,
  encodeBytes,
  encodeText,
  loadBlob,
  type RecordFields,
} from "./stored-value.ts";

/** Who writes to which board. */
export interface Writing {
  readonly place: BoardPlace;
  /** Stands in the records; null: not said. */
  readonly by: string | null;
  /** What a record of this try is found again by, if the outcome of its commit is unknown. */
  readonly mark?: (tries: number) => string;
}

/** What one key holds, and the version to expect of it in the commit. */
export interface Seen {
  readonly record: LogRecord | undefined;
  readonly version: number;
  /** Version of the board at which this was read. */
  readonly logVersion: number;
}

/** Most tries of one write; with the pauses between them some seconds of losing every race. */
const MAX_TRIES = 100;

/** @throws RuntimeError `CONFLICT` when a write has lost too often. */
export function checkTries(writing: Writing, name: string, tries: number): void {
  if (tries >= MAX_TRIES) throw conflict(writing, name, `${tries} tries were refused`);
}

/** Somebody else was faster; nothing was written. */
export function conflict({ place }: Writing, name: string, why: string): RuntimeError {
  return runtimeError("CONFLICT", `'${name}' of ${place.title} was not written: ${why}`);
}

/** Names what is written or read, for errors. */
export function whatOf({ place }: Writing, { name }: AnyKey): string {
  return `'${name}' of ${place.title}`;
}

/** Reads the newest record of a key, or the newest up to version `at`. */
export async function see(
  reads: StoreReads,
  { place }: Writing,
  name: string,
  refused: RefusalReason | undefined,
  at?: number,
): Promise<Seen> {
  const { record, logVersion } = await newestRecord(reads, place.log, name, at);
  // Of a key without a value, only a refusal tells that it had one: removed keys are not listed.
  const removed = record === undefined && refused === "conflict";
  const version = removed ? await newestVersion(reads, place.log, name) : (record?.version ?? 0);
  return { record, version, logVersion };
}

/** A value on its way to the board. */
export interface Prepared extends EncodedRecord {
  /** As the key gives it back: parsed; of bytes, a reference. */
  readonly value: unknown;
  /** Equal for equal values: JSON text, or the id of a blob. */
  readonly content: string;
}

/**
 * Parses and encodes a value of `key`.
 * @throws RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, or `NOT_FOUND` for a reference to bytes that are
 * not in the ledger.
 */
export async function prepare(
  reads: StoreReads,
  writing: Writing,
  key: AnyKey,
  written: unknown,
  tries: number,
): Promise<Prepared> {
  const fields = fieldsOf(writing, tries);
  if (key.type === "bytes") return prepareBytes(reads, writing, key, written, fields);
  return prepareData(writing, key, written, fields);
}

function prepareData(
  writing: Writing,
  key: BoardKey,
  written: unknown,
  fields: RecordFields,
): Prepared {
  const what = whatOf(writing, key);
  const parsed = parseWith(key.schema, written, what);
  const value = boundedValue(key.merge, parsed);
  const text = encodeData(value, what);
  if (key.merge !== "counter") {
    const encoded = encodeText(text, fields, writing.place.run);
    return { ...encoded, value, content: contentOf(encoded.data) };
  }
  if (!Number.isSafeInteger(value)) {
    throw runtimeError("USAGE", `${what} is a counter; ${text} is no safe integer`);
  }
  // Bare, so that the store can add to it.
  return { data: text, blobs: [], value, content: text };
}

async function prepareBytes(
  reads: StoreReads,
  writing: Writing,
  key: BinaryKey,
  written: unknown,
  fields: RecordFields,
): Promise<Prepared> {
  const what = whatOf(writing, key);
  const { run } = writing.place;
  // A reference is written with its bytes again: they are kept as long as this board, not only as another run.
  const bytes =
    written instanceof Uint8Array
      ? written
      : await loadBlob(reads, (written as StoredBytes).blob as BlobId, what);
  const encoded = encodeBytes(bytes, what, fields, run);
  const content = contentOf(encoded.data);
  const value: StoredBytes = { blob: content, sizeBytes: bytes.length };
  return { ...encoded, value, content };
}

function fieldsOf({ by, mark }: Writing, tries: number): RecordFields {
  return {
    ...(by === null ? {} : { by }),
    ...(mark === undefined ? {} : { mark: mark(tries) }),
  };
}

/** What a record holds, as {@link Prepared.content}; undefined if it has no value. */
export function contentOf(data: string): string;
export function contentOf(data: string | null | undefined): string | undefined;
export function contentOf(data: string | null | undefined): string | undefined {
  if (data == null) return undefined;
  const stored = decodeRecord(data);
  return "value" in stored ? JSON.stringify(stored.value) : stored.blob;
}

/** The writes that put `prepared` at `key`; none if that is there already. */
export function putWrites(
  { place }: Writing,
  key: AnyKey,
  prepared: Prepared,
  seen: Seen | undefined,
): readonly Write[] {
  const { data, blobs, content } = prepared;
  if (seen !== undefined && contentOf(seen.record?.data) === content) return [];
  const expect = seen === undefined ? {} : { expect: seen.version };
  return [...blobs, publish(place, [{ key: key.name, data, ...expect }])];
}

/** Writes records to a board. */
export function publish({ log }: BoardPlace, records: readonly NewRecord[]): Write {
  return { type: "publish", log, records };
}
