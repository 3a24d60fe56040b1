import type { CommandEnd } from "../../../ports/sandbox.ts";
import type { Finding } from "../finding.ts";
import type { CountUnit, TestCounts, TestFailure } from "./test-outcome.ts";

/**
 * How the tests stand. `passed`: the command succeeded and no test failed. `stopped`: a limit or a signal ended it.
 * `not-run`: nobody knows whether they pass. `no-tests`: there is nothing to run, or the command ran none.
 */
export type TestStatus = "passed" | "failed" | "stopped" | "not-run" | "no-tests";

/** What became of installing the dependencies. */
export interface InstallReport {
  readonly command: string;
  readonly isOk: boolean;
  readonly end: CommandEnd;
  /** The last lines of its output when it failed, otherwise empty. */
  readonly outputTail: string;
  readonly durationMs: number;
}

/** What QA found out. */
export interface TestReport {
  readonly kind: "tests";
  readonly status: TestStatus;
  /** One sentence that says why the status is what it is. */
  readonly reason: string;
  /** One sentence that a user can act on, or null. */
  readonly remedy: string | null;
  /** The command that was run or would be run, or null. */
  readonly command: string | null;
  /** The script behind the command, or how it was found. */
  readonly source: string | null;
  /** Whose output was read, such as `node:test (spec)`; null: only the exit code is known, or nothing ran. */
  readonly format: string | null;
  readonly unit: CountUnit;
  readonly counts: TestCounts | null;
  /** By file, line and name; at most 100. */
  readonly failures: readonly TestFailure[];
  readonly failuresLeftOut: number;
  /** null: nothing ran. */
  readonly end: CommandEnd | null;
  readonly install: InstallReport | null;
  /** Declared packages that the tests need and that are not installed, sorted. */
  readonly missing: readonly string[];
  /** What the sandbox enforced, in words; null: nothing ran. */
  readonly sandbox: string | null;
  /** True if the tests ran without isolation, as the caller allowed. */
  readonly ranUnsandboxed: boolean;
  /** The end of the command's output, at most 6,000 UTF-16 units; empty when everything passed. */
  readonly outputTail: string;
  readonly durationMs: number;
  readonly findings: readonly Finding[];
  /** What was left out and why, in sentences. */
  readonly notDone: readonly string[];
}
