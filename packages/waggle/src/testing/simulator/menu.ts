import type { EffectPool } from "./effect-pool.ts";
import type { PendingEffect } from "./pending-effect.ts";
import type { ProcessState } from "./process-state.ts";

/** What a strategy sees of a {@link Menu}. */
export interface Offer {
  /** Number of choices made before this one. */
  readonly step: number;
  /** Number of options; at least 1. */
  readonly length: number;
  /** The first `ok` options are effects with their usual outcome; the others cost a budget. At least 1. */
  readonly ok: number;
  /** The first `same` options continue the process of the last choice. */
  readonly same: number;
  /** Place of the process that option `index` concerns, in the order of declaration. */
  processOf(index: number): number;
  /** True if option `index` takes the processor from a process that could go on. */
  isPreemption(index: number): boolean;
  /** What option `index` is, such as `worker: write [lost]`; the same for options that look alike. */
  nameOf(index: number): string;
}

/** Outcome of an option: the effect's own. Alternatives are 1, 2, ... */
export const USUAL: number = 0;
/** The effect happens, and its process crashes before it sees the result. */
export const CRASH: number = -1;

/** What one schedule may still spend on options other than the usual ones. */
export interface Budget {
  faults: number;
  earlyTimers: number;
}

// Reused for all choices of a schedule: filling it allocates nothing. Order of the options, which choices refer to:
// usual outcomes (last process first, then by creation), alternatives, crashes, early timers. If no effect is
// enabled the earliest timers take the place of effects.

/** What can happen next, in a fixed order. Option 0 is to go on with the last process and no mishap. */
export class Menu implements Offer {
  step = 0;
  length = 0;
  ok = 0;
  same = 0;
  readonly effects: PendingEffect[] = [];
  readonly outcomes: number[] = [];
  #last: ProcessState | undefined;

  /** Lists what can happen now, after a choice for process `last`. */
  fill(pool: EffectPool, budget: Budget, last: ProcessState | undefined): void {
    this.#last = last;
    this.length = 0;
    this.same = 0;
    for (const effect of pool.effects)
      effect.enabled = effect.ready === undefined || effect.ready();
    this.#addEnabled(pool.effects);
    const isIdle = this.length === 0;
    const { timers } = pool;
    if (timers.length > 0 && (isIdle || budget.earlyTimers > 0)) markEarliest(timers);
    if (isIdle) this.#addEnabled(timers);
    this.ok = this.length;
    if (budget.faults > 0) this.#addAlternatives();
    this.#addCrashes();
    if (!isIdle && budget.earlyTimers > 0) {
      for (const timer of timers) if (timer.enabled) this.#add(timer, USUAL);
    }
  }

  processOf(index: number): number {
    return this.effects[index]?.process.index ?? -1;
  }

  isPreemption(index: number): boolean {
    return this.same > 0 && this.effects[index]?.process !== this.#last;
  }

  nameOf(index: number): string {
    const effect = this.effects[index];
    const outcome = this.outcomes[index] ?? USUAL;
    const other = outcome > 0 ? effect?.alternatives?.[outcome - 1]?.label : undefined;
    const mishap = outcome === CRASH ? " [crash]" : other === undefined ? "" : ` [${other}]`;
    return `${effect?.process.name}: ${effect?.label}${mishap}`;
  }

  #add(effect: PendingEffect, outcome: number): void {
    this.effects[this.length] = effect;
    this.outcomes[this.length] = outcome;
    this.length += 1;
  }

  #addEnabled(list: readonly PendingEffect[]): void {
    const last = this.#last;
    for (const effect of list)
      if (effect.enabled && effect.process === last) this.#add(effect, USUAL);
    this.same = this.length;
    for (const effect of list)
      if (effect.enabled && effect.process !== last) this.#add(effect, USUAL);
  }

  #addAlternatives(): void {
    for (let i = 0; i < this.ok; i++) {
      const effect = this.effects[i] as PendingEffect;
      const count = effect.alternatives?.length ?? 0;
      for (let outcome = 1; outcome <= count; outcome++) this.#add(effect, outcome);
    }
  }

  #addCrashes(): void {
    for (let i = 0; i < this.ok; i++) {
      const effect = this.effects[i] as PendingEffect;
      if (effect.process.crashesLeft > 0) this.#add(effect, CRASH);
    }
  }
}

/** Enables the timers that fire first; those at infinity never do. */
function markEarliest(timers: readonly PendingEffect[]): void {
  let earliest = Number.POSITIVE_INFINITY;
  for (const timer of timers) if (timer.at < earliest) earliest = timer.at;
  for (const timer of timers) timer.enabled = timer.at === earliest && Number.isFinite(timer.at);
}
