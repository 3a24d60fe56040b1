import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  type Contract,
  contract,
  RuntimeError,
} from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

/** How the world of {@link mailboxes} is made. */
export interface MailboxWorld {
  /** Messages that may wait for the slow agent. */
  readonly limit: number;
  /** Messages that each of the two senders has for it: a handler, and somebody outside. */
  readonly messages: number;
  /** What they do when its mailbox is full. */
  readonly whenFull: "wait" | "refuse";
  /** Crashes of each of the two hosts. */
  readonly crashes: number;
  readonly faults: number;
  readonly passivateAfterMs: number;
}

const boss = contract("boss", { run: { input: z.null(), output: z.array(z.boolean()) } });

/**
 * A slow agent with a small mailbox, and more messages than fit, from a handler and from outside: never more wait than
 * may, whoever waits gets through in the end, whoever is refused is told so, and each message is handled once.
 */
export function mailboxes(parts: MailboxWorld): Scenario {
  return {
    name: `mailboxes (${JSON.stringify(parts)})`,
    faults: parts.faults,
    maxSteps: 6_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      const slow = contract(
        "slow",
        { work: { input: z.string(), output: z.null() } },
        { mailbox: parts.limit },
      );
      const names = [...Array(parts.messages).keys()];
      const outside = names.map((i) => `outside-${i}`);
      const accepted = new Map<string, boolean>();
      let over = 0;
      const end = async (self: Process): Promise<void> => {
        over++;
        const haveEnded = (): boolean =>
          kernel.ledger.runs({}).every((run) => run.gate === "ended");
        await self.effect("all is over", () => {}, { ready: () => over >= 2 && haveEnded() });
      };
      world.process(
        "inside",
        async (self) => {
          const system = await kernel.system(self, agents(kernel, self, slow, parts), parts);
          const run = await system.start(boss.run, null, { id: "run" });
          for (const [i, isIn] of (await run.result()).entries()) accepted.set(`inside-${i}`, isIn);
          await end(self);
          await system[Symbol.asyncDispose]();
        },
        { crashes: parts.crashes },
      );
      world.process(
        "outside",
        async (self) => {
          const system = await kernel.system(self, agents(kernel, self, slow, parts), parts);
          const sends = outside.map(async (id) => {
            const options = { id, whenFull: parts.whenFull };
            accepted.set(id, await isAccepted(() => system.start(slow.work, id, options)));
          });
          await Promise.all(sends);
          await end(self);
          await system[Symbol.asyncDispose]();
        },
        { crashes: parts.crashes },
      );
      const all = [...names.map((i) => `inside-${i}`), ...outside];
      world.invariant(() => verdict(kernel, parts, all, accepted));
    },
  };
}

/** What is wrong when all is over. `accepted`: by message, whether it was accepted, as its sender knows. */
function verdict(
  kernel: KernelWorld,
  { limit, whenFull }: MailboxWorld,
  all: readonly string[],
  accepted: ReadonlyMap<string, boolean>,
): string | undefined {
  const taken = all.filter((name) => accepted.get(name) === true);
  const isRefused = taken.length < all.length;
  if (isRefused) kernel.mark("refused for a full mailbox");
  if (isRefused && whenFull === "wait") return "a sender was refused";
  if (kernel.ledger.mostWaiting("slow") === limit) kernel.mark("a mailbox was full");
  const tasks = kernel.ledger.find({ agent: "slow" });
  if (tasks.length !== taken.length) {
    return `${taken.length} senders were told of acceptance, ${tasks.length} were accepted`;
  }
  for (const name of all) {
    const count = kernel.outside.counts.get(`work ${name}`) ?? 0;
    if (count > 0 !== taken.includes(name)) return `${name} was handled ${count} times`;
  }
  for (const run of ["run", ...taken.filter((name) => name.startsWith("outside"))]) {
    const problem = kernel.problems(run);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function agents(
  kernel: KernelWorld,
  self: Process,
  slow: Contract<{ work: { input: z.ZodString; output: z.ZodNull } }>,
  { messages, whenFull }: MailboxWorld,
): readonly AgentDefinition[] {
  return [
    agent(boss, {
      run: (ctx) =>
        ctx.all("messages", [...Array(messages).keys()], (branch, i) =>
          isAccepted(() => branch.send(slow.work, `inside-${i}`, { whenFull })),
        ),
    }),
    agent(
      slow,
      {
        async work(ctx, name) {
          await ctx.step("work", () => kernel.act(self, ctx.task, "step:work", `work ${name}`));
          return null;
        },
      },
      { concurrency: 1 },
    ),
  ];
}

async function isAccepted(send: () => Promise<unknown>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (RuntimeError.is(error, "MAILBOX_FULL")) return false;
    throw error;
  }
}
