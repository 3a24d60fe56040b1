import { z } from "zod";
import { type Contract, contract, type Operation } from "../../core/contract.ts";
import { RuntimeError, runtimeError } from "../../core/errors.ts";
import { parseAgentName } from "../../core/ids.ts";
import type { Schema } from "../../core/schema.ts";
import { type AgentDefinition, agent } from "../../runtime/agent.ts";
import type { Context } from "../../runtime/context.ts";
import type { Json } from "../messages/message-types.ts";
import {
  ANSWER_BRANCH,
  ANSWER_RACE,
  ANSWER_SIGNAL,
  ESCALATION_WAIT,
  type Escalation,
  type PosedQuestion,
  type QuestionTerms,
  subjectDigest,
  TERMS_STEP,
} from "./posed-question.ts";
import {
  ANSWERS,
  type Approval,
  type AskedQuestion,
  type QuestionKind,
  REQUESTS,
} from "./question-kinds.ts";
import { type CheckedAnswer, checkName, readAnswer } from "./read-answer.ts";

// A person is an ordinary agent whose handlers wait for a signal. Nothing of it is kept outside the ledger.

/** Whom else to ask, and when. */
export interface EscalationRule {
  /** The same question is put to this person too; whoever answers first counts. Then this person's own rule holds. */
  readonly to: Person;
  /** After the question was put to the one before. Less than what is left until it expires. */
  readonly afterMs: number;
}

export interface PersonOptions {
  /**
   * Names of those who may answer. Default: whoever can reach the ledger. Names are taken as given: whoever lets
   * answers in has to know who sends them.
   */
  readonly members?: readonly string[];
  /** How long a question stays open, in ms, not counting pauses of its run. Default: 7 days. At most 10 years. */
  readonly expireMs?: number;
  /** Default: nobody else is asked. */
  readonly escalation?: EscalationRule;
  /** What the person is good at, in words that others search for. */
  readonly capabilities?: readonly string[];
  /** Names by which several agents are addressed at once. */
  readonly groups?: readonly string[];
}

/** The operations of a person, by kind of question. */
type PersonShapes = {
  readonly [Kind in QuestionKind]: {
    readonly input: (typeof REQUESTS)[Kind];
    readonly output: (typeof ANSWERS)[Kind];
  };
};

/** Somebody who can be asked like any agent, and answers when it suits: see `waggle inbox`. */
export interface Person {
  readonly name: string;
  /** To be listed in the agents of a system. */
  readonly agent: AgentDefinition;
  /** Yes or no, with a reason. */
  readonly approve: Operation<PersonShapes["approve"]>;
  /** One of several choices. */
  readonly choose: Operation<PersonShapes["choose"]>;
  /** Free text. */
  readonly answer: Operation<PersonShapes["answer"]>;
  /** A value, given back as it should be. */
  readonly edit: Operation<PersonShapes["edit"]>;
  /** Several fields at once. */
  readonly form: Operation<PersonShapes["form"]>;
  /** Who may answer; null: anybody. */
  readonly members: readonly string[] | null;
  readonly expireMs: number;
  /** Who is asked later, in that order. */
  readonly escalations: readonly Escalation[];
}

const DAY_MS = 86_400_000;

/** How long a question stays open: long enough for a weekend and an illness, short enough to be noticed. */
const DEFAULT_EXPIRE_MS: number = 7 * DAY_MS;

const MAX_EXPIRE_MS = 3_650 * DAY_MS;

/**
 * Makes a person called `name`: an agent that others ask with `ctx.ask(technician.approve, { question })`. The asker
 * gets the answer, or one of these errors: `QUESTION_EXPIRED` when nobody answered in time; `CANCELLED`.
 * A question survives every crash; exactly one answer to it counts; an answer that was acknowledged before the question
 * expired is used. With a `timeoutMs` of the ask, the asker may stop waiting although an answer was acknowledged:
 * limit the time with `expireMs` instead.
 * @throws RuntimeError `USAGE` that names everything that is wrong with the options; nothing happened.
 */
export function person(name: string, options: PersonOptions = {}): Person {
  const { members = null, expireMs = DEFAULT_EXPIRE_MS, escalation } = options;
  const escalations = escalation === undefined ? [] : stagesOf(escalation);
  const problems = [
    ...memberProblems(members),
    ...timeProblems("expireMs", expireMs),
    ...escalationProblems(parseAgentName(name), escalations, expireMs),
  ];
  if (problems.length > 0) throw runtimeError("USAGE", `person '${name}': ${problems.join("; ")}`);
  const terms: QuestionTerms = { type: "question", members, expireMs, escalations };
  const face = contractOf(name);
  const { capabilities = [], groups = [] } = options;
  const definition = agent(
    face,
    {
      approve: handlerOf("approve", terms),
      choose: handlerOf("choose", terms),
      answer: handlerOf("answer", terms),
      edit: handlerOf("edit", terms),
      form: handlerOf("form", terms),
    },
    { capabilities, groups },
  );
  const { approve, choose, answer, edit, form } = face;
  const operations = { approve, choose, answer, edit, form };
  return Object.freeze({ name, agent: definition, ...operations, members, expireMs, escalations });
}

