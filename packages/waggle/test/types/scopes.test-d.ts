import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type Context, contract, type Won } from "../../src/index.ts";

const reader = contract("reader", {
  read: { input: z.string(), output: z.object({ pages: z.number() }) },
});

declare const ctx: Context;

test("all gives a list of what its branch gives, and the branch gets the items", () => {
  const items = [{ book: "bees" }, { book: "dances" }] as const;
  const read = ctx.all("books", items, (branch, { book }, index) => {
    expectTypeOf(branch).toEqualTypeOf<Context>();
    expectTypeOf(book).toEqualTypeOf<"bees" | "dances">();
    expectTypeOf(index).toEqualTypeOf<number>();
    return branch.ask(reader.read, book);
  });
  expectTypeOf(read).resolves.toEqualTypeOf<{ pages: number }[]>();
  void ctx.all("keyed", items, async () => null, { key: ({ book }) => book, concurrency: 2 });
  // @ts-expect-error a key is a text
  void ctx.all("keyed", items, async () => null, { key: (_item) => 1 });
  // @ts-expect-error a number is no book
  void ctx.all("numbers", [1, 2], (branch, item) => branch.ask(reader.read, item));
});

test("race tells the branches apart by their names, each with its own type", async () => {
  const won = await ctx.race("first", {
    book: (branch) => branch.ask(reader.read, "bees"),
    time: (branch) => branch.sleep("too long", 1_000),
    word: () => "word",
  });
  expectTypeOf(won.winner).toEqualTypeOf<"book" | "time" | "word">();
  if (won.winner === "book") expectTypeOf(won.value).toEqualTypeOf<{ pages: number }>();
  if (won.winner === "time") expectTypeOf(won.value).toEqualTypeOf<void>();
  if (won.winner === "word") expectTypeOf(won.value).toEqualTypeOf<string>();
  expectTypeOf<Won<{ readonly a: () => Promise<number> }>>().toEqualTypeOf<{
    readonly winner: "a";
    readonly value: number;
  }>();
  // @ts-expect-error there is no such branch
  void (won.winner === "nobody");
});

test("a branch gives what its body gives", () => {
  const result = ctx.branch("one", async (branch) => {
    expectTypeOf(branch).toEqualTypeOf<Context>();
    return [await branch.step("count", () => 1)];
  });
  expectTypeOf(result).resolves.toEqualTypeOf<number[]>();
});

test("a signal has the type of its schema's output, and a wait says how long it lasts", () => {
  const signed = z.object({ by: z.string(), on: z.string().default("paper") });
  const wait = ctx.waitFor("signed", signed, { timeoutMs: null });
  expectTypeOf(wait).resolves.toEqualTypeOf<{ by: string; on: string }>();
  // @ts-expect-error no limit has to be said, too
  void ctx.waitFor("signed", signed, {});
});

test("a restart never resolves, so it fits every result", () => {
  expectTypeOf(ctx.restart({ n: 1 })).resolves.toEqualTypeOf<never>();
});
