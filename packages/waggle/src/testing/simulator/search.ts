import {
  catchingStrays,
  type DrainMode,
  drain,
  drainModeHere,
  inMacrotask,
  inMacrotasks,
  type Stray,
} from "./drain.ts";
import { messageOf } from "./effect-pool.ts";
import type { Scenario } from "./scenario.ts";
import { ScheduleRun } from "./schedule-run.ts";
import type { ScheduleResult, Strategy } from "./strategy.ts";

/** Choices after which the search lets the event loop breathe. */
const STEPS_PER_BATCH = 50_000;

/** A schedule that a search wants to see. */
interface Attempt {
  readonly strategy: Strategy;
  /** Whether the result needs its trace. */
  readonly isTraced: boolean;
}

/**
 * A way through many schedules: yields an attempt, gets its result, returns what it found. Being a generator, it
 * does not know whether draining is a call or a wait, and is written once for both.
 */
export type Search<R> = Generator<Attempt, R, ScheduleResult>;

/** Settings of {@link runSearch}. */
export interface SearchOptions {
  /** How to drain. Default: `sync` where it works. */
  readonly drainMode?: DrainMode;
}

/** Runs `search` on `scenario` to its end. */
export async function runSearch<R>(
  scenario: Scenario,
  search: Search<R>,
  options: SearchOptions = {},
): Promise<R> {
  const mode = options.drainMode ?? (await inMacrotask(() => drainModeHere()));
  let step = await inMacrotask(() => search.next());
  while (!step.done) {
    const { value } = step;
    step =
      mode === "sync"
        ? await inMacrotask(() => runBatch(scenario, search, value))
        : search.next(await runSlowly(scenario, value));
  }
  return step.value;
}

/** Runs attempts one after the other within this macrotask, until the search ends or the batch is full. */
function runBatch<R>(
  scenario: Scenario,
  search: Search<R>,
  first: Attempt,
): IteratorResult<Attempt, R> {
  let run: ScheduleRun;
  const onStray = (kind: Stray, thrown: unknown): void => run.fail(`${kind}: ${messageOf(thrown)}`);
  return catchingStrays(onStray, () => {
    let attempt = first;
    for (let steps = 0; ; ) {
      run = new ScheduleRun(scenario, attempt.strategy, attempt.isTraced);
      run.start();
      do drain();
      while (run.advance());
      const result = run.result();
      steps += result.choices.length + 1;
      const next = search.next(result);
      if (next.done || steps >= STEPS_PER_BATCH) return next;
      attempt = next.value;
    }
  });
}

/** Runs one attempt, coming back in a macrotask of its own for each choice. */
async function runSlowly(scenario: Scenario, attempt: Attempt): Promise<ScheduleResult> {
  const run = new ScheduleRun(scenario, attempt.strategy, attempt.isTraced);
  let isStarted = false;
  await inMacrotasks(() => {
    if (isStarted) return run.advance();
    isStarted = true;
    run.start();
    return true;
  });
  return run.result();
}
