import type { Offer } from "./menu.ts";
import { numberStream } from "./sim-random.ts";
import type { Choose, Strategy } from "./strategy.ts";

/** A uniformly random walk, with mishaps at a rate of its own. Finds shallow races fast. */
export function random(seed: number): Strategy {
  return {
    name: "random",
    seed,
    begin: () => {
      const next = numberStream(seed);
      return withMishaps(next, (options) => Math.floor(next() * options.ok));
    },
  };
}

/**
 * Probabilistic concurrency testing: processes have random priorities, and the highest runs until one of
 * `depth - 1` random steps demotes it. Finds what needs one process to stand still for long: a bug of depth d in
 * n processes and k steps with a probability of at least 1 / (n * k^(d-1)) per schedule.
 * Source: Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", 2010.
 * Effects of one process that are pending together are chosen among uniformly.
 * @param expectedSteps - About how many choices a schedule has.
 */
export function pct(seed: number, depth: number, expectedSteps: number): Strategy {
  return {
    name: `pct depth ${depth}`,
    seed,
    begin: () => {
      const next = numberStream(seed);
      const priorities: number[] = [];
      const demotions: number[] = [];
      for (let i = 1; i < depth; i++) demotions.push(1 + Math.floor(next() * expectedSteps));
      const best = (options: Offer): number => {
        let found = 0;
        for (let i = 1; i < options.ok; i++) {
          const difference = priorityOf(options, i) - priorityOf(options, found);
          if (difference > 0) found = i;
        }
        return found;
      };
      const priorityOf = (options: Offer, index: number): number => {
        const process = options.processOf(index);
        priorities[process] ??= 1 + next();
        return priorities[process];
      };
      return withMishaps(next, (options) => {
        const demotion = demotions.indexOf(options.step);
        if (demotion >= 0) priorities[options.processOf(best(options))] = -demotion;
        return oneOfProcess(options, options.processOf(best(options)), next);
      });
    },
  };
}

/** Makes exactly these choices, and the default ones after them. `replay([])` is the natural order. */
export function replay(choices: readonly number[], seed: number = 1): Strategy {
  return {
    name: "replay",
    seed,
    begin: () => (options) => choices[options.step] ?? 0,
  };
}

/**
 * Chooses a mishap (alternative, crash, early timer) now and then, otherwise as `usual` does. The rate is drawn per
 * schedule between 1/2 and 1/256 per choice, so that in short and in long schedules each place is hit by some seed.
 */
function withMishaps(next: () => number, usual: Choose): Choose {
  const rate = 0.5 ** (1 + Math.floor(next() * 8));
  return (options) => {
    const mishaps = options.length - options.ok;
    if (mishaps > 0 && next() < rate) return options.ok + Math.floor(next() * mishaps);
    return usual(options);
  };
}

/** A uniformly chosen usual option of the process. */
function oneOfProcess(options: Offer, process: number, next: () => number): number {
  let count = 0;
  for (let i = 0; i < options.ok; i++) if (options.processOf(i) === process) count += 1;
  let left = count > 1 ? Math.floor(next() * count) : 0;
  for (let i = 0; i < options.ok; i++) {
    if (options.processOf(i) === process && left-- === 0) return i;
  }
  return 0;
}
