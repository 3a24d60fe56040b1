import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  type Run,
  RuntimeError,
  type StepContext,
  type System,
} from "../../src/index.ts";
import {
  askDouble,
  askLate,
  askRefused,
  helperAgent,
  sendDouble,
  type Tools,
} from "./golden-helper.ts";

/** A handler of the corpus. `size` says how much it does; what it returns is compared. */
export type GoldenHandler = (ctx: Context, size: number, tools: Tools) => Promise<string>;

/** The signal that the handler `signals` waits for. */
export const SIGNAL = "go";

const golden = contract("golden", {
  run: { input: z.object({ kind: z.string(), size: z.number() }), output: z.string() },
});

/** Starts the handler `kind` as run `id`. */
export function startGolden(
  system: System,
  kind: string,
  size: number,
  id: string,
): Promise<Run<string>> {
  return system.start(golden.run, { kind, size }, { id });
}

function numbers(size: number): readonly number[] {
  return Array.from({ length: size }, (_, i) => i);
}

/** What an effect says that did not happen. */
const REFUSED = new RuntimeError({
  code: "REFUSED",
  kind: "capacity",
  outcome: "not-applied",
  retryable: true,
  message: "not yet",
});

/** More than is needed, whatever a crash forgets; back-offs that are recorded and some that are not. */
const RETRY = { attempts: 9, backoffMs: 14_000 };

async function ticks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}

