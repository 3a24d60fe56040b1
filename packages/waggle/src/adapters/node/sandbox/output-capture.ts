/**
 * Keeps the head and the tail of a stream of bytes within a limit. Takes any amount: memory stays bounded by
 * the limit, and {@link take} never refuses, so the writer is never held up.
 */
export class OutputCapture {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  readonly #head: Buffer[] = [];
  #headLength = 0;
  #ring: Buffer | undefined;
  #ringLength = 0;
  #ringStart = 0;
  #cutBytes = 0;

  /** @param limitBytes - Kept bytes, at least 2; half for the head, half for the tail. */
  constructor(limitBytes: number) {
    this.#headLimit = Math.ceil(limitBytes / 2);
    this.#tailLimit = Math.max(1, Math.floor(limitBytes / 2));
  }

  /** True when bytes were cut out of the middle. */
  get isTruncated(): boolean {
    return this.#cutBytes > 0;
  }

  /** Adds `chunk` to what was written. */
  take(chunk: Buffer): void {
    const room = this.#headLimit - this.#headLength;
    const first = chunk.subarray(0, Math.max(0, room));
    if (first.length > 0) {
      // Copied: the chunk may be a small part of a large pooled buffer.
      this.#head.push(Buffer.from(first));
      this.#headLength += first.length;
      if (this.#head.length > 256) this.#head.splice(0, this.#head.length, this.#headBytes());
    }
    if (first.length < chunk.length) this.#takeTail(chunk.subarray(first.length));
  }

  /** The kept text as UTF-8. Characters that the cut went through are left out and counted as cut. */
  text(): string {
    const head = this.#headBytes();
    if (this.#ring === undefined) return head.toString("utf8");
    const ring = Buffer.concat([
      this.#ring.subarray(this.#ringStart, this.#ringStart + this.#ringLength),
      this.#ring.subarray(0, Math.max(0, this.#ringStart + this.#ringLength - this.#tailLimit)),
    ]);
    if (this.#cutBytes === 0) return Buffer.concat([head, ring]).toString("utf8");
    const headEnd = wholeCharactersEnd(head);
    const tailStart = firstCharacterStart(ring);
    const cut = this.#cutBytes + head.length - headEnd + tailStart;
    return `${head.toString("utf8", 0, headEnd)}\n... ${cut} bytes cut ...\n${ring.toString("utf8", tailStart)}`;
  }

  #headBytes(): Buffer {
    return Buffer.concat(this.#head);
  }

  #takeTail(bytes: Buffer): void {
    this.#ring ??= Buffer.alloc(this.#tailLimit);
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#tailLimit));
    const overflow = Math.max(0, this.#ringLength + bytes.length - this.#tailLimit);
    this.#cutBytes += overflow;
    const end = (this.#ringStart + this.#ringLength) % this.#tailLimit;
    // When more came than fits, the ring holds exactly `kept`; where it begins does not matter then.
    const untilEdge = Math.min(kept.length, this.#tailLimit - end);
    kept.copy(this.#ring, end, 0, untilEdge);
    kept.copy(this.#ring, 0, untilEdge);
    this.#ringLength = Math.min(this.#tailLimit, this.#ringLength + bytes.length);
    this.#ringStart = (end + kept.length - this.#ringLength + this.#tailLimit) % this.#tailLimit;
  }
}

/** Where the last whole UTF-8 character of `bytes` ends. */
function wholeCharactersEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const needed = characterLength(bytes[bytes.length - back] ?? 0);
    if (needed > 0) return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Bytes of the character that begins with `byte`; 0 for a byte in the middle of one. */
function characterLength(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc0) return 0;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}

/** Where the first UTF-8 character of `bytes` starts; at most three bytes can belong to one before. */
function firstCharacterStart(bytes: Buffer): number {
  const start = bytes.subarray(0, 4).findIndex((byte) => characterLength(byte) > 0);
  if (start >= 0) return start;
  return bytes.length < 4 ? bytes.length : 0;
}
