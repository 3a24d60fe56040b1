import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** SHA-256 of `bytes` as 64 lowercase hex digits. */
export function digest256(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

// What `digest128` works in, from call to call: making these anew costs more than the hash of a short text. Each call
// writes them before it reads them and nothing waits in between, so no call sees another.
const encoder = new TextEncoder();
const blank = sha256.create();
const work = sha256.create();
const out = new Uint8Array(sha256.outputLen);
/** For short texts only: it is kept for ever. */
const scratch = new Uint8Array(4_096);

/** Bytes of UTF-8 that one UTF-16 unit takes at most. */
const MOST_BYTES = 3;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/**
 * 128-bit digest of `parts` as 32 lowercase hex digits: SHA-256 over the length-prefixed parts, cut in
 * half. Equal parts give equal digests on every machine and version; ("ab", "c") and ("a", "bc") differ.
 */
export function digest128(...parts: readonly string[]): string {
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  blank._cloneInto(work);
  work.update(bytesOf(text)).digestInto(out);
  let hex = "";
  for (let i = 0; i < 16; i++) hex += HEX[out[i] ?? 0];
  return hex;
}

/** UTF-8 of `text`; of a short one to be used before the next call. */
function bytesOf(text: string): Uint8Array {
  if (text.length * MOST_BYTES > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}
