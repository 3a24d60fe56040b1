import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  contract,
  messageType,
  RuntimeError,
  type System,
  to,
} from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const office = contract("office", {
  run: { input: z.null(), output: z.string() },
});
const clerk = contract("clerk", { file: { input: z.string(), output: z.string() } });
const slow = contract("slow", { work: { input: z.number(), output: z.string() } });
const unheard = messageType("unheard", { input: z.string(), output: z.string() });

/** How the world of {@link deadLetters} is made. */
export interface LetterWorld {
  /** Crashes of each of the two hosts. */
  readonly crashes: number;
  readonly faults: number;
  readonly passivateAfterMs: number;
}

/**
 * Messages that nobody handles: of an unknown kind, of a kind that only a later version of the code knows, too late.
 * Each is a dead letter with its reason, its asker hears of it, and sent again it is handled once.
 */
export function deadLetters(parts: LetterWorld): Scenario {
  return {
    name: `dead letters (${JSON.stringify(parts)})`,
    faults: parts.faults,
    maxSteps: 6_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      /** True: the new code runs, and no old one will any more. */
      let isNew = false;
      let heard: string | undefined;
      let lateEnd: string | undefined;
      let sentAgain: readonly string[] = [];
      const main = async (self: Process): Promise<void> => {
        const all = [...agents(kernel, self, () => isNew), slowAgent(self)];
        const system = await kernel.system(self, all, parts);
        if (!isNew) {
          heard = await (await system.start(office.run, null, { id: "run" })).result();
          lateEnd = await tooLate(system);
          await self.effect("all have ended", () => {}, { ready: () => haveEnded(kernel) });
        }
        isNew = true;
        sentAgain = await sendAgain(system);
        await self.effect("all have ended", () => {}, { ready: () => haveEnded(kernel) });
        await system[Symbol.asyncDispose]();
      };
      world.process("office", main, { crashes: parts.crashes });
      world.process(
        "archive",
        async (self) => {
          await kernel.system(
            self,
            agents(kernel, self, () => isNew),
            parts,
          );
          await self.effect("never", () => {}, { ready: () => false });
        },
        { crashes: parts.crashes, daemon: true },
      );
      world.invariant(() => {
        if (heard !== "UNHANDLED") return `the asker heard ${heard}`;
        if (lateEnd === "EXPIRED") kernel.mark("a message expired");
        return verdict(kernel, lateEnd, sentAgain);
      });
    },
  };
}

function haveEnded(kernel: KernelWorld): boolean {
  return kernel.ledger.runs({}).every(({ gate }) => gate === "ended");
}

function agents(
  kernel: KernelWorld,
  self: Process,
  isNew: () => boolean,
): readonly AgentDefinition[] {
  const filing = agent(clerk, {
    file: (ctx, name) =>
      ctx.step("file", () => kernel.act(self, ctx.task, "step:file", `file ${name}`)),
  });
  return [
    agent(office, {
      async run(ctx) {
        await ctx.send(clerk.file, "later");
        try {
          return await ctx.ask(to("clerk", unheard), "anything");
        } catch (error) {
          if (!RuntimeError.is(error, "UNHANDLED")) throw error;
          return error.code;
        }
      },
    }),
    { ...filing, handler: (name) => (isNew() ? filing.handler(name) : undefined) },
  ];
}

/** There is one of it, and the first message keeps it busy for longer than the second one may take. */
function slowAgent(self: Process): AgentDefinition {
  return agent(
    slow,
    { work: (ctx, ms) => ctx.step("work", () => self.clock.sleep(ms).then(() => "done")) },
    { concurrency: 1 },
  );
}

/** @returns How the message ended that came too late, if it did. */
async function tooLate(system: System): Promise<string> {
  await system.start(slow.work, 5_000, { id: "slow" });
  const late = await system.start(slow.work, 1, { id: "late", timeoutMs: 1_000 });
  try {
    return await late.result();
  } catch (error) {
    if (!RuntimeError.is(error, "EXPIRED")) throw error;
    return error.code;
  }
}

/** Sends again, twice, what the new code takes. @returns The runs. */
async function sendAgain(system: System): Promise<readonly string[]> {
  const letters = await system.deadLetters();
  const runs: string[] = [];
  for (const { task, operation } of letters.filter(({ agent: name }) => name === "clerk")) {
    if (operation !== "file") continue;
    const [first, second] = [await system.redrive(task), await system.redrive(task)];
    if (second.isNew) throw new Error("sent again twice");
    await first.result();
    runs.push(first.id);
  }
  return runs;
}

function verdict(
  kernel: KernelWorld,
  lateEnd: string | undefined,
  sentAgain: readonly string[],
): string | undefined {
  const dead = kernel.ledger.find({ state: "dead" });
  const names = dead.map(({ agent: name, operation }) => `${name}.${operation}`).sort();
  const wanted = ["clerk.file", "clerk.unheard", ...(lateEnd === "EXPIRED" ? ["slow.work"] : [])];
  if (String(names) !== String(wanted)) return `dead letters: ${names.join(", ")}`;
  if (sentAgain.length !== 1) return `${sentAgain.length} runs were sent again`;
  if ((kernel.outside.counts.get("file later") ?? 0) === 0) return "nothing was filed";
  for (const { run } of kernel.ledger.runs({})) {
    const problem = kernel.problems(run);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
