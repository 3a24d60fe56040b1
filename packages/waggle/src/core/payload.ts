import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { ErrorData } from "./errors.ts";
import type { BlobReference, Outcome } from "./event.ts";
import { type EncodedOutcome, errorOutcome, valueOutcome } from "./event-codec.ts";
import { type BlobId, blobIdOf } from "./ids.ts";

/** JSON texts longer than this many characters are stored once, by content (K13). */
export const INLINE_LIMIT: number = 16 * 1024;

/** Bytes that are to be kept by content. */
export interface Blob {
  readonly id: BlobId;
  readonly bytes: Uint8Array;
}

/** A value on its way into the ledger. */
export interface Payload {
  /** Its JSON text. */
  readonly text: string;
  /** What has to be put beside an event that refers to it; undefined: it stands in the event itself. */
  readonly blob: Blob | undefined;
}

/** An outcome on its way into the ledger. */
export interface OutcomePayload {
  /** As it stands in events and mail. */
  readonly encoded: EncodedOutcome;
  readonly blob: Blob | undefined;
  /** A fresh copy of what it stands for, at each call (K12). */
  decode(): Outcome;
}

/** Decides where the value with JSON text `text` is stored. */
export function payload(text: string): Payload {
  if (text.length <= INLINE_LIMIT) return { text, blob: undefined };
  const bytes = utf8ToBytes(text);
  return { text, blob: { id: blobIdOf(bytes), bytes } };
}

/** The outcome that is the value with JSON text `text`. */
export function valuePayload(text: string): OutcomePayload {
  const { blob } = payload(text);
  const encoded =
    blob === undefined ? valueOutcome(text) : (reference(blob.id, text.length) as EncodedOutcome);
  return { encoded, blob, decode: () => ({ type: "value", value: JSON.parse(text) }) };
}

/** The outcome that is `error`. */
export function errorPayload(error: ErrorData): OutcomePayload {
  const encoded = errorOutcome(error);
  return { encoded, blob: undefined, decode: () => JSON.parse(encoded) as Outcome };
}

/** The name and JSON text under which `value` stands in an event whose field for it is called `field`. */
export function inputField({ text, blob }: Payload): {
  readonly name: "input" | "inputBlob";
  readonly encoded: string;
} {
  if (blob === undefined) return { name: "input", encoded: text };
  return { name: "inputBlob", encoded: reference(blob.id, text.length) };
}

function reference(blob: BlobId, length: number): string {
  const made: BlobReference = { type: "blob", blob, length };
  return JSON.stringify(made);
}
