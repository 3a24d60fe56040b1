import { z } from "zod";
import { type AnswerLedger, answerQuestion } from "../../../src/agents/person/answer-question.ts";
import { type OpenQuestion, openQuestions } from "../../../src/agents/person/open-questions.ts";
import { person } from "../../../src/agents/person/person.ts";
import type { TaskEvent } from "../../../src/core/event.ts";
import { type AgentDefinition, agent, contract, type RunId } from "../../../src/index.ts";
import { type Process, type Scenario, simulatedStore } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { codeOf, type Outsider, RUN, runWorld, type Weather } from "./run-world.ts";

const foreman = contract("foreman", { decide: { input: z.null(), output: z.json() } });

/** How long the question stays open, and when it is put to another person too. */
const EXPIRE_MS = 1_000;
const ESCALATE_MS = 500;

const chief = person("chief");
const crew = person("crew", {
  expireMs: EXPIRE_MS,
  escalation: { to: chief, afterMs: ESCALATE_MS },
});

/**
 * A question that several people answer at once, at moments around its escalation and its expiry, while processes
 * crash. At most one answer is acknowledged, by whichever way it came; and if one was, that is what the asker gets; none that was refused is.
 */
export function answeredQuestions(weather: Weather, people: number): Scenario {
  return runWorld(weather, () => {
    const acknowledged = new Set<string>();
    const refused = new Set<string>();
    return {
      name: `answered questions (${people} people)`,
      root: foreman.decide,
      input: null,
      agents: agentsOf,
      outside: Array.from({ length: people }, (_, i) =>
        answerer(`person-${i}`, acknowledged, refused),
      ),
      check: (kernel, ended) => problemOf(kernel, ended, acknowledged, refused),
    };
  });
}

function agentsOf(kernel: KernelWorld): readonly AgentDefinition[] {
  return [
    chief.agent,
    crew.agent,
    agent(foreman, {
      async decide(ctx) {
        const saw = kernel.life(`foreman ${ctx.task}`);
        const asked = ctx.ask(crew.answer, { question: "Who is there?" });
        const got = await asked.then(({ by, text }) => ({ by, text }), codeOf);
        saw(JSON.stringify(got));
        return got;
      },
    }),
  ];
}

function answerer(name: string, acknowledged: Set<string>, refused: Set<string>): Outsider {
  return async (kernel, self) => {
    const ledger = { store: simulatedStore(self, kernel.ledger), clock: self.clock };
    const question = await questionIn(kernel, self, ledger);
    if (question === undefined) return;
    // At once like others, or around the escalation and the end.
    const moment = Math.floor(self.random.next() * 9) - 3;
    if (moment > 0) await self.clock.sleep((ESCALATE_MS / 2) * moment);
    const by = `${name}.${self.incarnation}`;
    const { task, digest } = question;
    const given = { text: `answer of ${by}` };
    const answered = answerQuestion(ledger, task, given, { by, digest });
    const told = await answered.then(() => "ok", codeOf);
    kernel.mark(`an answer was ${told}`);
    if (told === "ok") acknowledged.add(by);
    else refused.add(by);
    if (!["ok", "ALREADY_ANSWERED", "TOO_LATE"].includes(told)) kernel.report(`refused: ${told}`);
  };
}

/** The question, once it is open; undefined if the run ends before. */
async function questionIn(
  kernel: KernelWorld,
  self: Process,
  ledger: AnswerLedger,
): Promise<OpenQuestion | undefined> {
  const isThere = (): boolean =>
    kernel.gate(RUN) === "ended" || kernel.record(RUN).some(({ event }) => isOpen(event));
  await self.effect("the question is open", () => {}, { ready: isThere });
  const [question] = await openQuestions(ledger, { run: RUN as RunId });
  return question;
}

function isOpen(event: TaskEvent): boolean {
  return event.type === "armed" && event.signal === "answer";
}

function problemOf(
  kernel: KernelWorld,
  ended: unknown,
  acknowledged: ReadonlySet<string>,
  refused: ReadonlySet<string>,
): string | undefined {
  if (acknowledged.size > 1) return `acknowledged were ${[...acknowledged].join(" and ")}`;
  const [by] = acknowledged;
  if (typeof ended === "string") {
    kernel.mark("the question expired");
    if (ended !== "QUESTION_EXPIRED") return `the asker got ${ended}`;
    return by === undefined ? undefined : `the answer of ${by} was acknowledged, and it expired`;
  }
  if (!isAnswer(ended)) return `the asker got ${JSON.stringify(ended)}`;
  if (by !== undefined && ended.by !== by) return `acknowledged was ${by}, used was ${ended.by}`;
  if (refused.has(ended.by)) return `the answer of ${ended.by} was refused, and is used`;
  return ended.text === `answer of ${ended.by}` ? undefined : `of ${ended.by} came ${ended.text}`;
}

function isAnswer(ended: unknown): ended is { readonly by: string; readonly text: string } {
  return typeof ended === "object" && ended !== null && "by" in ended && "text" in ended;
}
