import type { GivenAnswer } from "../agents/person/answer-question.ts";
import type { QuestionKind } from "../agents/person/question-kinds.ts";
import { assertNever } from "../core/errors.ts";
import { usageProblems } from "./run-arguments.ts";

/**
 * What a user wrote as the answer to a question of that kind. Whether it fits the question is checked elsewhere.
 * @throws RuntimeError `USAGE` that says how to write it.
 */
export function readWords(
  kind: QuestionKind,
  words: string,
  reason: string | undefined,
): GivenAnswer {
  const because = reason === undefined ? {} : { reason };
  switch (kind) {
    case "approve":
      return { approved: readYes(words), ...because };
    case "choose":
      return { choice: words, ...because };
    case "edit":
      return { value: readJson(words), ...because };
    case "answer":
      return { text: words, ...refused(reason) };
    case "form":
      // What is no object of fields is refused with the question's own schema.
      return { fields: readJson(words), ...refused(reason) };
    default:
      return assertNever(kind);
  }
}

function readYes(words: string): boolean {
  if (words === "yes" || words === "no") return words === "yes";
  throw usageProblems([`'${words}' is not one of yes, no`]);
}

function readJson(words: string): never {
  try {
    return JSON.parse(words) as never;
  } catch (error) {
    throw usageProblems([`the answer is no JSON: ${(error as Error).message}`]);
  }
}

function refused(reason: string | undefined): object {
  if (reason === undefined) return {};
  throw usageProblems(["--reason: this kind of answer has none"]);
}
