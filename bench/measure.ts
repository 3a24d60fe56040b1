import type { PeerFigure } from "./peers/peer-figure.ts";

/** What an acknowledgement survives: loss of power (fsync before it), the end of the process, nothing. */
export type Durability = "power" | "process" | "none";

/** What the machine alone could do at most, measured in the same run. */
interface RawLimit {
  readonly what: string;
  /** In the unit of its row. */
  readonly value: number;
}

/** One line of the benchmark. */
export interface BenchRow {
  readonly row: string;
  /** Median of `runs`. */
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  /** Whether more or less of `unit` is better. */
  readonly better: "more" | "less";
  readonly met: boolean;
  readonly raw: RawLimit;
  readonly durability: Durability;
  readonly runs: readonly number[];
  /** What else was seen, and what has to be known to read the figure. */
  readonly note?: string;
  /** Figures of others for the same work; only when they were asked for. */
  readonly peers?: readonly PeerFigure[];
}

/** A row that could not be measured. */
export interface FailedRow {
  readonly row: string;
  readonly failed: string;
}

/** One experiment: it gives one row, or several that are seen in the same runs. */
export interface Experiment {
  readonly rows: readonly string[];
  /** @param folder - Where files may be made; the caller removes it. */
  measure(folder: string): Promise<readonly BenchRow[]>;
}

/** Timed runs of everything here. */
export const RUNS = 3;

/** The middle one of an odd number of figures. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Measures a {@link RawLimit}. */
export interface RawMeasure {
  readonly what: string;
  measure(): number | Promise<number>;
}

/** What {@link timeBeside} found. */
interface Timed {
  /** Of each run. */
  readonly ms: readonly number[];
  readonly raw: RawLimit;
}

/** Times `body` {@link RUNS} times after one warm-up, and measures `raw` before each: other load then falls on both. */
export async function timeBeside(raw: RawMeasure, body: () => Promise<void>): Promise<Timed> {
  await body();
  const ms: number[] = [];
  const limits: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    limits.push(await raw.measure());
    const start = performance.now();
    await body();
    ms.push(performance.now() - start);
  }
  return { ms, raw: { what: raw.what, value: median(limits) } };
}

/** `operations` in so many ms, as operations a second. */
export function perSecond(operations: number, ms: number): number {
  return (operations / ms) * 1_000;
}

/** Makes a row of what was measured. `better` is `more` if it is left out. Figures are cut to four digits, from 10,000 on to whole numbers. */
export function benchRow(
  parts: Omit<BenchRow, "value" | "met" | "better" | "peers"> & Partial<Pick<BenchRow, "better">>,
): BenchRow {
  const { better = "more", goal } = parts;
  const runs = parts.runs.map(roundFigure);
  const raw = { what: parts.raw.what, value: roundFigure(parts.raw.value) };
  const value = median(runs);
  // A figure that is no number has met nothing: both comparisons are false for it.
  const met = better === "more" ? value >= goal : value <= goal;
  return { ...parts, better, runs, raw, value, met };
}

/** Four digits, or all of those before the point. */
export function roundFigure(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}
