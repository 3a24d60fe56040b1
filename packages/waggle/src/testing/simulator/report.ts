/** What {@link explore} found out about a scenario. */
export interface Report {
  readonly scenario: string;
  /** Schedules that were run, without those for shrinking and comparing. */
  readonly schedules: number;
  /** Choices made in them. */
  readonly steps: number;
  /** Schedules that failed. */
  readonly failures: number;
  /** The first failure; undefined if there was none. */
  readonly failure: Failure | undefined;
  /** In how many schedules each mark was reached. */
  readonly marks: Readonly<Record<string, number>>;
  /** True if the search was exhaustive and ran every schedule within its bounds. */
  readonly complete: boolean;
}

/** A failure, and how to see it again. */
export interface Failure {
  /** What went wrong, in one line. */
  readonly text: string;
  /** Name of the strategy that found it. */
  readonly strategy: string;
  /** Seed of its schedule. */
  readonly seed: number;
  /** The schedule as it was found. */
  readonly choices: readonly number[];
  /** The simplest schedule with the same kind of failure, without its trailing defaults. */
  readonly shrunk: readonly number[];
  /** What happens in the shrunk schedule, one line per choice. */
  readonly trace: readonly string[];
  /** What the shrunk schedule fails with. */
  readonly shrunkText: string;
}

/** A report as plain text, several lines without a trailing newline. */
export function formatReport(report: Report): string {
  const { scenario, schedules, steps, failure, failures } = report;
  const verdict = failure === undefined ? "passed" : `failed in ${failures}`;
  const every = report.complete ? " (every one within the bounds)" : "";
  const lines = [`${scenario}: ${verdict} of ${schedules} schedules${every}, ${steps} steps`];
  if (failure !== undefined) lines.push(...failureLines(failure));
  for (const [mark, count] of Object.entries(report.marks)) {
    lines.push(`  reached ${mark}: in ${count} of ${schedules} schedules`);
  }
  return lines.join("\n");
}

function failureLines(failure: Failure): string[] {
  const { text, shrunkText, strategy, seed, shrunk, trace } = failure;
  const lines = [`  ${text}`];
  if (shrunkText !== text) lines.push(`  shrunk: ${shrunkText}`);
  lines.push(`  found by ${strategy}, seed ${seed}`);
  lines.push(`  run it again: runSchedule(scenario, replay([${shrunk.join(", ")}], ${seed}))`);
  if (trace.length > 0) lines.push("  virtual ms, process: effect = result");
  for (const [step, line] of trace.entries()) {
    lines.push(`  ${String(step + 1).padStart(4)}  ${line}`);
  }
  return lines;
}
