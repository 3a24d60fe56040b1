import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  agent,
  type Broadcast,
  type Context,
  contract,
  type Input,
  messageType,
  type Operation,
  type Output,
  to,
} from "../../src/index.ts";

const recall = messageType("recall", {
  input: z.object({ part: z.string(), urgent: z.boolean().default(false) }),
  output: z.object({ returned: z.number() }),
});
const shop = contract("shop", { recall: recall.shape });

declare const ctx: Context;

test("a message type keeps the types of its schemas, at whomever it is addressed", () => {
  const operation = to("shop", recall);
  expectTypeOf<Input<typeof operation>>().toEqualTypeOf<{
    part: string;
    urgent?: boolean | undefined;
  }>();
  expectTypeOf<Output<typeof operation>>().toEqualTypeOf<{ returned: number }>();
  expectTypeOf(ctx.ask(operation, { part: "screw" })).resolves.toEqualTypeOf<{
    returned: number;
  }>();
  // @ts-expect-error `part` is missing
  void ctx.ask(operation, { urgent: true });
});

test("a contract takes a message type by its shape, and is addressed like one", () => {
  expectTypeOf(shop.recall).toExtend<Operation<typeof recall.shape>>();
  agent(shop, {
    recall: (_ctx, input) => {
      expectTypeOf(input).toEqualTypeOf<{ part: string; urgent: boolean }>();
      return { returned: 1 };
    },
  });
  // @ts-expect-error the answer is no text
  agent(shop, { recall: () => "one" });
});

test("a broadcast takes the input of its type, and tells who got it", () => {
  expectTypeOf(ctx.broadcast(recall, { part: "screw" })).resolves.toEqualTypeOf<Broadcast>();
  void ctx.broadcast(recall, { part: "screw" }, { group: "shops", self: true });
  // @ts-expect-error a number is no part
  void ctx.broadcast(recall, { part: 1 });
  // @ts-expect-error an operation of an agent is no message type
  void ctx.broadcast(contract("other", { count: { input: z.int(), output: z.int() } }), 1);
});

test("a key is made of the parsed input, whichever operation it is of", () => {
  contract(
    "stock",
    {
      take: { input: z.object({ part: z.string().default("screw") }), output: z.null() },
      count: { input: z.object({ part: z.string(), of: z.int() }), output: z.int() },
    },
    {
      key: (input) => {
        expectTypeOf(input).toEqualTypeOf<{ part: string } | { part: string; of: number }>();
        return input.part;
      },
    },
  );
  contract(
    "bin",
    { drop: { input: z.object({ weight: z.number() }), output: z.null() } },
    // @ts-expect-error a key is a text
    { key: ({ weight }) => weight },
  );
  contract(
    "shelf",
    {
      put: { input: z.object({ part: z.string() }), output: z.null() },
      tidy: { input: z.null(), output: z.null() },
    },
    // @ts-expect-error not every input has a part
    { key: ({ part }) => part },
  );
});
