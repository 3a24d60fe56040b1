import { z } from "zod";
import {
  type AnswerLedger,
  answerQuestion,
} from "../../../../src/agents/person/answer-question.ts";
import { type OpenQuestion, openQuestions } from "../../../../src/agents/person/open-questions.ts";
import type { Person } from "../../../../src/agents/person/person.ts";
import { parseTaskId } from "../../../../src/core/ids.ts";
import { agent, type Context, contract, type Run, RuntimeError } from "../../../../src/index.ts";
import type { System } from "../../../../src/system/create-system.ts";
import { type Process, simulatedStore } from "../../../../src/testing/index.ts";
import type { KernelWorld } from "../../../sim/scenarios/kernel-world.ts";

const json = z.json();
const lead = contract("lead", { run: { input: json, output: json } });

/** A run whose root asks people, and what can be done with it from outside. */
export interface Asked extends AsyncDisposable {
  readonly run: Run<unknown>;
  readonly system: System;
  readonly ledger: AnswerLedger;
  /** The only question of `person` that is open, as soon as there is one. */
  question(person?: string): Promise<OpenQuestion>;
  /** As `answerQuestion`, with the digest of the question; what is refused is its code. */
  answer(question: OpenQuestion, given: unknown, by?: string): Promise<string>;
  /** What the run gave, or the code of its error. */
  ended(): Promise<unknown>;
}

/** Starts a run that asks `people` in a handler of its own. */
export async function asked(
  self: Process,
  kernel: KernelWorld,
  people: readonly Person[],
  handler: (ctx: Context) => Promise<unknown>,
): Promise<Asked> {
  const asker = agent(lead, { run: (ctx) => handler(ctx) as Promise<never> });
  const agents = [asker, ...people.map((one) => one.agent)];
  const system = await kernel.system(self, agents, { passivateAfterMs: 0 });
  const run = await system.start(lead.run, null, { id: "run" });
  const ledger = { store: simulatedStore(self, kernel.ledger), clock: self.clock };
  return {
    run,
    system,
    ledger,
    async question(person) {
      for (;;) {
        const [first] = await openQuestions(ledger, person === undefined ? {} : { person });
        if (first?.expiresAt != null) return first;
        await self.clock.sleep(10);
      }
    },
    answer: ({ task, digest }, given, by = "anna") =>
      codeOf(answerQuestion(ledger, parseTaskId(task), given as never, { by, digest })),
    ended: () => run.result().catch((error: unknown) => codeIn(error)),
    [Symbol.asyncDispose]: () => system[Symbol.asyncDispose](),
  };
}

/** `ok`, or the code of the error. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    return codeIn(error);
  }
}

function codeIn(error: unknown): string {
  if (!RuntimeError.is(error)) throw error;
  return error.code;
}
