import { encodeData } from "../../core/data.ts";
import { RuntimeError, runtimeError } from "../../core/errors.ts";
import { hostIdFrom, parseTaskId, type RunId, type TaskId } from "../../core/ids.ts";
import { INLINE_LIMIT } from "../../core/payload.ts";
import type { CallOptions } from "../../ports/call-options.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store.ts";
import { RunControl } from "../../runtime/run-control.ts";
import type { Json } from "../messages/message-types.ts";
import { ANSWER_SIGNAL, questionDigest } from "./posed-question.ts";
import type { QuestionKind } from "./question-kinds.ts";
import { isWaiting, type QuestionRecord, readQuestion, runTimeOf } from "./question-record.ts";
import {
  type AnswerMail,
  type CheckedAnswer,
  checkName,
  givenTo,
  isAmong,
  notPermitted,
  wrongDigest,
} from "./read-answer.ts";

/** Where answers are let in. */
export interface AnswerLedger {
  readonly store: Store;
  readonly clock: Clock;
}

/** What a person says, by kind of question. */
export type GivenAnswer =
  | { readonly approved: boolean; readonly reason?: string | null | undefined }
  | { readonly choice: string; readonly reason?: string | null | undefined }
  | { readonly text: string }
  | { readonly value: Json; readonly reason?: string | null | undefined }
  | { readonly fields: Readonly<Record<string, string | number | boolean | null>> };

export interface AnswerOptions extends CallOptions {
  /** Who answers. Whoever calls has to know that it is true. */
  readonly by: string;
  /** Of the question as it was shown to who answers: all 64 hex digits, or the first 16 or more. */
  readonly digest: string;
}

/** An answer that counts. */
export interface AcceptedAnswer {
  readonly task: TaskId;
  readonly run: RunId;
  readonly person: string;
  readonly kind: QuestionKind;
  readonly by: string;
  /** Wall-clock ms. */
  readonly at: number;
  readonly digest: string;
}

const DIGEST = /^[0-9a-f]{16,64}$/;

/** What an answer may take in the ledger besides what was said. */
const MAIL_FRAME = 1_000;

/** Between two tries of a commit whose outcome is not known. */
const POLL_MS = 100;

/**
 * Answers a question. When it resolves, the answer is durable and will be used, unless the run is cancelled: whatever
 * crashes, and also if nothing runs now. Exactly one answer to a question ever counts.
 * @param task - Of the question.
 * @throws RuntimeError, and then this answer does not count: `NOT_FOUND`; `SCHEMA`, `VALUE_TOO_LARGE` (wrong form);
 * `USAGE` (bad digest, or from nobody); `WRONG_DIGEST` (another question was shown); `NOT_PERMITTED`;
 * `ALREADY_ANSWERED`, with who did it in `details`; `TOO_LATE` (expired, given up, cancelled). `STORE_UNAVAILABLE`:
 * not known, answer again.
 */
export async function answerQuestion(
  ledger: AnswerLedger,
  task: string,
  given: GivenAnswer,
  { by, digest }: AnswerOptions,
): Promise<AcceptedAnswer> {
  checkName(by);
  if (!DIGEST.test(digest)) {
    const problem = `digest ${JSON.stringify(digest.slice(0, 70))} is not 16 to 64 lowercase hex digits`;
    throw runtimeError("USAGE", problem);
  }
  const record = await questionOf(ledger, parseTaskId(task));
  await checkState(ledger, record, by, digest);
  const { posed } = record;
  const at = ledger.clock.now();
  // As the schema of its kind made it: it is the same when the handler reads it again.
  const said = givenTo(posed, given);
  const mail: AnswerMail = { digest: questionDigest(posed), by, at, given: { ...said } };
  checkLength(mail);
  await deliver(ledger, record, mail);
  const { run, person, kind } = posed;
  return { task: posed.task, run, person, kind, by, at, digest: mail.digest };
}

async function questionOf({ store }: AnswerLedger, task: TaskId): Promise<QuestionRecord> {
  const loaded = await store.load(task);
  const record = loaded === undefined ? undefined : await readQuestion(store, loaded);
  if (record === undefined)
    throw runtimeError("NOT_FOUND", `task ${task} is no question to a person`);
  return record;
}

/** Digest first: about another question nothing is said. */
async function checkState(
  { store, clock }: AnswerLedger,
  record: QuestionRecord,
  by: string,
  digest: string,
): Promise<void> {
  const { posed, times, accepted } = record;
  const asked = questionDigest(posed);
  if (!asked.startsWith(digest)) throw wrongDigest(posed, digest, asked);
  const [run] = await store.runs({ run: posed.run });
  const runTime = run === undefined ? undefined : runTimeOf(run, clock.now());
  const { terms, person } = posed;
  const due = terms.escalations.filter((_stage, index) => {
    const at = times.escalatesAt[index] ?? null;
    return runTime !== undefined && at !== null && runTime >= at;
  });
  if (![terms, ...due].some(({ members }) => isAmong(members, by))) throw notPermitted(person, by);
  if (accepted !== undefined) throw alreadyAnswered(record, accepted);
  if (runTime === undefined || !isWaiting(record, runTime)) throw tooLate(record);
}

function checkLength(mail: AnswerMail): void {
  const { length } = encodeData(mail.given, "the answer");
  const limit = INLINE_LIMIT - MAIL_FRAME;
  if (length <= limit) return;
  throw runtimeError(
    "VALUE_TOO_LARGE",
    `the answer has ${length} characters as JSON (limit ${limit})`,
  );
}

async function deliver(
  ledger: AnswerLedger,
  { posed }: QuestionRecord,
  mail: AnswerMail,
): Promise<void> {
  const { store, clock } = ledger;
  const control = new RunControl({
    store,
    clock,
    // It delivers mail and owns nothing, so that it needs no host that lives; the store wakes the one that does.
    host: () => ({ id: hostIdFrom(mail.digest.slice(0, 32)), mailed: () => {} }),
    pollMs: POLL_MS,
    closed: new AbortController().signal,
  });
  try {
    await control.signal(posed.task, ANSWER_SIGNAL, mail, { once: mail.digest });
  } catch (refused) {
    if (!RuntimeError.is(refused)) throw refused;
    const now = await questionOf(ledger, posed.task);
    // A commit whose outcome was not known may have been this one.
    if (now.accepted !== undefined && isOf(now.accepted, mail)) return;
    if (now.accepted !== undefined) throw alreadyAnswered(now, now.accepted);
    throw refused;
  }
}

function isOf(accepted: CheckedAnswer, { by, at, given }: AnswerMail): boolean {
  if (accepted.by !== by || accepted.at !== at) return false;
  const said = given as Readonly<Record<string, Json>>;
  return Object.keys(said).every(
    (name) => JSON.stringify(accepted[name]) === JSON.stringify(said[name]),
  );
}

function alreadyAnswered({ posed }: QuestionRecord, { by, at }: CheckedAnswer): Error {
  return runtimeError(
    "ALREADY_ANSWERED",
    `'${by}' has answered the question of task ${posed.task}: that answer counts`,
    { details: { by, at } },
  );
}

function tooLate({ posed, loaded }: QuestionRecord): Error {
  const { gate, row } = loaded;
  const ended = row.state === "closed" || row.state === "dead";
  const why = ended
    ? "nobody waits for it any more"
    : gate === "cancelling" || gate === "ended"
      ? `its run '${posed.run}' is ${gate}`
      : "its time is over";
  return runtimeError("TOO_LATE", `the question of task ${posed.task} is closed: ${why}`);
}
