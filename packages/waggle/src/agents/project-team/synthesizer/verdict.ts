import { counted } from "../finding.ts";
import type { ReportFinding, Verdict } from "./project-report.ts";
import type { Results } from "./read-results.ts";

/** Categories in which a finding of high severity means: broken now. */
const BROKEN: ReadonlySet<string> = new Set(["tests", "syntax", "merge-conflict", "manifest"]);

/**
 * Judges the results. What is not known never counts as good: without tests that ran and passed, and with any task
 * that failed, a project is not called healthy.
 */
export function judge(results: Results): {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
} {
  const high = results.findings.filter((finding) => finding.severity === "high");
  const broken = high.filter((finding) => BROKEN.has(finding.category));
  const weighty = results.findings.filter((finding) => finding.severity === "medium");
  const others = [...high.filter((finding) => !BROKEN.has(finding.category)), ...weighty];
  const gaps = gapsIn(results);
  const tests = testReason(results);
  if (broken.length > 0) {
    return {
      verdict: "failing",
      reasons: [...tests, ...summaries(broken, "broken"), ...summaries(others, "weighty"), ...gaps],
    };
  }
  // That the tests were not run is a gap, not a fault of the project.
  const faults = others.filter((finding) => !isGap(finding));
  if (faults.length > 0) {
    return {
      verdict: "needs-attention",
      reasons: [...summaries(faults, "weighty"), ...tests, ...gaps],
    };
  }
  if (gaps.length > 0) {
    return {
      verdict: "unknown",
      reasons: [...gaps, ...tests, nothingFound(results)],
    };
  }
  return {
    verdict: "healthy",
    reasons: [...tests, nothingFound(results)],
  };
}

function nothingFound(results: Results): string {
  const kinds = ["inventory", "todos", "dependencies", "tests"] as const;
  // Tests that were not run were not looked at, and the finding that says so is no fault of the project.
  const looked = kinds.filter((kind) => {
    if (kind === "tests") return results.tests !== null && results.tests.status !== "not-run";
    return results[kind] !== null;
  });
  if (looked.length === 0) return "nothing was looked at";
  return `nothing of high or medium severity was found in what was looked at: ${looked.join(", ")}`;
}

function isGap(finding: ReportFinding): boolean {
  return finding.category === "tests" && finding.title === "the tests were not run";
}

function testReason({ tests }: Results): readonly string[] {
  if (tests === null || tests.status === "not-run") return [];
  const words = {
    passed: "the tests pass",
    failed: "the tests fail",
    stopped: "the tests did not come to an end",
    "no-tests": "there are no tests",
  }[tests.status];
  return [`${words} (${tests.reason})`];
}

/** What keeps from calling the project healthy although nothing is known to be wrong. */
function gapsIn({ tests, inventory, tasks }: Results): readonly string[] {
  const gaps: string[] = [];
  if (tests === null)
    gaps.push("whether the tests pass is not known: they were not part of what was done");
  else if (tests.status === "not-run") {
    const remedy = tests.remedy === null ? "" : `; to change that: ${tests.remedy}`;
    gaps.push(`whether the tests pass is not known: ${tests.reason}${remedy}`);
  }
  if (inventory !== null && inventory.fileCount === 0) gaps.push("the folder has no files");
  const lost = tasks.filter((task) => task.outcome !== "done").map((task) => task.id);
  if (lost.length > 0)
    gaps.push(`${counted(lost.length, "task")} brought no result: ${lost.join(", ")}`);
  return gaps;
}

/** One sentence per category, in the order of the findings. */
function summaries(findings: readonly ReportFinding[], word: string): readonly string[] {
  const categories = [...new Set(findings.map((finding) => finding.category))];
  return categories.flatMap((category) => {
    const some = findings.filter((finding) => finding.category === category && !isGap(finding));
    const [first] = some;
    if (first === undefined) return [];
    // The tests speak for themselves.
    if (category === "tests" && word === "broken") return [];
    const place =
      first.file === null ? "" : ` (${first.file}${first.line === null ? "" : `:${first.line}`})`;
    const more = some.length === 1 ? "" : `, and ${some.length - 1} more`;
    return [`${category}: ${first.title}${place}${more}`];
  });
}
