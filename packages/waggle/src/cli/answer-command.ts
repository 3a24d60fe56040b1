import { userInfo } from "node:os";
import { nodeClock } from "../adapters/node/index.ts";
import { type AcceptedAnswer, answerQuestion } from "../agents/person/answer-question.ts";
import { questionDigest } from "../agents/person/posed-question.ts";
import { type QuestionRecord, readQuestion } from "../agents/person/question-record.ts";
import { RuntimeError, runtimeError } from "../core/errors.ts";
import type { TaskId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { findQuestion } from "./find-question.ts";
import { openExistingLedger } from "./ledger.ts";
import { hostNames, servingHosts } from "./outside-control.ts";
import { oneLine } from "./printable.ts";
import { readWords } from "./read-words.ts";
import { usageProblems } from "./run-arguments.ts";

/** The options of `waggle answer` as they were written. */
export interface AnswerCommandOptions {
  readonly by?: string;
  readonly reason?: string;
  readonly digest?: string;
  readonly json?: true;
}

/** Codes that mean: write the command in another way. */
const WRITTEN_WRONG: ReadonlySet<string> = new Set(["SCHEMA", "VALUE_TOO_LARGE", "NOT_FOUND"]);

/**
 * `waggle answer`: answers a question.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` (unknown question, wrong form); `ALREADY_ANSWERED`, `TOO_LATE`, `NOT_PERMITTED`,
 * `WRONG_DIGEST`; `STORE_UNAVAILABLE`. The answer does not count then.
 */
export async function answerCommand(
  text: string,
  words: string,
  options: AnswerCommandOptions,
  context: CommandContext,
): Promise<number> {
  const { cwd, stdout } = context;
  const by = options.by ?? userName();
  await using store = await openExistingLedger(cwd, "power");
  const task = await findQuestion(store, text);
  const record = await recordOf(store, task);
  if (store === undefined || record === undefined) {
    throw usageProblems([`task ${task} is no question to a person`]);
  }
  const { posed } = record;
  const digest = options.digest ?? questionDigest(posed);
  try {
    const given = readWords(posed.kind, words, options.reason);
    const ledger = { store, clock: nodeClock() };
    const accepted = await answerQuestion(ledger, task, given, { by, digest });
    if (options.json) stdout.write(`${JSON.stringify(accepted)}\n`);
    else stdout.write(`${await acceptedText(store, accepted)}\n`);
    return EXIT.done;
  } catch (error) {
    if (RuntimeError.is(error) && WRITTEN_WRONG.has(error.code)) {
      throw usageProblems([error.message]);
    }
    throw error;
  }
}

async function recordOf(
  store: Store | undefined,
  task: TaskId,
): Promise<QuestionRecord | undefined> {
  const loaded = await store?.load(task);
  return store === undefined || loaded === undefined ? undefined : readQuestion(store, loaded);
}

/** Who sits at this machine. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    throw runtimeError("USAGE", "--by: your user has no name here, say who answers", {
      cause: error,
    });
  }
}

async function acceptedText(store: Store, accepted: AcceptedAnswer): Promise<string> {
  const { task, run, person, kind, by } = accepted;
  const hosts = await servingHosts(store, accepted.run);
  const next =
    hosts.length > 0
      ? `${hostNames(hosts)} goes on with it`
      : "no living process serves the run: it is used as soon as one does";
  const who = oneLine(by, 200);
  return `answered: ${person}.${kind} (${task.slice(0, 8)}) of run ${run}, by ${who}; ${next}`;
}
