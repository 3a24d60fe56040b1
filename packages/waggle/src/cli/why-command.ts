import { explainRun } from "../telemetry/why.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { openExistingLedger } from "./ledger.ts";
import { usageProblems } from "./run-arguments.ts";
import { whyText } from "./why-text.ts";

/** The options of `waggle why`. */
export interface WhyOptions {
  readonly json?: true;
}

/**
 * `waggle why`: tells what an unfinished run waits for; changes nothing.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` for an unknown run, `STORE_UNAVAILABLE`.
 */
export async function whyCommand(
  text: string,
  options: WhyOptions,
  { cwd, stdout }: CommandContext,
): Promise<number> {
  await using store = await openExistingLedger(cwd);
  const run = await findRun(store, text);
  if (store === undefined) throw usageProblems([`run '${run}' cannot be read`]);
  const now = Date.now();
  const explanation = await explainRun(store, run, now);
  stdout.write(`${options.json ? JSON.stringify(explanation) : whyText(explanation, now)}\n`);
  return EXIT.done;
}
