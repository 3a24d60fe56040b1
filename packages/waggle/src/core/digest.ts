import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** SHA-256 of `bytes` as 64 lowercase hex digits. */
export function digest256(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/**
 * 128-bit digest of `parts` as 32 lowercase hex digits: SHA-256 over the length-prefixed parts, cut in
 * half. Equal parts give equal digests on every machine and version; ("ab", "c") and ("a", "bc") differ.
 */
export function digest128(...parts: readonly string[]): string {
  const text = parts.map((part) => `${part.length}:${part}`).join("");
  return bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 16));
}
