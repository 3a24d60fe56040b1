import { type BlobTexts, decodeEvent } from "../../core/event-codec.ts";
import type { Path } from "../../core/ids.ts";
import type { LoadedTask, RunRow, Store, StoreReads } from "../../ports/store.ts";
import { inputOf, loadTexts } from "../../runtime/journal.ts";
import { isUnfinished } from "../../runtime/ledger-view.ts";
import { readMail } from "../../runtime/mail.ts";
import {
  ANSWER_BRANCH,
  ANSWER_RACE,
  ANSWER_SIGNAL,
  ESCALATION_WAIT,
  type PosedQuestion,
  type QuestionTerms,
  TERMS_STEP,
  termsSchema,
} from "./posed-question.ts";
import { type AskedQuestion, QUESTION_KINDS, type QuestionKind } from "./question-kinds.ts";
import { type CheckedAnswer, readAnswer } from "./read-answer.ts";

// What the ledger alone says of a question: no code of the person is needed to read it.

/** What is read of a ledger. */
export type QuestionReads = StoreReads & Pick<Store, "load">;

/** Times of a question, in run time: wall-clock ms less the time for which its run was paused. */
interface QuestionTimes {
  readonly expiresAt: number | null;
  /** When each escalation of its terms is due; null: not known. */
  readonly escalatesAt: readonly (number | null)[];
}

/** A question as it stands in the ledger. */
export interface QuestionRecord {
  readonly loaded: LoadedTask;
  readonly posed: PosedQuestion;
  /** Wall-clock ms. */
  readonly posedAt: number;
  readonly times: QuestionTimes;
  /** The answer that counts, if one was let in. */
  readonly accepted: CheckedAnswer | undefined;
}

/** True if a task with that operation may be a question. */
export function isQuestionKind(operation: string): operation is QuestionKind {
  return (QUESTION_KINDS as readonly string[]).includes(operation);
}

/** Reads `loaded` as a question; undefined if it is none, or was not put yet. */
export async function readQuestion(
  reads: QuestionReads,
  loaded: LoadedTask,
): Promise<QuestionRecord | undefined> {
  const { id, run, agent, operation } = loaded.row;
  if (!isQuestionKind(operation)) return undefined;
  const texts = await loadTexts(reads, loaded);
  const found = termsIn(loaded, texts);
  if (found === undefined) return undefined;
  const posed: PosedQuestion = {
    run,
    task: id,
    person: agent,
    kind: operation,
    // It was parsed by the schema of its kind when it was asked.
    request: inputOf(loaded, texts) as AskedQuestion & Readonly<Record<string, unknown>>,
    terms: found.terms,
  };
  const times = timesIn(loaded, found.terms, texts);
  const accepted = acceptedIn(loaded, posed, texts);
  return { loaded, posed, posedAt: found.at, times, accepted };
}

/** Run time now, for `run`: it stands still while the run is paused. */
export function runTimeOf({ gate, pausedMs, pausedAt }: RunRow, now: number): number {
  return (gate === "paused" && pausedAt !== null ? pausedAt : now) - pausedMs;
}

/** True if the task still waits, at `runTime`, and its run may go on. */
export function isWaiting({ loaded, times }: QuestionRecord, runTime: number): boolean {
  const { row, gate } = loaded;
  if (!isUnfinished(row) || (gate !== "open" && gate !== "paused")) return false;
  return times.expiresAt === null || runTime < times.expiresAt;
}

function termsIn(
  { events }: LoadedTask,
  texts: BlobTexts,
): { readonly terms: QuestionTerms; readonly at: number } | undefined {
  for (const stored of events) {
    if (stored.type !== "done") continue;
    const event = decodeEvent(stored, texts);
    if (event.type !== "done" || event.path !== `step:${TERMS_STEP}`) continue;
    const read = termsSchema.safeParse(event.outcome.type === "value" ? event.outcome.value : null);
    return read.success ? { terms: read.data, at: stored.at } : undefined;
  }
  return undefined;
}

function timesIn(loaded: LoadedTask, terms: QuestionTerms, texts: BlobTexts): QuestionTimes {
  const armed = new Map<string, number | null>();
  let expiresAt: number | null = null;
  for (const stored of loaded.events) {
    if (stored.type !== "armed") continue;
    const event = decodeEvent(stored, texts);
    if (event.type !== "armed") continue;
    armed.set(event.path, event.until);
    if (event.signal === ANSWER_SIGNAL) expiresAt = event.until;
  }
  const escalatesAt = terms.escalations.map(
    ({ person }) => armed.get(escalationPath(person)) ?? null,
  );
  return { expiresAt, escalatesAt };
}

function escalationPath(person: string): string {
  return `race:${ANSWER_RACE}[to ${person}]/sleep:${ESCALATION_WAIT}`;
}

const ANSWER_PATH = `race:${ANSWER_RACE}[${ANSWER_BRANCH}]/wait:${ANSWER_SIGNAL}`;

/** The first signal that is an answer: taken already, or still in the inbox. */
function acceptedIn(
  { events, inbox }: LoadedTask,
  posed: PosedQuestion,
  texts: BlobTexts,
): CheckedAnswer | undefined {
  const values: unknown[] = [];
  for (const stored of events) {
    if (stored.type !== "received") continue;
    const event = decodeEvent(stored, texts);
    if (event.type !== "received" || !isAnswerPath(event.path)) continue;
    if (event.outcome.type === "value") values.push(event.outcome.value);
  }
  // Signals that were taken are in the inbox too; which are the same: the first that fits counts in both.
  for (const mail of inbox) {
    const read = readMail(mail, texts);
    if (read.type === "signal" && read.signal.name === ANSWER_SIGNAL)
      values.push(read.signal.value);
  }
  for (const value of values) {
    try {
      return readAnswer(posed, value);
    } catch {
      // A signal that is no answer: the handler passes over it too.
    }
  }
  return undefined;
}

function isAnswerPath(path: Path): boolean {
  return path === ANSWER_PATH || path.startsWith(`${ANSWER_PATH}#`);
}
