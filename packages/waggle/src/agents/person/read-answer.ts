import { z } from "zod";
import { assertNever, runtimeError } from "../../core/errors.ts";
import { parseWith } from "../../core/schema.ts";
import type { Json } from "../messages/message-types.ts";
import {
  type PosedQuestion,
  questionDigest,
  subjectDigest,
  type Wanted,
  wantedBy,
} from "./posed-question.ts";
import { type FormField, GIVEN } from "./question-kinds.ts";

// What an answer has to be. The same check stands at the door, where an answer is refused before it is let in, and in
// the person's handler, for what came by another way.

/** An answer on its way to the task that waits for it: the value of the signal. */
export interface AnswerMail {
  /** Of the question as it was shown to whoever answers. */
  readonly digest: string;
  readonly by: string;
  /** Wall-clock ms. */
  readonly at: number;
  /** What was said, in the form of its kind. */
  readonly given: Json;
}

const mailSchema: z.ZodType<AnswerMail> = z.strictObject({
  digest: z.string(),
  by: z.string(),
  at: z.number(),
  given: z.json() as z.ZodType<Json, Json>,
});

/** An answer as the asker gets it. */
export type CheckedAnswer = Readonly<Record<string, Json>> & {
  readonly by: string;
  readonly at: number;
  readonly digest: string;
};

/**
 * Reads an answer to `posed`.
 * @returns the answer as the asker gets it.
 * @throws RuntimeError `SCHEMA` (wrong form), `WRONG_DIGEST`, `USAGE` (from nobody), `NOT_PERMITTED`.
 */
export function readAnswer(posed: PosedQuestion, value: unknown): CheckedAnswer {
  const { digest, by, at, given } = parseWith(mailSchema, value, "an answer");
  const asked = questionDigest(posed);
  if (digest !== asked) throw wrongDigest(posed, digest, asked);
  checkName(by);
  const { terms, person } = posed;
  const everybody = [terms.members, ...terms.escalations.map(({ members }) => members)];
  if (!everybody.some((members) => isAmong(members, by))) throw notPermitted(person, by);
  const answered = givenTo(posed, given);
  const extra: Record<string, Json> =
    posed.kind === "approve" ? { subject: subjectDigest(posed.request.about) } : {};
  return { ...answered, ...extra, by, at, digest };
}

/**
 * What was said, checked against what was asked.
 * @throws RuntimeError `SCHEMA` that says what is wrong.
 */
export function givenTo(posed: PosedQuestion, given: unknown): Readonly<Record<string, Json>> {
  const what = `the answer to '${posed.person}.${posed.kind}'`;
  const parsed = parseWith(GIVEN[posed.kind], given, what) as Readonly<Record<string, Json>>;
  const problems = problemsOf(wantedBy(posed), parsed);
  if (problems.length === 0) return withAllFields(wantedBy(posed), parsed);
  const issues = problems.map((message) => ({ path: "", message }));
  throw runtimeError("SCHEMA", `${what} does not fit: ${problems.join("; ")}`, {
    details: { issues },
  });
}

/** True if `by` is one of `members`; null: everybody is. */
export function isAmong(members: readonly string[] | null, by: string): boolean {
  return members === null || members.includes(by);
}

/** @throws RuntimeError `USAGE` unless `by` names somebody: one line of 1 to 200 characters. */
export function checkName(by: string): void {
  if (by.trim() === by && by.length >= 1 && by.length <= 200 && !/\p{Cc}/u.test(by)) return;
  const problem = "an answer is somebody's: a name of 1 to 200 characters, on one line";
  throw runtimeError("USAGE", `${problem}, not ${JSON.stringify(by.slice(0, 200))}`);
}

/** The error for an answer by somebody who is not asked. */
export function notPermitted(person: string, by: string): Error {
  return runtimeError("NOT_PERMITTED", `'${by}' may not answer in the name of '${person}'`);
}

/** The error for an answer to something else than what is asked. */
export function wrongDigest({ task }: PosedQuestion, given: string, asked: string): Error {
  const problem = `the question of task ${task} has digest ${asked}, the answer names ${given.slice(0, 64)}`;
  return runtimeError("WRONG_DIGEST", `${problem}: read the question again`);
}

function problemsOf(wanted: Wanted, parsed: Readonly<Record<string, Json>>): readonly string[] {
  switch (wanted.type) {
    case "approve":
    case "answer":
    case "edit":
      return [];
    case "choose":
      return wanted.choices.includes(String(parsed["choice"]))
        ? []
        : [`${JSON.stringify(parsed["choice"])} is not one of ${wanted.choices.join(", ")}`];
    case "form":
      return fieldProblems(wanted.fields, parsed["fields"] as Readonly<Record<string, Json>>);
    default:
      return assertNever(wanted);
  }
}

function fieldProblems(
  fields: readonly FormField[],
  given: Readonly<Record<string, Json>>,
): readonly string[] {
  const names = fields.map(({ name }) => name);
  return [
    ...Object.keys(given)
      .filter((name) => !names.includes(name))
      .map((name) => `there is no field '${name}'`),
    ...fields.flatMap((field) => {
      const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
      return fieldProblem(field, value) ?? [];
    }),
  ];
}

function fieldProblem(field: FormField, value: Json | undefined): string | undefined {
  const { name, type, choices, isOptional } = field;
  if (value === undefined || value === null) {
    return isOptional === true ? undefined : `field '${name}' is missing`;
  }
  if (type === "choice") {
    if (choices?.includes(String(value)) === true && typeof value === "string") return undefined;
    return `field '${name}' is not one of ${(choices ?? []).join(", ")}`;
  }
  const wanted = type === "text" ? "string" : type;
  return typeof value === wanted ? undefined : `field '${name}' is no ${type}`;
}

/** Fields that were left out are null. */
function withAllFields(
  wanted: Wanted,
  parsed: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  if (wanted.type !== "form") return parsed;
  const given = parsed["fields"] as Readonly<Record<string, Json>>;
  const fields: Record<string, Json> = {};
  for (const { name } of wanted.fields) fields[name] = given[name] ?? null;
  return { fields };
}
