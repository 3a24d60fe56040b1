import type { Offer } from "./menu.ts";
import type { Strategy } from "./strategy.ts";

/** A strategy that notes what it took, by {@link Offer.nameOf}. */
export interface Guided extends Strategy {
  /** Names of the options taken in the schedule begun last. */
  readonly taken: readonly string[];
}

/** Chooses as `strategy` does. */
export function noting(strategy: Strategy): Guided {
  let taken: string[] = [];
  return {
    name: strategy.name,
    seed: strategy.seed,
    get taken() {
      return taken;
    },
    begin: () => {
      const names: string[] = [];
      taken = names;
      const choose = strategy.begin();
      return (options) => {
        const index = choose(options);
        names.push(options.nameOf(index));
        return index;
      };
    },
  };
}

/**
 * Takes what is wished for, in that order, passing over wishes that cannot be had at their turn; the default when
 * no wish is left. So a step can be left out of a schedule, and the steps after it stay what they were; with
 * indexes they would mean something else.
 */
export function following(wishes: readonly string[], seed: number): Guided {
  return noting({
    name: "following",
    seed,
    begin: () => {
      let next = 0;
      return (options) => {
        while (next < wishes.length) {
          const index = indexOf(options, wishes[next] as string);
          next += 1;
          if (index >= 0) return index;
        }
        return 0;
      };
    },
  });
}

/**
 * The orders that `wishes` has when the block of steps of one process at `at` is joined with the next block of that
 * process: by pulling that one forward, or by holding this one back. Each has fewer switches.
 */
export function joined(wishes: readonly string[], at: number): readonly (readonly string[])[] {
  const end = blockEnd(wishes, at);
  const process = processOf(wishes[at]);
  const next = wishes.findIndex((wish, i) => i >= end && processOf(wish) === process);
  if (next < 0) return [];
  const [before, block, between] = [
    wishes.slice(0, at),
    wishes.slice(at, end),
    wishes.slice(end, next),
  ];
  const nextEnd = blockEnd(wishes, next);
  const [nextBlock, after] = [wishes.slice(next, nextEnd), wishes.slice(nextEnd)];
  return [
    [...before, ...block, ...nextBlock, ...between, ...after],
    [...before, ...between, ...block, ...nextBlock, ...after],
  ];
}

/** Where the block of one process that begins at `at` ends. */
export function blockEnd(wishes: readonly string[], at: number): number {
  const process = processOf(wishes[at]);
  let end = at;
  while (end < wishes.length && processOf(wishes[end]) === process) end += 1;
  return end;
}

function processOf(wish: string | undefined): string | undefined {
  return wish?.split(": ", 1)[0];
}

function indexOf(options: Offer, name: string): number {
  for (let i = 0; i < options.length; i++) if (options.nameOf(i) === name) return i;
  return -1;
}
