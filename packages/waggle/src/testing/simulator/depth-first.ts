import type { Offer } from "./menu.ts";
import type { Search } from "./search.ts";
import type { ScheduleResult, Strategy } from "./strategy.ts";

/** What {@link depthFirst} may spend. */
export interface Bounds {
  /** Price of an option; options whose price is over what is left of `budget` are left out. */
  readonly price: (options: Offer, index: number) => number;
  /** What one schedule may cost in all. */
  readonly budget: number;
  /** Schedules after which the search stops. */
  readonly maxSchedules: number;
  readonly seed: number;
  readonly name: string;
}

/** Takes a bounded number of processors from processes that could go on, as CHESS does; mishaps are bounded by their own budgets. */
export function preemptionPrice(options: Offer, index: number): number {
  return options.isPreemption(index) ? 1 : 0;
}

/** Leaves the default option a bounded number of times. */
export function deviationPrice(_options: Offer, index: number): number {
  return index === 0 ? 0 : 1;
}

/**
 * Runs each schedule within the bounds once, depth first; stateless, by running each from the start.
 * @param visit - Gets each result; returns true to stop.
 * @returns whether every schedule within the bounds was run. The walk relies on schedules being reproducible.
 */
export function* depthFirst(
  bounds: Bounds,
  visit: (result: ScheduleResult, strategy: Strategy) => boolean,
): Search<boolean> {
  let prefix: readonly number[] = [];
  for (let schedules = 0; schedules < bounds.maxSchedules; schedules++) {
    const walk = new Walk(bounds, prefix);
    const strategy = { name: bounds.name, seed: bounds.seed, begin: () => walk.begin() };
    const result = yield { strategy, isTraced: false };
    if (visit(result, strategy)) return false;
    const next = walk.nextPrefix();
    if (next === undefined) return true;
    prefix = next;
  }
  return false;
}

/** One schedule of the search: follows a prefix of ranks, then takes rank 0. A rank counts affordable options only. */
class Walk {
  readonly #bounds: Bounds;
  readonly #prefix: readonly number[];
  #ranks: number[] = [];
  #widths: number[] = [];

  constructor(bounds: Bounds, prefix: readonly number[]) {
    this.#bounds = bounds;
    this.#prefix = prefix;
  }

  begin(): (options: Offer) => number {
    this.#ranks = [];
    this.#widths = [];
    let left = this.#bounds.budget;
    return (options) => {
      const { price } = this.#bounds;
      const rank = this.#prefix[options.step] ?? 0;
      let width = 0;
      let chosen = 0;
      for (let i = 0; i < options.length; i++) {
        if (price(options, i) > left) continue;
        if (width === rank) chosen = i;
        width += 1;
      }
      this.#ranks.push(rank);
      this.#widths.push(width);
      left -= price(options, chosen);
      return chosen;
    };
  }

  /** The prefix of the next schedule, or undefined if this was the last. */
  nextPrefix(): readonly number[] | undefined {
    for (let at = this.#ranks.length - 1; at >= 0; at--) {
      const rank = this.#ranks[at] as number;
      if (rank + 1 < (this.#widths[at] as number)) return [...this.#ranks.slice(0, at), rank + 1];
    }
    return undefined;
  }
}
