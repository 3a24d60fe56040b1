/** Whoever waits for a slot. */
export interface SlotWaiter {
  /** A slot is taken in its name; it may go on. */
  slotGranted(): void;
}

/**
 * The slots of one agent in one host: at most `limit` of its tasks are busy at one time. A task that waits
 * for others gives its slot back, and comes before new tasks when it wants one again: waiting never holds
 * capacity, and nothing that has begun starves behind what has not.
 */
export class Slots {
  readonly limit: number;
  #used = 0;
  readonly #waiting: SlotWaiter[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Slots that new tasks may take now. */
  get free(): number {
    return this.#waiting.length > 0 ? 0 : Math.max(0, this.limit - this.#used);
  }

  /** Takes a slot if one is free. */
  tryTake(): boolean {
    if (this.free === 0) return false;
    this.#used++;
    return true;
  }

  /** Grants a slot now or, in the order of the calls, when one is given back. */
  take(waiter: SlotWaiter): void {
    if (this.#used < this.limit && this.#waiting.length === 0) {
      this.#used++;
      waiter.slotGranted();
    } else {
      this.#waiting.push(waiter);
    }
  }

  /** Gives a slot back; it passes to who waits longest. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#used--;
    else next.slotGranted();
  }

  /** `waiter` no longer wants one. */
  withdraw(waiter: SlotWaiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}
