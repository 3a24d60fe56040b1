import { type DeadLetter, deadLetters } from "../runtime/dead-letters.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { ledgerFile, openExistingLedger } from "./ledger.ts";
import { oneLine } from "./printable.ts";
import { usageProblems } from "./run-arguments.ts";
import { timeText } from "./time-text.ts";

/** The options of `waggle dead` as they were written. */
export interface DeadOptions {
  readonly json?: true;
  readonly limit: string;
}

/** Most dead letters that are listed. */
const MAX_LIMIT = 1_000;

/**
 * `waggle dead`: lists messages that nobody handled, with the reason, oldest first; changes nothing.
 * @returns the exit code.
 * @throws RuntimeError `USAGE`, `STORE_UNAVAILABLE`.
 */
export async function deadCommand(
  options: DeadOptions,
  { cwd, stdout }: CommandContext,
): Promise<number> {
  const limit = parseLimit(options.limit);
  await using store = await openExistingLedger(cwd);
  const letters = store === undefined ? [] : await deadLetters(store, limit);
  if (options.json) stdout.write(`${JSON.stringify(letters)}\n`);
  else if (letters.length === 0) {
    stdout.write(`no dead letters (the ledger is ${ledgerFile(cwd)})\n`);
  } else stdout.write(`${letters.map(letterText).join("\n\n")}\n`);
  return EXIT.done;
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw usageProblems([`--limit: '${text}' is no whole number from 1 to ${MAX_LIMIT}`]);
}

function letterText({ task, run, agent, operation, input, reason, at }: DeadLetter): string {
  return [
    `${task}  ${agent}.${operation}`,
    `  ${reason.code}: ${oneLine(reason.message, 300)}`,
    `  at ${timeText(at)}, run ${run}, input ${oneLine(JSON.stringify(input), 300)}`,
  ].join("\n");
}
