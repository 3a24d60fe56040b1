import { runtimeError } from "../../core/errors.ts";
import { type Bounds, depthFirst, preemptionPrice } from "./depth-first.ts";
import type { Failure, Report } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { runSearch, type Search, type SearchOptions } from "./search.ts";
import { shrink } from "./shrink.ts";
import { pct, random, replay } from "./strategies.ts";
import type { ScheduleResult, Strategy } from "./strategy.ts";

/** Two of so many schedules are run twice more, with traces, to see whether they do the same again. */
const RERUN_EVERY = 100;

/** How to explore. */
export interface ExploreOptions extends SearchOptions {
  /** Schedules of a random exploration. Default 10,000; ignored when `exhaustive` is given. */
  readonly schedules?: number;
  /** First seed; each schedule takes the next one. Default 1. */
  readonly seed?: number;
  /** Runs every schedule with at most `preemptionBound` preemptions instead, up to `maxSchedules`. */
  readonly exhaustive?: { readonly preemptionBound: number; readonly maxSchedules: number };
  /** Whether the first failure ends the exploration. Default true. */
  readonly stopAtFirstFailure?: boolean;
  /** False: the first failure is reported as it was found, where it only counts that there is one. Default true. */
  readonly shrinks?: boolean;
}

/**
 * Runs many schedules of `scenario` and reports the first failure, shrunk. Without `exhaustive`: the natural order
 * first, then half random and half PCT of depth 2 and 3; two of a hundred schedules are run twice again, and a
 * difference between their traces is reported as `nondeterminism`.
 * @throws whatever `setup` or a `ready` throws. RuntimeError `USAGE` if `schedules` is not a positive integer.
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Report> {
  const explorer = new Explorer(scenario, options);
  await runSearch(scenario, explorer.search(), options);
  return explorer.report();
}

/**
 * Runs one schedule of `scenario` and gives its trace.
 * @throws whatever `setup` or a `ready` throws.
 */
export function runSchedule(
  scenario: Scenario,
  strategy: Strategy,
  options: SearchOptions = {},
): Promise<ScheduleResult> {
  function* once(): Search<ScheduleResult> {
    return yield { strategy, isTraced: true };
  }
  return runSearch(scenario, once(), options);
}

class Explorer {
  readonly #scenario: Scenario;
  readonly #options: ExploreOptions;
  readonly #seed: number;
  readonly #schedules: number;
  readonly #stopsAtFailure: boolean;
  readonly #marks: Map<string, number> = new Map();
  #run = 0;
  #steps = 0;
  #failures = 0;
  #first: { readonly result: ScheduleResult; readonly strategy: Strategy } | undefined;
  #failure: Failure | undefined;
  #complete = false;

  constructor(scenario: Scenario, options: ExploreOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#seed = options.seed ?? 1;
    this.#schedules = options.schedules ?? 10_000;
    this.#stopsAtFailure = options.stopAtFirstFailure ?? true;
    if (!Number.isSafeInteger(this.#schedules) || this.#schedules < 1) {
      throw runtimeError("USAGE", `schedules is ${this.#schedules} (at least 1)`);
    }
  }

  *search(): Search<void> {
    const { exhaustive } = this.#options;
    if (exhaustive === undefined) yield* this.#sample();
    else {
      const bounds: Bounds = {
        price: preemptionPrice,
        budget: exhaustive.preemptionBound,
        maxSchedules: exhaustive.maxSchedules,
        seed: this.#seed,
        name: "exhaustive",
      };
      this.#complete = yield* depthFirst(bounds, (result, strategy) =>
        this.#count(result, strategy),
      );
    }
    if (this.#first !== undefined) yield* this.#explain(this.#first);
  }

  report(): Report {
    return {
      scenario: this.#scenario.name,
      schedules: this.#run,
      steps: this.#steps,
      failures: this.#failures,
      failure: this.#failure,
      marks: Object.fromEntries([...this.#marks].sort(([a], [b]) => (a < b ? -1 : 1))),
      complete: this.#complete,
    };
  }

  *#sample(): Search<void> {
    let expectedSteps = 1;
    for (let i = 0; i < this.#schedules; i++) {
      const strategy = strategyOf(i, this.#seed + i, expectedSteps);
      const result = yield { strategy, isTraced: false };
      if (i === 0) expectedSteps = Math.max(1, result.choices.length);
      if (this.#count(result, strategy)) return;
      if (i % RERUN_EVERY < 2) {
        yield* this.#compare(strategy);
        if (this.#failure !== undefined) return;
      }
    }
  }

  /** @returns true to stop. */
  #count(result: ScheduleResult, strategy: Strategy): boolean {
    this.#run += 1;
    this.#steps += result.choices.length;
    for (const mark of result.marks) this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1);
    if (result.failure === undefined) return false;
    this.#failures += 1;
    this.#first ??= { result, strategy };
    return this.#stopsAtFailure;
  }

  *#compare(strategy: Strategy): Search<void> {
    const once = yield { strategy, isTraced: true };
    const again = yield { strategy, isTraced: true };
    const difference = firstDifference(once, again);
    if (difference === undefined) return;
    this.#failures += 1;
    this.#failure = unshrunk(`nondeterminism: ${difference}`, strategy, once);
  }

  *#explain(first: { result: ScheduleResult; strategy: Strategy }): Search<void> {
    if (this.#failure !== undefined) return;
    const { result, strategy } = first;
    const { seed } = strategy;
    const text = result.failure ?? "";
    if (this.#options.shrinks === false) {
      this.#failure = unshrunk(text, strategy, result);
      return;
    }
    const shrunk = yield* shrink(result, seed);
    if (shrunk === undefined || shrunk.result.failure === undefined) {
      const once = yield { strategy: replay(result.choices, seed), isTraced: true };
      const said = `nondeterminism: it failed with '${text}', and did not with the same choices again`;
      this.#failure = unshrunk(said, strategy, once);
      return;
    }
    this.#failure = {
      text,
      strategy: strategy.name,
      seed,
      choices: result.choices,
      shrunk: withoutTrailingZeros(shrunk.result.choices),
      shrunkText: shrunk.result.failure,
      trace: shrunk.result.trace,
    };
  }
}

/** The natural order, then random and PCT in turn. */
function strategyOf(i: number, seed: number, expectedSteps: number): Strategy {
  if (i === 0) return replay([], seed);
  return i % 2 === 1 ? random(seed) : pct(seed, i % 4 === 2 ? 2 : 3, expectedSteps);
}

function unshrunk(text: string, strategy: Strategy, result: ScheduleResult): Failure {
  const { choices, trace } = result;
  const { name, seed } = strategy;
  return { text, strategy: name, seed, choices, shrunk: choices, shrunkText: text, trace };
}

/** Where two runs of one schedule part, in words; undefined if they do not. */
function firstDifference(once: ScheduleResult, again: ScheduleResult): string | undefined {
  const lines = Math.max(once.trace.length, again.trace.length);
  for (let i = 0; i < lines; i++) {
    const [a, b] = [lineOf(once, i), lineOf(again, i)];
    if (a !== b) return `step ${i + 1} was '${a}' and then '${b}'`;
  }
  if (once.failure === again.failure) return undefined;
  return `it ended with '${once.failure ?? "success"}' and then with '${again.failure ?? "success"}'`;
}

function lineOf(result: ScheduleResult, i: number): string {
  const line = result.trace[i];
  return line === undefined ? "nothing" : `${line} (of ${result.widths[i]} options)`;
}

function withoutTrailingZeros(choices: readonly number[]): readonly number[] {
  return choices.slice(0, choices.findLastIndex((choice) => choice !== 0) + 1);
}
