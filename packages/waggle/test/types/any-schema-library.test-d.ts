import { expectTypeOf, test } from "vitest";
import {
  agent,
  boardIn,
  boardKey,
  type Context,
  contract,
  messageType,
  on,
  publishIn,
  type Run,
  type System,
  to,
  topic,
} from "../../src/index.ts";
import { numberOr, record, text, words } from "./hand-made-schema.ts";

const Lookup = record({ device: text(), limit: numberOr(3) });
const librarian = contract(
  "librarian",
  { lookup: { input: Lookup, output: words() } },
  {
    key: (input) => {
      expectTypeOf(input).toEqualTypeOf<{ readonly device: string; readonly limit: number }>();
      return input.device;
    },
  },
);

declare const ctx: Context;
declare const system: System;

test("a contract infers from the schemas of any library", () => {
  agent(librarian, {
    lookup: (_ctx, { device, limit }) => {
      expectTypeOf(device).toEqualTypeOf<string>();
      expectTypeOf(limit).toEqualTypeOf<number>();
      return `${device} ${limit}`;
    },
  });
  // @ts-expect-error the schema's input is a text, though its output is a list
  agent(librarian, { lookup: () => ["one", "two"] });
  const answer = ctx.ask(librarian.lookup, { device: "kettle", limit: undefined });
  expectTypeOf(answer).resolves.toEqualTypeOf<string[]>();
  expectTypeOf(
    system.start(librarian.lookup, { device: "kettle", limit: 1 }),
  ).resolves.toEqualTypeOf<Run<string[]>>();
  // @ts-expect-error a number is no device
  void ctx.ask(librarian.lookup, { device: 1, limit: 1 });
});

test("so do message types, signals, boards and topics", () => {
  const recall = messageType("recall", { input: text(), output: numberOr(0) });
  expectTypeOf(ctx.ask(to("shop", recall), "screw")).resolves.toEqualTypeOf<number>();
  expectTypeOf(ctx.waitFor("said", words(), { timeoutMs: null })).resolves.toEqualTypeOf<
    string[]
  >();
  const counted = boardKey("counted", numberOr(0), { merge: "counter" });
  expectTypeOf(boardIn(ctx).get(counted)).resolves.toEqualTypeOf<number | undefined>();
  const said = topic("said", record({ by: text(), limit: numberOr(1) }));
  void publishIn(ctx, said, { by: "anna", limit: undefined });
  // @ts-expect-error `by` is missing
  void publishIn(ctx, said, { limit: 1 });
  const listener = contract("listener", {
    hear: { input: record({ by: text(), limit: numberOr(1) }), output: text() },
    count: { input: numberOr(0), output: text() },
  });
  on(said, listener.hear);
  // @ts-expect-error what was said is no number
  on(said, listener.count);
});
