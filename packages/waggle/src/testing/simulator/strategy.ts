import type { Offer } from "./menu.ts";

/** Picks one of the options: an index below `options.length`. Anything else counts as the last one. */
export type Choose = (options: Offer) => number;

/** A way to choose a schedule. */
export interface Strategy {
  /** For reports, such as `random` or `pct depth 2`. */
  readonly name: string;
  /** Seeds the {@link Process.random} of the schedule, and the strategy's own chance if it has any. */
  readonly seed: number;
  /** Starts one schedule; two starts choose alike when they are offered alike. */
  begin(): Choose;
}

/** What one schedule came to. */
export interface ScheduleResult {
  /** What went wrong, in one line; undefined if nothing did. */
  readonly failure: string | undefined;
  /** The index taken at each choice. With the seed it is the whole schedule. */
  readonly choices: readonly number[];
  /** One line per choice; empty unless asked for. */
  readonly trace: readonly string[];
  /** Number of options at each choice; empty unless the trace was asked for. */
  readonly widths: readonly number[];
  /** Names marked in this schedule. */
  readonly marks: ReadonlySet<string>;
  /** Virtual ms from start to end. */
  readonly elapsedMs: number;
}
