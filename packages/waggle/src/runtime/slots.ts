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

  /** Tasks that are busy now. */
  get used(): number {
    return this.#used;
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

/** The slot of one task: none, asked for, or held. */
export class SlotHold {
  readonly #slots: Slots;
  readonly #waiter: SlotWaiter;
  #state: "none" | "asked" | "held" = "none";

  constructor(slots: Slots, waiter: SlotWaiter) {
    this.#slots = slots;
    this.#waiter = waiter;
  }

  get isHeld(): boolean {
    return this.#state === "held";
  }

  /** Asks for a slot, unless it is held or asked for. */
  want(): void {
    if (this.#state !== "none") return;
    this.#state = "asked";
    this.#slots.take(this.#waiter);
  }

  /** It was granted, or taken before in the task's name. */
  granted(): void {
    this.#state = "held";
  }

  /** Gives it back, or no longer wants one. */
  give(): void {
    if (this.#state === "held") this.#slots.give();
    else if (this.#state === "asked") this.#slots.withdraw(this.#waiter);
    this.#state = "none";
  }
}
