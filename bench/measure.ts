/** One line of the benchmark. */
export interface BenchRow {
  readonly row: string;
  /** Median of `runs`. */
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly met: boolean;
  /** What the machine alone could do at most, measured in the same run. */
  readonly raw: { readonly what: string; readonly value: number };
  /** What an acknowledgement survives: loss of power, the end of the process, nothing. */
  readonly durability: "power" | "process" | "none";
  readonly runs: readonly number[];
}

/** The middle one of an odd number of figures. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Times `body` `runs` times after one warm-up. @returns operations per second, per run. */
export async function rates(
  operations: number,
  runs: number,
  body: () => Promise<void>,
): Promise<readonly number[]> {
  await body();
  const found: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await body();
    found.push(Math.round((operations / (performance.now() - start)) * 1_000));
  }
  return found;
}

/** Makes a row of what was measured. */
export function benchRow(
  parts: Pick<BenchRow, "row" | "unit" | "goal" | "raw" | "durability" | "runs">,
): BenchRow {
  const value = median(parts.runs);
  const raw = { what: parts.raw.what, value: Math.round(parts.raw.value) };
  return { ...parts, raw, value, met: value >= parts.goal };
}
