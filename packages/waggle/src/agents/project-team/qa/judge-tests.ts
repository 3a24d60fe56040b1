import type { CommandLimits, SandboxCapabilities } from "../../../ports/sandbox.ts";
import { counted, type Finding, grouped, listed } from "../finding.ts";
import { endInWords, type TestRun } from "./run-tests.ts";
import type { TestCommand } from "./test-command.ts";
import type { TestFailure } from "./test-outcome.ts";
import type { TestReport, TestStatus } from "./test-report.ts";

type Ran = Extract<TestRun, { readonly type: "ran" }>;
type Known = Extract<TestCommand, { readonly type: "command" }>;

/** Failing tests that become findings of their own. */
const MAX_FINDINGS = 50;

const NOTHING_RAN: TestReport = {
  kind: "tests",
  status: "not-run",
  reason: "",
  remedy: null,
  command: null,
  source: null,
  format: null,
  unit: "tests",
  counts: null,
  failures: [],
  failuresLeftOut: 0,
  end: null,
  install: null,
  missing: [],
  sandbox: null,
  ranUnsandboxed: false,
  outputTail: "",
  durationMs: 0,
  findings: [],
  notDone: [],
};

/** The report for a project without tests. */
export function noTests(reason: string): TestReport {
  const finding = testFinding("medium", "the project has no tests", reason);
  return { ...NOTHING_RAN, status: "no-tests", reason, findings: [finding] };
}

/** The report for tests that were not run. Says so in `notDone` too, so that nobody takes silence for success. */
export function notRun(
  reason: string,
  remedy: string | null,
  known: Partial<
    Pick<TestReport, "command" | "source" | "missing" | "install" | "outputTail">
  > = {},
): TestReport {
  return {
    ...NOTHING_RAN,
    ...known,
    reason,
    remedy,
    findings: [
      testFinding(
        "medium",
        "the tests were not run",
        remedy === null ? reason : `${reason}; ${remedy}`,
      ),
    ],
    notDone: [`the tests were not run: ${reason}`],
  };
}

/** The report of tests that ran. */
export function judgeRun(
  run: Ran,
  command: Known,
  limits: CommandLimits,
  capabilities: Pick<SandboxCapabilities, "description" | "isolation">,
): TestReport {
  const status = statusOf(run);
  const failures = run.output?.failures ?? [];
  const reason = reasonOf(run, status, limits);
  return {
    ...NOTHING_RAN,
    status,
    reason,
    command: command.argv.join(" "),
    source: command.source,
    format: run.output?.format ?? null,
    unit: run.output?.unit ?? "tests",
    counts: run.output?.counts ?? null,
    failures,
    failuresLeftOut: run.failuresLeftOut,
    end: run.end,
    install: run.install,
    sandbox: capabilities.description,
    ranUnsandboxed: capabilities.isolation === "none",
    outputTail: run.outputTail,
    durationMs: run.durationMs,
    findings: [
      ...failures.slice(0, MAX_FINDINGS).map(failureFinding),
      ...wholeRunFinding(run, status, reason),
    ],
    notDone: [
      ...(run.isCut ? ["the output of the tests was too long; its middle was not read"] : []),
      ...(failures.length + run.failuresLeftOut > MAX_FINDINGS
        ? [
            `${failures.length + run.failuresLeftOut - MAX_FINDINGS} more failing tests have no finding of their own`,
          ]
        : []),
      ...(run.output === null && status !== "stopped"
        ? ["the output has no form that is known here: how many tests there are was not read"]
        : []),
    ],
  };
}

function statusOf(run: Ran): TestStatus {
  if (run.end.type === "limit" || run.end.type === "signaled") return "stopped";
  const failed = run.output?.counts.failed ?? 0;
  if (run.end.type !== "exited" || run.end.code !== 0 || failed > 0) return "failed";
  if (run.output === null) return "passed";
  const { passed, skipped, todo } = run.output.counts;
  return passed + skipped + todo === 0 ? "no-tests" : "passed";
}

function reasonOf(run: Ran, status: TestStatus, limits: CommandLimits): string {
  const ended = endInWords(run.end, limits);
  const counts = run.output === null ? null : countsInWords(run.output);
  if (status === "stopped" || run.end.type === "unstartable") {
    return `the tests ${ended}${counts === null ? "" : `; until then: ${counts}`}`;
  }
  if (counts === null) return `the tests ${ended}; only the exit code is known`;
  if (status === "no-tests") return "the test command ran and found no test";
  const failed = run.output?.counts.failed ?? 0;
  const code = run.end.type === "exited" ? run.end.code : 0;
  if (failed === 0 && code !== 0) {
    return `the tests ${ended}, although no test that was read failed (${counts})${hintsOf(run)}`;
  }
  if (failed > 0 && code === 0) return `${counts}, although the command ended with exit code 0`;
  return counts;
}

function hintsOf(run: Ran): string {
  return run.hints.length === 0 ? "" : `: ${run.hints.join("; ")}`;
}

function countsInWords(output: NonNullable<Ran["output"]>): string {
  const { passed, failed, skipped, todo } = output.counts;
  const parts = [
    `${grouped(failed)} failed`,
    `${grouped(passed)} passed`,
    ...(skipped > 0 ? [`${grouped(skipped)} skipped`] : []),
    ...(todo > 0 ? [`${grouped(todo)} to do`] : []),
  ];
  const total = passed + failed + skipped + todo;
  return `${counted(total, output.unit.slice(0, -1))}: ${parts.join(", ")}`;
}

/** What the failing tests alone don't say: a limit, a code without a failing test, or nothing that can be read. */
function wholeRunFinding(run: Ran, status: TestStatus, reason: string): readonly Finding[] {
  const hints = run.hints.join("\n");
  if (status === "no-tests")
    return [testFinding("medium", "the test command runs no test", reason)];
  if (status === "stopped")
    return [testFinding("high", "the tests did not come to an end", reason)];
  const failures = run.output?.failures.length ?? 0;
  if (status === "passed" || failures > 0) return [];
  const title =
    run.output === null
      ? "the test command failed"
      : "the test command failed outside of its tests";
  return [testFinding("high", title, hints === "" ? reason : `${reason}\n${hints}`)];
}

function failureFinding({ name, file, line, message }: TestFailure): Finding {
  return {
    severity: "high",
    category: "tests",
    title: `test fails: ${name}`,
    detail: message === "" ? "the output gives no message" : message,
    file,
    line,
    confidence: "high",
  };
}

function testFinding(severity: "high" | "medium", title: string, detail: string): Finding {
  return { severity, category: "tests", title, detail, file: null, line: null, confidence: "high" };
}

/** Reason and remedy for tests whose packages are not installed. */
export function missingPackages(missing: readonly string[]): {
  readonly reason: string;
  readonly remedy: string;
} {
  return {
    reason: `${counted(missing.length, "package")} the tests need ${missing.length === 1 ? "is" : "are"} not installed (${listed(missing, 8)})`,
    remedy: "run npm install in the folder, or allow the team to install in its own copy",
  };
}
