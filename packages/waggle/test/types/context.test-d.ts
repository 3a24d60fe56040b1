import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  agent,
  type Context,
  contract,
  type RuntimeError,
  type StepOptions,
  type System,
} from "../../src/index.ts";

const librarian = contract("librarian", {
  lookup: {
    input: z.object({ device: z.string(), limit: z.number().default(3) }),
    output: z.array(z.object({ title: z.string() })),
  },
});

declare const ctx: Context;
declare const system: System;

test("the answer of an ask has the type of the contract's output", () => {
  expectTypeOf(ctx.ask(librarian.lookup, { device: "kettle" })).resolves.toEqualTypeOf<
    { title: string }[]
  >();
});

test("an input with a default may leave it out, and a wrong one is refused", () => {
  // @ts-expect-error `device` is missing
  void ctx.ask(librarian.lookup, { limit: 3 });
  // @ts-expect-error no such operation
  void librarian.borrow;
});

test("a handler gets the parsed input and must return the output", () => {
  agent(librarian, {
    lookup: (_ctx, input) => {
      expectTypeOf(input).toEqualTypeOf<{ device: string; limit: number }>();
      return [{ title: input.device }];
    },
  });
  // @ts-expect-error a number is no list of guides
  agent(librarian, { lookup: () => 3 });
  // @ts-expect-error the handler is missing
  agent(librarian, {});
});

test("a step takes data, interfaces included, and gives it back with its type", () => {
  interface Guide {
    readonly title: string;
    readonly pages?: number;
  }
  const guide: Guide = { title: "kettles" };
  expectTypeOf(ctx.step("a", () => guide)).resolves.toEqualTypeOf<Guide>();
  expectTypeOf(ctx.step("b", async () => [1, 2, 3])).resolves.toEqualTypeOf<number[]>();
  expectTypeOf(ctx.step("c", () => null)).resolves.toEqualTypeOf<null>();
  expectTypeOf(ctx.step("d", () => 3)).resolves.toEqualTypeOf<number>();
  expectTypeOf(
    ctx.step("e", async ({ key }) => ({ key }), { class: "keyed" }),
  ).resolves.toEqualTypeOf<{
    key: string;
  }>();
});

test("a step takes its retries, and what finds its effect has to give its type", () => {
  const retry = { attempts: 3, backoffMs: 100, retryIf: (error: RuntimeError) => error.retryable };
  expectTypeOf(ctx.step("a", ({ attempt }) => attempt, { retry })).resolves.toEqualTypeOf<number>();
  const guarded = { class: "once", timeoutMs: 1_000 } as const;
  const found = ctx.step("b", () => ({ id: "x" }), {
    ...guarded,
    reconcile: async ({ key }) =>
      key === "" ? { found: false } : { found: true, value: { id: key } },
  });
  expectTypeOf(found).resolves.toEqualTypeOf<{ id: string }>();
  void ctx.step("c", () => 3, {
    ...guarded,
    // @ts-expect-error the step returns a number
    reconcile: () => ({ found: true, value: "3" }),
  });
  // @ts-expect-error how many attempts?
  void ctx.step("d", () => 3, { retry: { backoffMs: 100 } });
  const same: StepOptions = { class: "keyed", retry: { attempts: 2 } };
  expectTypeOf(ctx.step("e", () => "e", same)).resolves.toEqualTypeOf<string>();
});

test("a step refuses what is no data", () => {
  // @ts-expect-error a date is no plain data
  void ctx.step("date", () => new Date());
  // @ts-expect-error a function is no data
  void ctx.step("function", () => () => 1);
  // @ts-expect-error nothing is no data; return null
  void ctx.step("nothing", () => {});
  // @ts-expect-error a map is no plain data
  void ctx.step("map", async () => new Map<string, string>());
});

test("the result of a run has the type of the contract's output", async () => {
  const run = await system.start(librarian.lookup, { device: "kettle" });
  expectTypeOf(run.result()).resolves.toEqualTypeOf<{ title: string }[]>();
});
