import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  type Run,
  type System,
} from "../../../src/index.ts";

const Numbered = { input: z.object({ number: z.number() }), output: z.number() };
const MAILBOX = { mailbox: 1_000_000 };

const patient = contract("patient", { work: Numbered }, MAILBOX);
const clerk = contract("clerk", { work: Numbered }, MAILBOX);
/** Takes one message at a time: most of its messages have not begun. */
const queue = contract("queue", { work: Numbered }, MAILBOX);

/** How long a run sleeps that is found asleep, in ms. */
const NAP_MS = 2_000;

/** Of `runs` runs, those that reach a step they are held in. */
export function heldOf(runs: number): number {
  return 2 * Math.floor(runs / 4);
}

/**
 * Agents whose runs come to a stand in four places while `hold` waits: in a step, in a step of an agent that was
 * asked, in a mailbox, and asleep.
 */
export function patientAgents(hold: () => Promise<void>): readonly AgentDefinition[] {
  const stand = (ctx: Context): Promise<null> => ctx.step("stand", () => hold().then(() => null));
  const held = async (ctx: Context, { number }: { readonly number: number }): Promise<number> => {
    await stand(ctx);
    return number;
  };
  const many = { concurrency: 100_000 };
  return [
    agent(
      patient,
      {
        async work(ctx, { number }) {
          const first = await ctx.step("first", () => number);
          if (number % 4 === 1) return await ctx.ask(clerk.work, { number });
          if (number % 4 === 2) return await ctx.ask(queue.work, { number });
          if (number % 4 === 3) await ctx.sleep("nap", NAP_MS);
          await stand(ctx);
          return first;
        },
      },
      many,
    ),
    agent(clerk, { work: held }, many),
    agent(queue, { work: held }, { concurrency: 1 }),
  ];
}

/** Starts the run with this number, which will be its result. */
export function startPatient(system: System, number: number): Promise<Run<unknown>> {
  return system.start(patient.work, { number }, { id: patientRun(number) });
}

/** Id of the run with this number. */
export function patientRun(number: number): string {
  return `patient-${number}`;
}
