import type { PendingEffect } from "./pending-effect.ts";
import type { ProcessState } from "./process-state.ts";

interface Turn {
  readonly process: ProcessState;
  readonly life: number;
  readonly callback: () => void;
}

// Owns: what is pending in one schedule (effects, timers, turns) and the virtual time. Doesn't own: which of it
// happens next. Ports put things in, the scheduler takes them out.
// Invariants: P1 everything in `effects` and `timers` belongs to a living incarnation. P2 both are in order of
// creation. P3 `process.pending` is the number of its calls and timers in here. P4 time never goes back.

/** What can still happen in one schedule. */
export class EffectPool {
  /** Virtual ms since the schedule began. */
  elapsedMs = 0;
  /** Calls and deliveries, oldest first. */
  readonly effects: PendingEffect[] = [];
  /** Timers, in order of creation. */
  readonly timers: PendingEffect[] = [];
  /** First thing that a callback outside any promise threw (a turn, a listener), as a failure text. */
  thrown: string | undefined;
  #turns: Turn[] = [];
  #nextTurn = 0;

  add(effect: PendingEffect): void {
    (effect.kind === "timer" ? this.timers : this.effects).push(effect);
    if (effect.kind !== "delivery") effect.process.pending += 1;
  }

  /** @returns false if it was not there any more: it happened, or its process crashed. */
  remove(effect: PendingEffect): boolean {
    const list = effect.kind === "timer" ? this.timers : this.effects;
    const index = list.indexOf(effect);
    if (index < 0) return false;
    // By hand: splice would allocate, and this runs once per choice.
    for (let i = index + 1; i < list.length; i++) list[i - 1] = list[i] as PendingEffect;
    list.pop();
    if (effect.kind !== "delivery") effect.process.pending -= 1;
    return true;
  }

  /** Forgets everything of the process: its memory is gone. */
  removeAllOf(process: ProcessState): void {
    this.keep(this.effects, (effect) => effect.process !== process);
    this.keep(this.timers, (effect) => effect.process !== process);
    process.pending = 0;
  }

  /** Forgets the deliveries for which `isObsolete` holds. */
  removeDeliveries(isObsolete: (effect: PendingEffect) => boolean): void {
    this.keep(this.effects, (effect) => effect.kind !== "delivery" || !isObsolete(effect));
  }

  private keep(list: PendingEffect[], isKept: (effect: PendingEffect) => boolean): void {
    let kept = 0;
    for (const effect of list) if (isKept(effect)) list[kept++] = effect;
    list.length = kept;
  }

  addTurn(process: ProcessState, callback: () => void): void {
    this.#turns.push({ process, life: process.life, callback });
  }

  /**
   * Runs the oldest turn of a living incarnation.
   * @returns false if there is none.
   */
  runTurn(): boolean {
    for (;;) {
      const turn = this.#turns[this.#nextTurn];
      if (turn === undefined) {
        if (this.#nextTurn > 0) this.#turns = [];
        this.#nextTurn = 0;
        return false;
      }
      this.#nextTurn += 1;
      if (turn.life !== turn.process.life) continue;
      this.guard(turn.process, "a turn", turn.callback);
      return true;
    }
  }

  /** Calls `body`; what it throws becomes the failure of the schedule. */
  guard(process: ProcessState, where: string, body: () => void): void {
    try {
      body();
    } catch (error) {
      this.thrown ??= `${process.name} threw in ${where}: ${messageOf(error)}`;
    }
  }
}

/** The message of a thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