/** The handlers whose histories are in the corpus. Changing one is what the corpus is there to notice. */
export const HANDLERS: Readonly<Record<string, GoldenHandler>> = {
  async chain(ctx, size, { body }) {
    let sum = 0;
    for (const i of numbers(size)) sum += await ctx.step(`s${i}`, body(ctx, `s${i}`));
    return String(sum);
  },
  async repeats(ctx, size, { body }) {
    const found: number[] = [];
    for (const i of numbers(size)) {
      // As its path says: repetitions of one name are counted.
      const name = i === 0 ? "same" : `same#${i}`;
      found.push(i * (await ctx.step("same", body(ctx, name))));
    }
    return found.join(" ");
  },
  async classes(ctx, size, { body }) {
    const found: (number | string)[] = [];
    for (const i of numbers(size)) {
      found.push(await ctx.step(`k${i}`, body(ctx, `k${i}`), { class: "keyed" }));
      try {
        found.push(await ctx.step(`o${i}`, body(ctx, `o${i}`), { class: "once" }));
      } catch (error) {
        if (!RuntimeError.is(error, "EFFECT_UNKNOWN")) throw error;
        found.push("unknown");
      }
    }
    return found.join(" ");
  },
  async asks(ctx, size) {
    let sum = 0;
    for (const i of numbers(size)) sum += await askDouble(ctx, i);
    return String(sum);
  },
  async fan(ctx, size, { body }) {
    const found = await ctx.all("items", numbers(size), async (branch, item) => {
      const first = await branch.step(`f${item}`, body(branch, `f${item}`));
      await ticks(item % 3);
      return first + (await askDouble(branch, item));
    });
    return found.join(" ");
  },
  async limited(ctx, size, { body }) {
    const found = await ctx.all(
      "items",
      numbers(size),
      async (branch, item) => {
        await ticks((size - item) % 4);
        return await branch.step(`l${item}`, body(branch, `l${item}`));
      },
      { concurrency: 2, key: (item) => `item-${item}` },
    );
    return found.join(" ");
  },
  async race(ctx, size, { body }) {
    const winners: string[] = [];
    for (const i of numbers(size)) {
      const { winner } = await ctx.race(`r${i}`, {
        left: (branch) => branch.step(`left${i}`, body(branch, `left${i}`)),
        right: (branch) => askDouble(branch, i),
      });
      winners.push(winner);
      await ctx.step(`after-${winner}-${i}`, body(ctx, `after-${winner}-${i}`));
    }
    return winners.join(" ");
  },
  async plainRace(ctx, size, { body }) {
    const order: number[] = [];
    const all = numbers(size + 1).map(async (i) => {
      await ticks(i);
      await ctx.step(`p${i}`, body(ctx, `p${i}`));
      order.push(i);
      return i;
    });
    const first = await Promise.race(all);
    await ctx.step(`first-${first}`, body(ctx, `first-${first}`));
    await Promise.all(all);
    return order.join(" ");
  },
  async failures(ctx, size, { body }) {
    const found: string[] = [];
    for (const i of numbers(size)) {
      try {
        await ctx.step(`bad${i}`, async () => {
          await body(ctx, `bad${i}`)();
          throw new Error(`bad ${i}`);
        });
      } catch (error) {
        found.push(String(error));
      }
      await askRefused(ctx, i).catch((error: unknown) => found.push(String(error)));
      found.push(String(await ctx.step(`good${i}`, body(ctx, `good${i}`))));
    }
    return found.join("; ");
  },
  async sleeps(ctx, size, { body }) {
    const found: (number | string)[] = [];
    for (const i of numbers(size)) {
      await ctx.sleep(`nap${i}`, 1_000 * (i + 1));
      found.push(await ctx.step(`z${i}`, body(ctx, `z${i}`)));
      const late = await askLate(ctx, 4_000, 1_000 * (1 + 4 * (i % 2))).catch((error: unknown) =>
        RuntimeError.is(error) ? error.code : "?",
      );
      found.push(late);
    }
    return found.join(" ");
  },
  async signals(ctx, size, { body }) {
    await ctx.step("before", body(ctx, "before"));
    const heard = await ctx.waitFor(SIGNAL, z.number(), { timeoutMs: 60_000 });
    await ctx.step("after", body(ctx, "after"));
    const none = await ctx
      .waitFor("never", z.number(), { timeoutMs: 500 * size })
      .catch((error: unknown) => (RuntimeError.is(error) ? error.code : "?"));
    return `${heard} ${none}`;
  },
  async sends(ctx, size, { body }) {
    for (const i of numbers(size)) await sendDouble(ctx, i);
    return String(await ctx.step("sent", body(ctx, "sent")));
  },
  async nested(ctx, size, { body }) {
    const found = await ctx.all("outer", numbers(2), (outer, i) =>
      outer.branch("middle", async (middle) => {
        const parts = await middle.all("inner", numbers(size), (inner, j) =>
          inner.step(`n${i}${j}`, body(inner, `n${i}${j}`)),
        );
        return parts.length + (await askDouble(middle, i));
      }),
    );
    return found.join(" ");
  },
  async cleanups(ctx, size, { body }) {
    for (const i of numbers(size)) {
      await ctx.step(`c${i}`, body(ctx, `c${i}`));
      ctx.cleanup(`undo${i}`, async (undo) => {
        await undo.step(`u${i}`, body(undo, `u${i}`));
      });
    }
    throw new Error("it did not work out");
  },
  async generations(ctx, size, { body }) {
    await ctx.step(`g${size}`, body(ctx, `g${size}`));
    if (size > 0) return await ctx.restart({ kind: "generations", size: size - 1 });
    return "the last one";
  },
  async chances(ctx, size, { body }) {
    const found: (number | string)[] = [];
    for (const i of numbers(size)) {
      const name = ctx.random() < 0.5 ? `head${i}` : `tail${i}`;
      found.push(name, await ctx.step(name, body(ctx, name)), ctx.now());
    }
    return found.join(" ");
  },
  async retries(ctx, size, { body }) {
    const found: number[] = [];
    for (const i of numbers(size)) {
      const effect = async ({ attempt }: StepContext): Promise<number> => {
        const result = await body(ctx, `t${i}`)();
        if (attempt < 3) throw REFUSED;
        return result;
      };
      const options = { class: i % 2 === 0 ? "keyed" : "repeatable", retry: RETRY } as const;
      found.push(await ctx.step(`t${i}`, effect, options));
    }
    return found.join(" ");
  },
  async changes(ctx, size, { body }) {
    const found: string[] = [];
    for (const i of numbers(size)) {
      const name = ctx.changed(`change-${i}`) ? `new${i}` : `old${i}`;
      found.push(name);
      await ctx.step(name, body(ctx, name));
    }
    return found.join(" ");
  },
};

/** Handlers whose result and requests depend on what happens first, on the time, or on where they were cut. */
export const ORDERED: ReadonlySet<string> = new Set([
  "race",
  "plainRace",
  "chances",
  "classes",
  "changes",
]);

/** The agents of the corpus, with these handlers. */
export function goldenAgents(
  tools: Tools,
  handlers: Readonly<Record<string, GoldenHandler>> = HANDLERS,
): readonly AgentDefinition[] {
  const definition = agent(golden, {
    async run(ctx, { kind, size }) {
      const handler = handlers[kind];
      if (handler === undefined) throw new Error(`there is no handler '${kind}'`);
      return await handler(ctx, size, tools);
    },
  });
  return [definition, helperAgent(tools)];
}
