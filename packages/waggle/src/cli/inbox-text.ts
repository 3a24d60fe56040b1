import type { OpenQuestion } from "../agents/person/open-questions.ts";
import type { Wanted } from "../agents/person/posed-question.ts";
import { assertNever } from "../core/errors.ts";
import { oneLine, printable } from "./printable.ts";
import { durationText, timeText } from "./time-text.ts";

/** Hex digits of a task id that are shown at least. */
const SHORT_ID = 8;

/** Hex digits of a digest that a command names. */
const SHORT_DIGEST = 16;

/** Characters of data that are shown. */
const MAX_DATA = 4_000;

/** What `waggle inbox` prints: what is asked, of whom, by whom, until when, and how to answer. */
export function inboxText(questions: readonly OpenQuestion[], now: number): string {
  const ids = shortIds(questions.map(({ task }) => task));
  return questions
    .map((question) => questionText(question, ids.get(question.task) ?? question.task, now))
    .join("\n\n");
}

/** The beginning of each id that names it among `ids`. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  let length = SHORT_ID;
  while (length < 32 && new Set(ids.map((id) => id.slice(0, length))).size < new Set(ids).size) {
    length++;
  }
  return new Map(ids.map((id) => [id, id.slice(0, length)]));
}

function questionText(question: OpenQuestion, id: string, now: number): string {
  const { person, wanted, askedAt, expiresAt, askedBy, run, digest, members, isPaused } = question;
  const by = askedBy ?? "whoever started the run";
  const until = expiresAt === null ? "-" : untilText(expiresAt, now);
  return [
    `${id}  ${person}.${wanted.type}`,
    indented(question.question),
    ...(question.about === null ? [] : [field("about", dataText(question.about))]),
    ...wantedLines(wanted),
    field(
      "asked",
      `${timeText(askedAt)} (${durationText(now - askedAt)} ago) by ${by}, run ${run}`,
    ),
    field("until", isPaused ? `${until}; the run is paused, so time stands still` : until),
    ...(members === null ? [] : [field("of", oneLine(members.join(", "), 400))]),
    ...question.escalations.map((one) => {
      const when = one.isDue ? "since" : "from";
      return field("and", `${one.person} ${when} ${one.at === null ? "-" : timeText(one.at)}`);
    }),
    field("digest", digest),
    field("answer", answerCommand(wanted, id, digest)),
  ].join("\n");
}

function field(name: string, text: string): string {
  return `  ${name.padEnd(8)} ${text}`;
}

function indented(text: string): string {
  return printable(text)
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

function untilText(at: number, now: number): string {
  return `${timeText(at)} (${durationText(at - now)} left)`;
}

/** Data as JSON; long data on lines of its own, and cut with a note. */
function dataText(data: unknown): string {
  const short = printable(JSON.stringify(data));
  if (short.length <= 80) return short;
  const long = printable(JSON.stringify(data, null, 2));
  const shown = long.slice(0, MAX_DATA).replaceAll("\n", `\n${" ".repeat(11)}`);
  const left = long.length - MAX_DATA;
  return left <= 0
    ? shown
    : `${shown}\n${" ".repeat(11)}... ${left} more characters: --json has them`;
}

function wantedLines(wanted: Wanted): readonly string[] {
  switch (wanted.type) {
    case "approve":
    case "answer":
      return [];
    case "choose":
      return [
        field("choices", wanted.choices.map((choice) => quoted(printable(choice))).join(" ")),
      ];
    case "edit":
      return [field("value", dataText(wanted.value))];
    case "form":
      return wanted.fields.map(({ name, type, label, choices, isOptional }) => {
        const kind = choices === undefined ? type : choices.map(quoted).join(" | ");
        const more = isOptional === true ? ", may be left out" : "";
        const text = label === undefined || label === name ? kind : `${kind}  (${label})`;
        return field("field", `${name}: ${printable(text)}${more}`);
      });
    default:
      return assertNever(wanted);
  }
}

/** The command that answers, with the place of the answer in words where it is not one of few. */
function answerCommand(wanted: Wanted, id: string, digest: string): string {
  const command = `waggle answer ${id} --digest ${digest.slice(0, SHORT_DIGEST)}`;
  switch (wanted.type) {
    case "approve":
      return `${command} yes    (or no; --reason TEXT)`;
    case "choose":
      return `${command} -- ${quoted(printable(wanted.choices[0] ?? ""))}    (or another choice)`;
    case "answer":
      return `${command} -- 'TEXT'`;
    case "edit":
      return `${command} -- 'JSON'    (the value as it is to be; --reason TEXT before --)`;
    case "form":
      return `${command} -- '{"${wanted.fields[0]?.name ?? ""}": ...}'    (all fields, as JSON)`;
    default:
      return assertNever(wanted);
  }
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
