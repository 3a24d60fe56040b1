import type { Context } from "../../src/index.ts";
import { type GoldenHandler, HANDLERS } from "./golden-handlers.ts";
import { askDouble, askRefused, sendDouble, type Tools } from "./golden-helper.ts";
import type { History } from "./history.ts";
import { recorded, replayHistory } from "./replay-history.ts";

/** A way in which somebody changes a handler while runs of it are under way. */
export interface CodeChange {
  readonly name: string;
  /** The handler of the corpus that it changes. */
  readonly kind: string;
  /**
   * `caught`: it does not fit what is recorded; the task must be stuck before anything new happens. `harmless`: it
   * must end as before.
   */
  readonly is: "caught" | "harmless";
  readonly handler: GoldenHandler;
}

type Body = Tools["body"];

async function sumOf(ctx: Context, names: readonly string[], body: Body): Promise<string> {
  let sum = 0;
  for (const name of names) sum += await ctx.step(name, body(ctx, name));
  return String(sum);
}

function names(size: number): string[] {
  return Array.from({ length: size }, (_, i) => `s${i}`);
}

/** Kinds of change, each of one handler. */
export const CODE_CHANGES: readonly CodeChange[] = [
  {
    name: "a step is renamed",
    kind: "chain",
    is: "caught",
    handler: (ctx, size, { body }) => sumOf(ctx, ["renamed", ...names(size).slice(1)], body),
  },
  {
    name: "a step is put in front",
    kind: "chain",
    is: "caught",
    handler: (ctx, size, { body }) => sumOf(ctx, ["new", ...names(size)], body),
  },
  {
    name: "a step is left out",
    kind: "chain",
    is: "caught",
    handler: (ctx, size, { body }) => sumOf(ctx, names(size).slice(0, -1), body),
  },
  {
    name: "two steps change places",
    kind: "fan",
    is: "caught",
    handler: async (ctx, size, { body }) => {
      const items = Array.from({ length: size }, (_, i) => i);
      const found = await ctx.all("items", items, async (branch, item) => {
        const second = await askDouble(branch, item);
        return second + (await branch.step(`f${item}`, body(branch, `f${item}`)));
      });
      return found.join(" ");
    },
  },
  {
    name: "a step becomes an ask",
    kind: "chain",
    is: "caught",
    handler: async (ctx, size) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += await askDouble(ctx, i);
      return String(sum);
    },
  },
  {
    name: "another operation is asked",
    kind: "asks",
    is: "caught",
    handler: async (ctx, size) => {
      for (let i = 0; i < size; i++) await askRefused(ctx, i);
      return "";
    },
  },
  {
    name: "something else is asked",
    kind: "asks",
    is: "caught",
    handler: async (ctx, size) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += await askDouble(ctx, i + 100);
      return String(sum);
    },
  },
  {
    name: "an ask becomes a send",
    kind: "asks",
    is: "caught",
    handler: async (ctx, size) => {
      for (let i = 0; i < size; i++) await sendDouble(ctx, i);
      return "";
    },
  },
  {
    name: "branches become a loop",
    kind: "fan",
    is: "caught",
    handler: async (ctx, size, { body }) => {
      const found: number[] = [];
      for (let i = 0; i < size; i++) {
        const first = await ctx.step(`f${i}`, body(ctx, `f${i}`));
        found.push(first + (await askDouble(ctx, i)));
      }
      return found.join(" ");
    },
  },
  {
    name: "a branch is left out",
    kind: "limited",
    is: "caught",
    handler: (ctx, size, tools) => mustBe("limited")(ctx, size - 1, tools),
  },
  {
    name: "branches get other keys",
    kind: "limited",
    is: "caught",
    handler: async (ctx, size, { body }) => {
      const items = Array.from({ length: size }, (_, i) => i);
      const options = { concurrency: 2, key: (item: number) => `other-${item}` };
      const found = await ctx.all(
        "items",
        items,
        (branch, item) => branch.step(`l${item}`, body(branch, `l${item}`)),
        options,
      );
      return found.join(" ");
    },
  },
  {
    name: "an error is not caught any more",
    kind: "failures",
    is: "caught",
    handler: async (ctx, _size, { body }) => {
      await ctx.step("bad0", body(ctx, "bad0"));
      return "";
    },
  },
  {
    name: "a sleep is left out",
    kind: "sleeps",
    is: "caught",
    handler: async (ctx, _size, { body }) => String(await ctx.step("z0", body(ctx, "z0"))),
  },
  {
    name: "a wait is for another signal",
    kind: "signals",
    is: "caught",
    handler: async (ctx, _size, { body }) => {
      await ctx.step("before", body(ctx, "before"));
      await ctx.sleep("instead", 1_000);
      return String(await ctx.step("after", body(ctx, "after")));
    },
  },
  {
    name: "plain awaits are added",
    kind: "fan",
    is: "harmless",
    handler: async (ctx, size, { body }) => {
      const items = Array.from({ length: size }, (_, i) => i);
      for (let i = 0; i < 7; i++) await null;
      const found = await ctx.all("items", items, async (branch, item) => {
        for (let i = 0; i < 5 - item; i++) await null;
        const first = await branch.step(`f${item}`, body(branch, `f${item}`));
        return (await Promise.resolve(first)) + (await askDouble(branch, item));
      });
      return found.join(" ");
    },
  },
  {
    name: "a step is moved into a helper function",
    kind: "chain",
    is: "harmless",
    handler: async (ctx, size, { body }) => {
      const once = async (name: string): Promise<number> => await ctx.step(name, body(ctx, name));
      let sum = 0;
      for (const name of names(size)) sum += await once(name);
      return String(sum);
    },
  },
  {
    name: "the body of a step is another",
    kind: "chain",
    is: "harmless",
    handler: async (ctx, size) => {
      let sum = 0;
      for (const name of names(size)) sum += await ctx.step(name, () => 1_000);
      return String(sum);
    },
  },
  {
    name: "a step gets another class",
    kind: "chain",
    is: "harmless",
    handler: async (ctx, size, { body }) => {
      let sum = 0;
      for (const name of names(size))
        sum += await ctx.step(name, body(ctx, name), { class: "once" });
      return String(sum);
    },
  },
  {
    name: "a new step is guarded by ctx.changed",
    kind: "chain",
    is: "harmless",
    handler: async (ctx, size, { body }) => {
      if (ctx.changed("first")) await ctx.step("new", body(ctx, "new"));
      return await sumOf(ctx, names(size), body);
    },
  },
];

