import { SEVERITIES, type Severity } from "../agents/project-team/finding.ts";
import type { ProjectReport } from "../agents/project-team/synthesizer/project-report.ts";
import { counted } from "./printable.ts";

/** Verdicts that `--fail-on` takes, each with the verdicts that match it. */
const VERDICTS: Readonly<Record<string, readonly string[]>> = {
  failing: ["failing"],
  "needs-attention": ["needs-attention", "failing"],
  unknown: ["unknown"],
};

/** All that `--fail-on` takes. */
export const FAIL_ON_WORDS: readonly string[] = [...SEVERITIES, ...Object.keys(VERDICTS)];

/** Splits the values of `--fail-on`: each may hold several words with commas between. Empty parts are kept. */
export function splitFailOn(values: readonly string[]): readonly string[] {
  return [...new Set(values.flatMap((value) => value.split(",").map((word) => word.trim())))];
}

/**
 * What of `report` matches `words`, in sentences; empty if nothing does. A severity matches findings of it and
 * of worse ones, a verdict itself and worse ones.
 */
export function failOnMatches(
  report: Pick<ProjectReport, "verdict" | "findings">,
  words: readonly string[],
): readonly string[] {
  return words.flatMap((word) => {
    if (VERDICTS[word]?.includes(report.verdict))
      return [`${word}: the verdict is ${report.verdict}`];
    const bound = SEVERITIES.indexOf(word as Severity);
    const found = report.findings.filter(({ severity }) => SEVERITIES.indexOf(severity) <= bound);
    const worse = bound > 0 ? " or worse" : "";
    return found.length === 0
      ? []
      : [`${word}: ${counted(found.length, "finding")} of severity ${word}${worse}`];
  });
}
