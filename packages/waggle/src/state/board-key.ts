import { runtimeError } from "../core/errors.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import type { AnyMerge, Merge } from "./merge.ts";

/** A place on a board for plain data. What is written is parsed by its schema, and what is read as well. */
export interface BoardKey<Value = unknown, Written = Value> {
  readonly type: "data";
  readonly name: string;
  readonly schema: Schema<Written, Value>;
  /** Undefined: a conflict makes an update run again. */
  readonly merge: AnyMerge | undefined;
}

/** A place on a board for bytes: an image, a sound, an archive. */
export interface BinaryKey {
  readonly type: "bytes";
  readonly name: string;
}

export type AnyKey = BoardKey | BinaryKey;

/** Bytes by reference: they are kept in the ledger as a blob, by content, once. */
export interface StoredBytes {
  /** SHA-256 of the bytes, in hex. */
  readonly blob: string;
  readonly sizeBytes: number;
}

/** What is read at a key outside handlers. */
export type ValueOf<K extends AnyKey> =
  K extends BoardKey<infer Value, infer _Written> ? Value : Uint8Array;

/** What is read at a key in a handler: bytes are given by reference. */
export type RecordedValueOf<K extends AnyKey> =
  K extends BoardKey<infer Value, infer _Written> ? Value : StoredBytes;

/** What is written at a key. */
export type WrittenOf<K extends AnyKey> =
  K extends BoardKey<infer _Value, infer Written> ? Written : Uint8Array | StoredBytes;

const KEY_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._:/@-]{0,99}$/;

/**
 * Declares a key that holds what `schema` parses.
 * @param name - Unique on its board: a letter or digit, then letters, digits and `. _ : / @ -`; 100 at most.
 * @param schema - Synchronous, and it parses what it gave before to the same again (a default does, a
 * conversion from text to number does not): values are parsed when they are written and when they are read.
 * @param options - `merge`: what becomes of a value when somebody else was faster; see {@link Merge}. Default:
 * an update runs again on what is there then.
 * @throws RuntimeError `USAGE` for a bad name or limit; nothing happened.
 */
export function boardKey<S extends Schema>(
  name: string,
  schema: S,
  options: { readonly merge?: Merge<NoInfer<InferOutput<S>>> } = {},
): BoardKey<InferOutput<S>, InferInput<S>> {
  const merge = options.merge as AnyMerge | undefined;
  if (typeof merge === "object") checkAppendLimit(name, merge.limit ?? 1);
  return Object.freeze({
    type: "data",
    name: checkKeyName(name),
    // A schema is used by its parse function only, which takes anything.
    schema: schema as unknown as Schema<InferInput<S>, InferOutput<S>>,
    merge,
  });
}

/**
 * Declares a key that holds bytes, 64 MiB at most.
 * @param name - As of {@link boardKey}.
 * @throws RuntimeError `USAGE` for a bad name; nothing happened.
 */
export function binaryKey(name: string): BinaryKey {
  return Object.freeze({ type: "bytes", name: checkKeyName(name) });
}

function checkKeyName(name: string): string {
  if (KEY_NAME.test(name)) return name;
  throw runtimeError(
    "USAGE",
    `board key ${JSON.stringify(name)} does not match ${KEY_NAME.source}`,
  );
}

function checkAppendLimit(name: string, limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return;
  throw runtimeError(
    "USAGE",
    `limit ${limit} of board key '${name}' is no whole number of at least 1`,
  );
}
