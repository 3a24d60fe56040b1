import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  type Context,
  type Contract,
  contract,
  RuntimeError,
} from "../../../src/index.ts";
import type { TaskRow } from "../../../src/ports/store.ts";
import { MAX_HOPS } from "../../../src/runtime/asks.ts";
import type { Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

/** What an agent does with each message: whom it asks or sends one of its own, in order. */
interface Habit {
  readonly to: number;
  readonly how: "ask" | "send";
  /** Of an ask; null: none. */
  readonly timeoutMs: number | null;
}

/** By agent, its habits. */
type Talk = readonly (readonly Habit[])[];

/** How the world of {@link talk} is made. */
export interface TalkWorld {
  /** `chains`: one message for each, so only the hops end it. `fans`: up to three, so only their number does. */
  readonly shape: "chains" | "fans";
  readonly maxMessagesPerRun: number;
}

const NOTE = z.object({ hops: z.number() });
type Talker = Contract<{ note: { input: typeof NOTE; output: z.ZodNumber } }>;

/**
 * Agents that talk to each other without end, by a table drawn anew for each schedule: rings, mirrors, talks with
 * oneself, floods. Each run ends all the same, in bounded work, and says so where its limit was reached.
 */
export function talk(parts: TalkWorld): Scenario {
  return {
    name: `talk (${JSON.stringify(parts)})`,
    faults: 0,
    maxSteps: 3_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      let limits = 0;
      const main = async (self: Parameters<KernelWorld["system"]>[0]): Promise<void> => {
        const table = drawTalk(() => self.random.next(), parts.shape);
        const agents = talkers(table, () => {
          limits++;
        });
        const { maxMessagesPerRun } = parts;
        const system = await kernel.system(self, agents.definitions, { maxMessagesPerRun });
        const run = await system.start(agents.first.note, { hops: 0 }, { id: "talk" });
        await run.result();
        await self.effect("the talk has ended", () => {}, {
          ready: () => kernel.gate("talk") === "ended",
        });
        await system[Symbol.asyncDispose]();
      };
      world.process("host", main);
      world.invariant(() => {
        const messages = kernel.ledger.find({ limit: Number.POSITIVE_INFINITY }).length - 1;
        // The first block of a host, a twentieth, may be one too many.
        const most = parts.maxMessagesPerRun * 1.05;
        if (messages > most) return `${messages} messages were sent (limit ${most})`;
        if (messages >= parts.maxMessagesPerRun * 0.9)
          kernel.mark("all messages of a run were used up");
        if (limits > 0) kernel.mark("a limit was reached");
        return tooFar(kernel) ?? kernel.problems("talk");
      });
    },
  };
}

function drawTalk(random: () => number, shape: TalkWorld["shape"]): Talk {
  const count = 1 + Math.floor(random() * 4);
  const below = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length: count }, () =>
    Array.from({ length: shape === "chains" ? 1 : 1 + below(3) }, () => ({
      to: below(count),
      how: below(2) === 0 ? ("ask" as const) : ("send" as const),
      timeoutMs: below(2) === 0 ? null : 1_000 + below(60_000),
    })),
  );
}

function talkers(
  table: Talk,
  limited: () => void,
): { readonly first: Talker; readonly definitions: readonly AgentDefinition[] } {
  const contracts: readonly Talker[] = table.map((_, i) =>
    contract(`talker-${i}`, { note: { input: NOTE, output: z.number() } }),
  );
  const tell = async (
    ctx: Context,
    { to, how, timeoutMs }: Habit,
    hops: number,
  ): Promise<number> => {
    const target = contracts[to];
    if (target === undefined) return 0;
    if (how === "send") {
      await ctx.send(target.note, { hops: hops + 1 });
      return 0;
    }
    const options = timeoutMs === null ? {} : { timeoutMs };
    return await ctx.ask(target.note, { hops: hops + 1 }, options);
  };
  const definitions = contracts.map((own, i) =>
    agent(own, {
      async note(ctx, { hops }) {
        let sum = 1;
        for (const habit of table[i] ?? []) {
          try {
            sum += await tell(ctx, habit, hops);
          } catch (error) {
            if (!RuntimeError.is(error, "LIMIT_REACHED")) throw error;
            limited();
          }
        }
        return sum;
      },
    }),
  );
  const [first] = contracts;
  if (first === undefined) throw new Error("a talk without agents");
  return { first, definitions };
}

/** No message went too far, and each is one hop further than what it came of. */
function tooFar(kernel: KernelWorld): string | undefined {
  const { ledger } = kernel;
  for (const row of ledger.find({ limit: Number.POSITIVE_INFINITY })) {
    if (row.hops === MAX_HOPS) kernel.mark("a message went as far as one may");
    if (row.hops > MAX_HOPS) return `a message is ${row.hops} hops away (limit ${MAX_HOPS})`;
    const parent = row.parent === null ? undefined : ledger.load(row.parent)?.row;
    if (parent === undefined) continue;
    if (row.hops !== parent.hops + 1) return `${row.hops} hops after ${parent.hops}`;
    const problem = tooLate(kernel, row, parent.deadline);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A deadline travels with what is asked on the way. */
function tooLate(
  kernel: KernelWorld,
  { awaited, deadline }: TaskRow,
  limit: number | null,
): string | undefined {
  if (!awaited || limit === null) return undefined;
  kernel.mark("a deadline travelled on");
  if (deadline !== null && deadline <= limit) return undefined;
  return `an ask may take until ${deadline}, its asker only until ${limit}`;
}
