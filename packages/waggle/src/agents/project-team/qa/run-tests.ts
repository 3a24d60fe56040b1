import { assertNever, RuntimeError } from "../../../core/errors.ts";
import type {
  CommandEnd,
  CommandLimits,
  CommandResult,
  Sandbox,
  SandboxSession,
} from "../../../ports/sandbox.ts";
import { readTestOutput } from "./read-output.ts";
import { plainText, type ReadOutput } from "./test-outcome.ts";
import type { InstallReport } from "./test-report.ts";
import { wantsToWritePackages } from "./writes-packages.ts";

/** What running the test command in the sandbox brought. */
export type TestRun =
  | {
      readonly type: "ran";
      readonly install: InstallReport | null;
      readonly end: CommandEnd;
      readonly output: ReadOutput | null;
      readonly failuresLeftOut: number;
      /** Lines of the output that explain a failure outside of tests. */
      readonly hints: readonly string[];
      readonly outputTail: string;
      readonly isCut: boolean;
      readonly durationMs: number;
    }
  | { readonly type: "install-failed"; readonly install: InstallReport }
  | { readonly type: "not-opened"; readonly reason: string };

/** What {@link runTests} is told. */
export interface TestRunOptions {
  readonly argv: readonly [string, ...string[]];
  /** True: install the dependencies first, with network; the tests themselves never have one. */
  readonly install: boolean;
  readonly limits: CommandLimits;
  readonly signal: AbortSignal;
}

const MAX_FAILURES = 100;
const TAIL = 6_000;
const OUTPUT_BYTES = 4 * 1024 * 1024;

/** No colours, no questions, no news: output for a reader, not a terminal. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  CI: "true",
  NO_COLOR: "1",
  npm_config_update_notifier: "false",
  npm_config_audit: "false",
  npm_config_fund: "false",
  // npm's own back-off of up to a minute turns a network that is not there into minutes of silence.
  npm_config_fetch_retries: "2",
  npm_config_fetch_retry_mintimeout: "1000",
  npm_config_fetch_retry_maxtimeout: "5000",
};

const INSTALL: readonly [string, ...string[]] = [
  "npm",
  "install",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
];

/**
 * Copies `folder` into a sandbox, installs there if asked, and runs the tests in it. The copy is gone afterwards.
 * A command that hangs, crashes or eats memory is a result. Packages are shared read-only, since copying them takes
 * longer than most tests; one that fails because it writes to them runs again with a copy of them.
 * @throws RuntimeError `NOT_FOUND` when there is no such folder; the signal's reason when it aborts.
 */
export async function runTests(
  sandbox: Sandbox,
  folder: string,
  options: TestRunOptions,
): Promise<TestRun> {
  if (options.install) return (await runInCopy(sandbox, folder, true, options)).run;
  const { run, wantsPackages } = await runInCopy(sandbox, folder, false, options);
  if (!wantsPackages) return run;
  const again = await runInCopy(sandbox, folder, true, options);
  if (again.run.type !== "not-opened") return again.run;
  return { type: "not-opened", reason: `its tests write to node_modules, and ${again.run.reason}` };
}

async function runInCopy(
  sandbox: Sandbox,
  folder: string,
  writableModules: boolean,
  options: TestRunOptions,
): Promise<{ readonly run: TestRun; readonly wantsPackages: boolean }> {
  let session: SandboxSession;
  try {
    session = await sandbox.open(folder, { signal: options.signal, writableModules });
  } catch (error) {
    if (!RuntimeError.is(error, "VALUE_TOO_LARGE")) throw error;
    return { run: { type: "not-opened", reason: error.message }, wantsPackages: false };
  }
  await using open = session;
  const install = options.install ? await installIn(open, options) : null;
  if (install !== null && !install.isOk) {
    return { run: { type: "install-failed", install }, wantsPackages: false };
  }
  const result = await open.run(
    {
      argv: options.argv,
      env: ENVIRONMENT,
      limits: { ...options.limits, outputBytes: OUTPUT_BYTES },
    },
    { signal: options.signal },
  );
  const seen = await folderSeen(sandbox, open, folder, options.signal);
  return {
    run: readRun(withFolder(result, seen, folder), install, folder),
    wantsPackages:
      sandbox.capabilities.isolation !== "none" &&
      !isClean(result) &&
      wantsToWritePackages(`${result.stdout}\n${result.stderr}`),
  };
}

function isClean({ end }: CommandResult): boolean {
  return end.type === "exited" && end.code === 0;
}

