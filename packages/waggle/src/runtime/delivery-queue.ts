import type { Path } from "../core/ids.ts";
import type { Delivery } from "./journal.ts";

/**
 * Results on their way to one handler, in stream order: first what an earlier life recorded, then what
 * happens now. Both leave it in the same way, one per turn: that is why a replay cannot differ (K4).
 */
export class DeliveryQueue {
  /** Undefined until the first one. */
  #items: Delivery[] | undefined;
  #head = 0;
  /** Undefined for a task without a past: most messages are one. */
  readonly #recorded: Set<Path> | undefined;

  constructor(recorded: readonly Delivery[]) {
    if (recorded.length === 0) return;
    this.#items = [...recorded];
    this.#recorded = new Set(recorded.map((item) => item.path));
  }

  get next(): Delivery | undefined {
    return this.#items?.[this.#head];
  }

  /** True if an earlier life recorded this result and it is not delivered yet. */
  isRecorded(path: Path): boolean {
    return this.#recorded?.has(path) === true;
  }

  /** Paths that an earlier life recorded and nobody got yet, in order. */
  get undelivered(): readonly Path[] {
    return this.#items?.slice(this.#head).map((item) => item.path) ?? [];
  }

  push(item: Delivery): void {
    this.#items ??= [];
    this.#items.push(item);
  }

  /** Takes the head away. */
  shift(): void {
    const item = this.#items?.[this.#head];
    if (this.#items === undefined || item === undefined) return;
    this.#recorded?.delete(item.path);
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    }
  }
}