/** True if `approval` says yes to exactly `about`: the data that stood in the question. */
export function approves(approval: Approval, about: Json): boolean {
  return approval.approved && approval.subject === subjectDigest(about);
}

function contractOf(name: string): Contract<PersonShapes> {
  return contract(name, {
    approve: { input: REQUESTS.approve, output: ANSWERS.approve },
    choose: { input: REQUESTS.choose, output: ANSWERS.choose },
    answer: { input: REQUESTS.answer, output: ANSWERS.answer },
    edit: { input: REQUESTS.edit, output: ANSWERS.edit },
    form: { input: REQUESTS.form, output: ANSWERS.form },
  });
}

function stagesOf({ to, afterMs }: EscalationRule): readonly Escalation[] {
  return [
    { person: to.name, members: to.members, afterMs },
    ...to.escalations.map((later) => ({ ...later, afterMs: afterMs + later.afterMs })),
  ];
}

function memberProblems(members: readonly string[] | null): readonly string[] {
  if (members === null) return [];
  if (members.length === 0) return ["members is empty: nobody could answer"];
  return members.flatMap((member) => {
    try {
      checkName(member);
      return [];
    } catch (refused) {
      return [(refused as Error).message];
    }
  });
}

function timeProblems(what: string, ms: number): readonly string[] {
  if (Number.isSafeInteger(ms) && ms >= 1 && ms <= MAX_EXPIRE_MS) return [];
  return [`${what} ${ms} is no whole number of ms from 1 to ${MAX_EXPIRE_MS}`];
}

function escalationProblems(
  name: string,
  escalations: readonly Escalation[],
  expireMs: number,
): readonly string[] {
  const people = [name, ...escalations.map((stage) => stage.person)];
  const twice = people.filter((one, index) => people.indexOf(one) !== index);
  const [first] = escalations;
  return [
    ...twice.map((one) => `'${one}' would be asked twice`),
    ...escalations.flatMap(({ afterMs }) => timeProblems("afterMs", afterMs)),
    ...(first !== undefined && first.afterMs >= expireMs
      ? [`it would expire after ${expireMs} ms, before '${first.person}' is asked`]
      : []),
  ];
}

function handlerOf<Kind extends QuestionKind>(kind: Kind, terms: QuestionTerms) {
  // What `readAnswer` gives for a kind is what the contract's schema of that kind takes, and is parsed by it.
  return (ctx: Context, request: AskedQuestion): Promise<never> =>
    ask(ctx, kind, request, terms) as Promise<CheckedAnswer> as Promise<never>;
}

/** Puts the question and waits for its answer. */
async function ask(
  ctx: Context,
  kind: QuestionKind,
  request: AskedQuestion,
  own: QuestionTerms,
): Promise<CheckedAnswer> {
  const expireMs = Math.min(own.expireMs, request.expireMs ?? own.expireMs);
  // From here on it stands in the inbox, on these terms, whatever becomes of the code.
  const terms = await ctx.step(TERMS_STEP, () => ({ ...own, expireMs }));
  const posed: PosedQuestion = {
    run: ctx.run,
    task: ctx.task,
    person: ctx.agent,
    kind,
    request: { ...request },
    terms,
  };
  const escalations = terms.escalations.map(
    (stage) => [stage.person, (branch: Context) => escalate(branch, stage)] as const,
  );
  const won = await ctx.race(ANSWER_RACE, {
    ...Object.fromEntries(escalations.map(([to, branch]) => [`to ${to}`, branch])),
    [ANSWER_BRANCH]: (branch: Context) => firstAnswer(branch, posed),
  });
  return won.value as CheckedAnswer;
}

/** Records that the time has come; who reads the inbox knows what that means. Never ends: only an answer does. */
async function escalate(ctx: Context, { afterMs }: Escalation): Promise<never> {
  await ctx.sleep(ESCALATION_WAIT, afterMs);
  return await new Promise<never>(() => {});
}

const anything: Schema<unknown> = z.unknown();

async function firstAnswer(ctx: Context, posed: PosedQuestion): Promise<CheckedAnswer> {
  const { expireMs } = posed.terms;
  const begun = ctx.now();
  for (;;) {
    // A signal that was no answer leaves it open for the rest of the time.
    const timeoutMs = Math.max(0, expireMs - (ctx.now() - begun));
    const value = await waitForAnswer(ctx, posed, timeoutMs);
    try {
      return readAnswer(posed, value);
    } catch (refused) {
      if (!RuntimeError.is(refused)) throw refused;
    }
  }
}

async function waitForAnswer(
  ctx: Context,
  { person: name, kind, terms }: PosedQuestion,
  timeoutMs: number,
): Promise<unknown> {
  try {
    return await ctx.waitFor(ANSWER_SIGNAL, anything, { timeoutMs });
  } catch (error) {
    if (!RuntimeError.is(error, "WAIT_TIMEOUT")) throw error;
    const problem = `nobody answered '${name}.${kind}' within ${terms.expireMs} ms, or while it was waited for`;
    throw runtimeError("QUESTION_EXPIRED", problem, { cause: error });
  }
}
