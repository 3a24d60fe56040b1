import { depthFirst, deviationPrice } from "./depth-first.ts";
import { blockEnd, following, joined, noting } from "./guided.ts";
import type { Search } from "./search.ts";
import { replay } from "./strategies.ts";
import type { ScheduleResult, Strategy } from "./strategy.ts";

/** Schedules that one shrinking may run. */
const MAX_SHRINK_RUNS = 5_000;

/** What shrinking came to. */
export interface Shrunk {
  /** The simplest failing schedule that was found, with its trace. */
  readonly result: ScheduleResult;
  readonly runs: number;
}

/**
 * Looks for the simplest schedule with the same kind of failure (the text before the first colon): fewest choices
 * other than the default, then fewest steps, then lowest choices.
 * @param failing - A failing schedule.
 * @returns undefined if the choices of `failing` do not fail alike when they are made again.
 */
export function* shrink(
  failing: ScheduleResult,
  seed: number,
  maxRuns: number = MAX_SHRINK_RUNS,
): Search<Shrunk | undefined> {
  const shrinker = new Shrinker(failing, seed, maxRuns);
  if (!(yield* shrinker.fails(failing.choices))) return undefined;
  for (let before: readonly number[] | undefined; before !== shrinker.best; ) {
    before = shrinker.best;
    yield* shrinker.simplifySteps();
    yield* shrinker.simplifyChoices();
  }
  yield* shrinker.searchFewer();
  const strategy = replay(shrinker.best, seed);
  const result = yield { strategy, isTraced: true };
  return { result, runs: shrinker.runs };
}

class Shrinker {
  best: readonly number[];
  runs = 0;
  readonly #kind: string;
  readonly #seed: number;
  readonly #maxRuns: number;

  constructor(failing: ScheduleResult, seed: number, maxRuns: number) {
    this.#kind = kindOf(failing);
    this.#seed = seed;
    this.#maxRuns = maxRuns;
    this.best = failing.choices;
  }

  fails(choices: readonly number[]): Search<boolean> {
    return this.#failsBy(replay(choices, this.#seed));
  }

  *#failsBy(strategy: Strategy): Search<boolean> {
    this.runs += 1;
    const result = yield { strategy, isTraced: false };
    if (kindOf(result) !== this.#kind) return false;
    if (isSimpler(result.choices, this.best)) this.best = result.choices;
    return true;
  }

  /** Works on steps by their names: leaves out what it can, then joins what one process does. */
  *simplifySteps(): Search<void> {
    const noted = noting(replay(this.best, this.#seed));
    yield { strategy: noted, isTraced: false };
    yield* this.#joinBlocks(yield* this.#leaveOut(noted.taken));
  }

  /** Leaves steps out of the schedule, in ever smaller runs, as long as it fails alike. */
  *#leaveOut(steps: readonly string[]): Search<readonly string[]> {
    let wishes = steps;
    for (let size = wishes.length; size >= 1; size >>= 1) {
      for (let at = 0; at < wishes.length && this.runs < this.#maxRuns; ) {
        const fewer = [...wishes.slice(0, at), ...wishes.slice(at + size)];
        if (yield* this.#failsBy(following(fewer, this.#seed))) wishes = fewer;
        else at += size;
      }
    }
    return wishes;
  }

  *#joinBlocks(steps: readonly string[]): Search<void> {
    let wishes = steps;
    for (let at = 0; at < wishes.length && this.runs < this.#maxRuns; ) {
      const found = yield* this.#firstFailing(joined(wishes, at));
      if (found === undefined) at = blockEnd(wishes, at);
      else wishes = found;
    }
  }

  *#firstFailing(orders: readonly (readonly string[])[]): Search<readonly string[] | undefined> {
    for (const order of orders) {
      if (yield* this.#failsBy(following(order, this.#seed))) return order;
    }
    return undefined;
  }

  /** Sets runs of choices to the default, then lowers single ones. */
  *simplifyChoices(): Search<void> {
    for (let size = this.best.length; size >= 1; size >>= 1) yield* this.#zeroChunks(size);
    yield* this.#lowerEach();
  }

  *#zeroChunks(size: number): Search<void> {
    for (let at = 0; at < this.best.length && this.runs < this.#maxRuns; at += size) {
      const chunk = this.best.slice(at, at + size);
      if (chunk.every((choice) => choice === 0)) continue;
      const zeroed = this.best.map((choice, i) => (i >= at && i < at + size ? 0 : choice));
      yield* this.fails(zeroed);
    }
  }

  *#lowerEach(): Search<void> {
    for (let at = 0; at < this.best.length; at++) {
      for (let lower = 1; lower < (this.best[at] ?? 0) && this.runs < this.#maxRuns; lower++) {
        const changed = this.best.map((choice, i) => (i === at ? lower : choice));
        yield* this.fails(changed);
      }
    }
  }

  /** Step by step gets stuck in corners: tries everything with fewer deviations than the best has. */
  *searchFewer(): Search<void> {
    for (let budget = 0; budget < deviations(this.best); budget++) {
      const maxSchedules = Math.floor((this.#maxRuns - this.runs) / 2);
      if (maxSchedules < 1) return;
      const bounds = {
        price: deviationPrice,
        budget,
        maxSchedules,
        seed: this.#seed,
        name: "shrink",
      };
      yield* depthFirst(bounds, (result) => {
        this.runs += 1;
        if (kindOf(result) !== this.#kind) return false;
        if (isSimpler(result.choices, this.best)) this.best = result.choices;
        return true;
      });
    }
  }
}

/** Number of choices other than the default. */
function deviations(choices: readonly number[]): number {
  return choices.reduce((count, choice) => (choice === 0 ? count : count + 1), 0);
}

function isSimpler(a: readonly number[], b: readonly number[]): boolean {
  const sum = (choices: readonly number[]): number => choices.reduce((x, y) => x + y, 0);
  return (deviations(a) - deviations(b) || a.length - b.length || sum(a) - sum(b)) < 0;
}

function kindOf(result: ScheduleResult): string {
  return result.failure?.split(":", 1)[0] ?? "";
}