/** Where the commands believe they run: without isolation that is the copy itself, which has another path. */
async function folderSeen(
  sandbox: Sandbox,
  session: SandboxSession,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  if (sandbox.capabilities.isolation !== "none") return folder;
  const { stdout } = await session.run({ argv: ["pwd", "-P"] }, { signal });
  const path = stdout.trim();
  return path.startsWith("/") ? path : folder;
}

/** The path of the copy is chance and means nothing to a reader. */
function withFolder(result: CommandResult, seen: string, folder: string): CommandResult {
  if (seen === folder) return result;
  return {
    ...result,
    stdout: result.stdout.replaceAll(seen, folder),
    stderr: result.stderr.replaceAll(seen, folder),
  };
}

async function installIn(
  session: SandboxSession,
  { limits, signal }: TestRunOptions,
): Promise<InstallReport> {
  const result = await session.run(
    { argv: INSTALL, env: ENVIRONMENT, network: true, limits },
    { signal },
  );
  const isOk = result.end.type === "exited" && result.end.code === 0;
  return {
    command: INSTALL.join(" "),
    isOk,
    end: result.end,
    outputTail: isOk ? "" : tailOf(`${result.stdout}\n${result.stderr}`, 2_000),
    durationMs: Math.round(result.wallMs),
  };
}

function readRun(result: CommandResult, install: InstallReport | null, folder: string): TestRun {
  const text = `${result.stdout}\n${result.stderr}`;
  const output = readTestOutput(text, folder);
  const failures = output?.failures ?? [];
  return {
    type: "ran",
    install,
    end: result.end,
    output: output === null ? null : { ...output, failures: failures.slice(0, MAX_FAILURES) },
    failuresLeftOut: Math.max(0, failures.length - MAX_FAILURES),
    hints: isClean(result) ? [] : hintsIn(plainText(text)),
    outputTail: isExplained(result.end, output) ? "" : tailOf(text, TAIL),
    isCut: result.outputTruncated,
    durationMs: Math.round(result.wallMs),
  };
}

/** True when what was read tells all: raw output would only add durations, and no two runs would be equal. */
function isExplained(end: CommandEnd, output: ReadOutput | null): boolean {
  if (end.type !== "exited" || output === null) return false;
  return (end.code === 0) === (output.failures.length === 0);
}

const HINTS: readonly RegExp[] = [
  /^ERROR: Coverage for .*$/gm,
  /^.*\bcommand not found$/gm,
  /^.*: not found$/gm,
  /^.*\bMissing script: .*$/gm,
  /^.*\bERR_MODULE_NOT_FOUND\b.*$/gm,
  /^.*\bCannot find (?:module|package) .*$/gm,
  /^✖ \d+ problems? \(.*$/gm,
  /^.*\bJavaScript heap out of memory.*$/gm,
  /^.*\bEAI_AGAIN\b.*$/gm,
];

function hintsIn(text: string): readonly string[] {
  const found = HINTS.flatMap((pattern) => text.match(pattern) ?? []);
  return [...new Set(found.map((line) => line.trim().slice(0, 300)))].slice(0, 6);
}

function tailOf(text: string, limit: number): string {
  const plain = plainText(text).trim();
  if (plain.length <= limit) return plain;
  const tail = plain.slice(-limit);
  return tail.slice(tail.indexOf("\n") + 1);
}

/** How a command ended, in words that finish the sentence "the tests ...". */
export function endInWords(end: CommandEnd, limits: CommandLimits): string {
  switch (end.type) {
    case "exited":
      return `ended with exit code ${end.code}`;
    case "signaled":
      return `were ended by signal ${end.signal}`;
    case "unstartable":
      return `could not be started: ${end.reason}`;
    case "limit":
      return limitInWords(end.limit, limits);
    default:
      return assertNever(end);
  }
}

function limitInWords(
  limit: "wall" | "cpu" | "memory" | "processes",
  limits: CommandLimits,
): string {
  switch (limit) {
    case "wall":
      return `did not end within ${amount(limits.wallMs, 1000)} seconds and were stopped`;
    case "cpu":
      return `used more than ${amount(limits.cpuSeconds, 1)} seconds of processor time and were stopped`;
    case "memory":
      return `used more than ${amount(limits.memoryBytes, 1024 * 1024)} MiB of memory and were stopped`;
    case "processes":
      return `started more than ${amount(limits.processes, 1)} processes and threads and were stopped`;
    default:
      return assertNever(limit);
  }
}

function amount(limit: number | undefined, divisor: number): string {
  return limit === undefined ? "the allowed" : (limit / divisor).toLocaleString("en-US");
}
