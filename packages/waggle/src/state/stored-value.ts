import { decodeData } from "../core/data.ts";
import { runtimeError } from "../core/errors.ts";
import type { ResponseAddress } from "../core/event.ts";
import type { BlobId, RunId } from "../core/ids.ts";
import { blobIdOf } from "../core/ids.ts";
import { INLINE_LIMIT } from "../core/payload.ts";
import type { Priority } from "../core/priority.ts";
import type { BlobWrite, StoreReads } from "../ports/store.ts";

/** Most bytes in one binary value. */
const MAX_BLOB_BYTES = 64 * 1024 * 1024;

/** A value as it stands in a record: itself, or the blob that holds its JSON text or its bytes. */
export type StoredValue =
  | { readonly value: unknown }
  | { readonly blob: BlobId; readonly size: number; readonly as: "json" | "bytes" };

/** The data of a record, and the blobs that have to be written with it. */
export interface EncodedRecord {
  readonly data: string;
  readonly blobs: readonly BlobWrite[];
}

/** Small facts that stand beside a value in its record. */
export interface RecordFields {
  /** Who wrote it. */
  readonly by?: string;
  /** What it is found again by when the outcome of its commit was unknown. */
  readonly mark?: string;
  /** Of an event: how many messages lie between it and the start of the run it came from. */
  readonly hops?: number;
  /** Of an event: from 0 to 1. */
  readonly confidence?: number;
  readonly priority?: Priority;
  /** Of an event: how long after its commit it goes stale. */
  readonly ttlMs?: number;
  /** Of an event that is a request: where responses to it go. */
  readonly respondTo?: ResponseAddress;
}

/**
 * Encodes a record that holds the JSON `text`: in place, or as a blob that is kept as long as `run`.
 * @param text - As `encodeData` made it.
 */
export function encodeText(text: string, fields: RecordFields, run: RunId | null): EncodedRecord {
  if (text.length <= INLINE_LIMIT) {
    const head = JSON.stringify(fields).slice(0, -1);
    return { data: `${head}${head === "{" ? "" : ","}"value":${text}}`, blobs: [] };
  }
  return encodeBlob(new TextEncoder().encode(text), "json", fields, run);
}

/**
 * Encodes a record that holds `bytes`, as a blob that is kept as long as `run`.
 * @param what - Names the value in the error.
 * @throws RuntimeError `VALUE_TOO_LARGE`.
 */
export function encodeBytes(
  bytes: Uint8Array,
  what: string,
  fields: RecordFields,
  run: RunId | null,
): EncodedRecord {
  if (bytes.length > MAX_BLOB_BYTES) {
    throw runtimeError(
      "VALUE_TOO_LARGE",
      `${what} has ${bytes.length} bytes (limit ${MAX_BLOB_BYTES})`,
    );
  }
  return encodeBlob(bytes, "bytes", fields, run);
}

function encodeBlob(
  bytes: Uint8Array,
  as: "json" | "bytes",
  fields: RecordFields,
  run: RunId | null,
): EncodedRecord {
  const id = blobIdOf(bytes);
  const data = JSON.stringify({ ...fields, blob: id, size: bytes.length, as });
  return { data, blobs: [{ type: "blob", id, bytes, run }] };
}

/** The record `data`, decoded. A bare number is the value of a counter. */
export function decodeRecord(data: string): StoredValue & RecordFields {
  const decoded = decodeData(data);
  if (typeof decoded === "object" && decoded !== null) {
    // Records are written by the functions of this file only.
    return decoded as StoredValue & RecordFields;
  }
  return { value: decoded };
}

/**
 * The JSON value behind `stored`; of bytes, a reference to them. A fresh copy at each call.
 * @param what - Names the value in errors.
 * @throws RuntimeError `NOT_FOUND` if its blob is gone with the run that kept it.
 */
export async function loadValue(
  reads: StoreReads,
  stored: StoredValue,
  what: string,
): Promise<unknown> {
  if ("value" in stored) return stored.value;
  if (stored.as === "bytes") return { blob: stored.blob, sizeBytes: stored.size };
  return decodeData(new TextDecoder().decode(await loadBlob(reads, stored.blob, what)));
}

/** The bytes of a blob. @throws RuntimeError `NOT_FOUND` if it is gone with the run that kept it. */
export async function loadBlob(reads: StoreReads, id: BlobId, what: string): Promise<Uint8Array> {
  const bytes = await reads.blob(id);
  if (bytes !== undefined) return bytes;
  throw runtimeError("NOT_FOUND", `blob ${id} of ${what} is gone: its run was removed`);
}

/** How much memory the value of a record takes when it is loaded: UTF-16 units of JSON, or bytes. */
export function loadedSize(data: string, stored: StoredValue): number {
  return "blob" in stored && stored.as === "json" ? stored.size : data.length;
}
