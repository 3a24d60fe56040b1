import { runtimeError } from "../../core/errors.ts";
import type { RunId, TaskId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RunRow } from "../../ports/store.ts";
import type { Json } from "../messages/message-types.ts";
import { questionDigest, type Wanted, wantedBy } from "./posed-question.ts";
import {
  isQuestionKind,
  isWaiting,
  type QuestionReads,
  type QuestionRecord,
  readQuestion,
  runTimeOf,
} from "./question-record.ts";

/** A question that waits for its answer: plain data. Times are wall-clock ms, as if its run were not paused again. */
export interface OpenQuestion {
  readonly task: TaskId;
  readonly run: RunId;
  /** Who is asked. */
  readonly person: string;
  readonly question: string;
  /** What it is about; null: nothing was given. */
  readonly about: Json;
  readonly wanted: Wanted;
  /** Of exactly what is asked; an answer names it. 64 hex digits. */
  readonly digest: string;
  /** `agent.operation` that asks; null: whoever started the run. */
  readonly askedBy: string | null;
  readonly askedAt: number;
  /** Null: not known yet, it was put a moment ago. */
  readonly expiresAt: number | null;
  /** True: its run is paused, and its times stand still. It can be answered. */
  readonly isPaused: boolean;
  /** Who may answer in the name of the person; null: anybody. */
  readonly members: readonly string[] | null;
  /** Whom it is put to later, or was. */
  readonly escalations: readonly OpenEscalation[];
}

export interface OpenEscalation {
  readonly person: string;
  readonly members: readonly string[] | null;
  /** Null: not known yet. */
  readonly at: number | null;
  /** True: that person is asked too now. */
  readonly isDue: boolean;
}

/** Which questions are wanted; all that is given has to fit. */
export interface QuestionQuery {
  /** Those that are put to this person now, first or by escalation. */
  readonly person?: string;
  readonly run?: RunId;
}

/** Where questions are read. */
export interface QuestionLedger {
  readonly store: QuestionReads;
  readonly clock: Pick<Clock, "now">;
}

/** Unfinished tasks among which questions are looked for. */
const MAX_TASKS = 100_000;

/** Questions that are read. */
const MAX_QUESTIONS = 1_000;

/**
 * Questions that wait for an answer now, oldest first. Reads the ledger only; not one snapshot.
 * @throws RuntimeError `LIMIT_REACHED` with more than 100,000 unfinished tasks, or 1,000 questions, to look at: name
 * a run. `STORE_UNAVAILABLE`.
 */
export async function openQuestions(
  { store, clock }: QuestionLedger,
  { person, run }: QuestionQuery = {},
): Promise<readonly OpenQuestion[]> {
  const scope = run === undefined ? {} : { run };
  const rows = await store.find({ ...scope, state: "open", limit: MAX_TASKS });
  const candidates = rows.filter(({ operation }) => isQuestionKind(operation));
  if (rows.length === MAX_TASKS || candidates.length > MAX_QUESTIONS) {
    const problem = `${rows.length} unfinished tasks, ${candidates.length} of them perhaps questions`;
    throw runtimeError(
      "LIMIT_REACHED",
      `${problem} (limits ${MAX_TASKS} and ${MAX_QUESTIONS}): name a run`,
    );
  }
  const reader = new QuestionReader(store);
  const found: OpenQuestion[] = [];
  for (const { id } of candidates) {
    const question = await reader.open(id, clock.now());
    if (question !== undefined && (person === undefined || isPutTo(question, person))) {
      found.push(question);
    }
  }
  return found;
}

/** True if the question is put to `person` now. */
function isPutTo(question: OpenQuestion, person: string): boolean {
  return (
    question.person === person ||
    question.escalations.some((one) => one.person === person && one.isDue)
  );
}

/** Reads questions, and the runs and askers of several at once. */
class QuestionReader {
  readonly #store: QuestionReads;
  readonly #runs = new Map<RunId, RunRow | undefined>();
  readonly #askers = new Map<TaskId, string | null>();

  constructor(store: QuestionReads) {
    this.#store = store;
  }

  async open(task: TaskId, now: number): Promise<OpenQuestion | undefined> {
    const loaded = await this.#store.load(task);
    const record = loaded === undefined ? undefined : await readQuestion(this.#store, loaded);
    if (record === undefined || record.accepted !== undefined) return undefined;
    const run = await this.#run(record.posed.run);
    if (run === undefined || !isWaiting(record, runTimeOf(run, now))) return undefined;
    return openQuestion(record, run, now, await this.#asker(record.loaded.row.parent));
  }

  async #run(run: RunId): Promise<RunRow | undefined> {
    if (!this.#runs.has(run)) this.#runs.set(run, (await this.#store.runs({ run }))[0]);
    return this.#runs.get(run);
  }

  async #asker(parent: TaskId | null): Promise<string | null> {
    if (parent === null) return null;
    const known = this.#askers.get(parent);
    if (known !== undefined) return known;
    const row = (await this.#store.load(parent))?.row;
    const asker = row === undefined ? null : `${row.agent}.${row.operation}`;
    this.#askers.set(parent, asker);
    return asker;
  }
}

function openQuestion(
  record: QuestionRecord,
  run: RunRow,
  now: number,
  askedBy: string | null,
): OpenQuestion {
  const { posed, posedAt, times } = record;
  const { terms, request } = posed;
  const runTime = runTimeOf(run, now);
  const wallClock = (at: number | null): number | null => (at === null ? null : at + now - runTime);
  return {
    task: posed.task,
    run: posed.run,
    person: posed.person,
    question: request.question,
    about: request.about,
    wanted: wantedBy(posed),
    digest: questionDigest(posed),
    askedBy,
    askedAt: posedAt,
    expiresAt: wallClock(times.expiresAt),
    isPaused: run.gate === "paused",
    members: terms.members,
    escalations: terms.escalations.map(({ person, members }, index) => {
      const at = times.escalatesAt[index] ?? null;
      return { person, members, at: wallClock(at), isDue: at !== null && runTime >= at };
    }),
  };
}