function mustBe(kind: string): GoldenHandler {
  const handler = HANDLERS[kind];
  if (handler === undefined) throw new Error(`there is no handler '${kind}'`);
  return handler;
}

/** What the kernel does otherwise than it must with runs whose code was changed; in words. */
export async function changeFaults(
  change: CodeChange,
  corpus: readonly History[],
): Promise<readonly string[]> {
  const histories = corpus.filter(({ kind }) => kind === change.kind);
  const handlers = { ...HANDLERS, [change.kind]: change.handler };
  const faults: string[] = [];
  for (const history of histories) {
    // All that the old code did is recorded, so whatever differs has to show.
    const found = await replayHistory(history, history.cuts.at(-1) ?? 0, handlers);
    const before = recorded(history).outcome;
    const isSame = JSON.stringify(found.outcome) === JSON.stringify(before);
    const all = [
      ...(found.failure === undefined ? [] : [found.failure]),
      ...found.effects.map((effect) => `${effect} happened`),
      ...(change.is === "caught" && found.stuck.length === 0 ? ["it was not noticed"] : []),
      ...(change.is === "harmless" ? found.stuck.map((why) => `stuck: ${why}`) : []),
      ...(change.is === "harmless" && !isSame ? ["it ended otherwise"] : []),
    ];
    faults.push(
      ...all.map((fault) => `${change.name} (${history.kind} ${history.seed}): ${fault}`),
    );
  }
  return histories.length === 0 ? [`nothing of '${change.kind}' is recorded`] : faults;
}
