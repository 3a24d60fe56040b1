// The command `waggle`. Importing this file runs it with the arguments of the process, and sets its exit code.
import { readFileSync } from "node:fs";
import { RuntimeError } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { listenForInterruption } from "./interruption.ts";
import { printable } from "./printable.ts";
import { runProgram } from "./program.ts";

/** Longer than any timer may be is not allowed; a day is enough to keep a process awake. */
const DAY_MS = 86_400_000;

/** Refusals: the command was right, and came too late or from the wrong one. */
const REFUSED: ReadonlySet<string> = new Set([
  "ALREADY_ANSWERED",
  "TOO_LATE",
  "NOT_PERMITTED",
  "WRONG_DIGEST",
]);

process.exitCode = await main();

async function main(): Promise<number> {
  // Waiting for a child process, a lock or another process's work must not end this one.
  const awake = setInterval(() => {}, DAY_MS);
  using interruption = listenForInterruption();
  const { stdout, stderr, env } = process;
  try {
    const cwd = process.cwd();
    const version = readVersion();
    const context = { cwd, version, stdout, stderr, env, interruption };
    const code = await runProgram(process.argv.slice(2), context);
    return interruption.exitCode ?? code;
  } catch (error) {
    stderr.write(problemText(error));
    return exitCodeOf(error);
  } finally {
    clearInterval(awake);
  }
}

function exitCodeOf(error: unknown): number {
  if (!RuntimeError.is(error)) return EXIT.runFailed;
  if (error.code === "USAGE") return EXIT.usage;
  return REFUSED.has(error.code) ? EXIT.refused : EXIT.runFailed;
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

function problemText(error: unknown): string {
  if (!RuntimeError.is(error)) {
    // A bug, or a machine that fails: whoever looks into it needs the place.
    return `waggle: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  }
  const problems = error.details?.["problems"];
  const lines = Array.isArray(problems) ? problems.map(String) : [error.message];
  const [first = ""] = lines;
  if (lines.length === 1) return `waggle: ${printable(first)}\n`;
  return `waggle: ${lines.length} problems:\n${lines.map((line) => `  - ${printable(line)}\n`).join("")}`;
}
