import { nodeClock } from "../adapters/node/index.ts";
import { openQuestions } from "../agents/person/open-questions.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { inboxText } from "./inbox-text.ts";
import { ledgerFile, openExistingLedger } from "./ledger.ts";

/** The options of `waggle inbox` as they were written. */
export interface InboxOptions {
  readonly person?: string;
  readonly run?: string;
  readonly json?: true;
}

/**
 * `waggle inbox`: lists the questions that wait for people; changes nothing.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` for an unknown run; `LIMIT_REACHED`, `STORE_UNAVAILABLE`.
 */
export async function inboxCommand(
  options: InboxOptions,
  context: CommandContext,
): Promise<number> {
  const { cwd, stdout } = context;
  await using store = await openExistingLedger(cwd);
  const clock = nodeClock();
  const query = {
    ...(options.person === undefined ? {} : { person: options.person }),
    ...(options.run === undefined ? {} : { run: await findRun(store, options.run) }),
  };
  const questions = store === undefined ? [] : await openQuestions({ store, clock }, query);
  if (options.json) stdout.write(`${JSON.stringify(questions)}\n`);
  else if (questions.length > 0) stdout.write(`${inboxText(questions, clock.now())}\n`);
  else stdout.write(`no question is open (the ledger is ${ledgerFile(cwd)})\n`);
  return EXIT.done;
}
