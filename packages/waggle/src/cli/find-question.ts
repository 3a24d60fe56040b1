import { nodeClock } from "../adapters/node/index.ts";
import { openQuestions } from "../agents/person/open-questions.ts";
import { isQuestionKind } from "../agents/person/question-record.ts";
import { parseTaskId, type TaskId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import { shortIds } from "./inbox-text.ts";
import { usageProblems } from "./run-arguments.ts";

/** Runs among whose tasks a question that is not open any more is looked for, newest first. */
const MAX_RUNS = 1_000;

/** Tasks of each of them. */
const MAX_TASKS = 10_000;

/** Ids that an error names. */
const MAX_NAMED = 5;

/**
 * Finds the question a user means by its id or the first 8 digits of it or more: among the open ones, then among
 * those that were.
 * @throws RuntimeError `USAGE` that names what is open.
 */
export async function findQuestion(store: Store | undefined, text: string): Promise<TaskId> {
  if (!/^[0-9a-f]{8,32}$/.test(text)) {
    throw usageProblems([`'${text}' is no id of a question: 8 to 32 hex digits (waggle inbox)`]);
  }
  if (text.length === 32) return parseTaskId(text);
  const open = store === undefined ? [] : await openQuestions({ store, clock: nodeClock() });
  const ids = open.map(({ task }) => task);
  const found = only(ids, text) ?? (await earlier(store, text));
  if (found !== undefined) return found;
  const names = [...shortIds(ids).values()].slice(0, MAX_NAMED);
  const there = names.length === 0 ? "no question is open" : `open are ${names.join(", ")}`;
  throw usageProblems([`there is no question '${text}'; ${there}`]);
}

async function earlier(store: Store | undefined, text: string): Promise<TaskId | undefined> {
  for (const { run } of (await store?.runs({ limit: MAX_RUNS })) ?? []) {
    const tasks = (await store?.find({ run, limit: MAX_TASKS })) ?? [];
    const ids = tasks.filter(({ operation }) => isQuestionKind(operation)).map(({ id }) => id);
    const found = only(ids, text);
    if (found !== undefined) return found;
  }
  return undefined;
}

function only(ids: readonly TaskId[], text: string): TaskId | undefined {
  const fitting = ids.filter((id) => id.startsWith(text));
  if (fitting.length <= 1) return fitting[0];
  const named = fitting.slice(0, MAX_NAMED).join(", ");
  throw usageProblems([`${fitting.length} questions begin with '${text}': ${named}`]);
}
