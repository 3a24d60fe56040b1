import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  boardIn,
  boardKey,
  type Context,
  contract,
  type ErrorData,
  type FailedResponse,
  on,
  type openBoard,
  publishIn,
  requestIn,
  requestTopic,
  type Subscription,
  type System,
  type TopicEvent,
  type TopicResponse,
  topic,
} from "../../src/index.ts";

const finding = boardKey(
  "finding",
  z.object({ text: z.string(), confidence: z.number().default(0.5) }),
);
const tags = boardKey("tags", z.array(z.string()), { merge: "union" });
const created = topic(
  "orders.created",
  z.object({ id: z.string(), paid: z.boolean().default(false) }),
);
type Finding = { text: string; confidence: number };
type Order = { id: string; paid: boolean };

declare const ctx: Context;
declare const system: System;

test("the board of a handler reads outputs and takes inputs of a key's schema", async () => {
  const board = boardIn(ctx, "incidents");
  expectTypeOf(board.get(finding)).resolves.toEqualTypeOf<Finding | undefined>();
  void board.set(finding, { text: "loose screw" });
  // @ts-expect-error `text` is missing
  void board.set(finding, { confidence: 1 });
  const view = await board.snapshot([finding, tags, { prefix: "other." }]);
  expectTypeOf(view.get(finding)).toEqualTypeOf<Finding | undefined>();
  expectTypeOf(view.get(tags)).toEqualTypeOf<string[] | undefined>();
  void board.set(tags, ["red"], { basedOn: view });
});

test("a transaction gives what its body gives", async () => {
  const counted = boardIn(ctx).transaction("count", async (transaction) => {
    const now = await transaction.get(tags);
    expectTypeOf(now).toEqualTypeOf<string[] | undefined>();
    return now?.length ?? 0;
  });
  expectTypeOf(counted).resolves.toEqualTypeOf<number>();
  const outside = system.board("incidents").transaction(async () => "done" as const);
  expectTypeOf(outside).resolves.toEqualTypeOf<"done">();
  expectTypeOf(system.board).returns.toEqualTypeOf<ReturnType<typeof openBoard>>();
});

test("what is published fits the topic's schema, with its defaults left out", () => {
  expectTypeOf(publishIn(ctx, created, { id: "1" })).resolves.toEqualTypeOf<void>();
  void publishIn(ctx, created, { id: "1", paid: true }, { confidence: 0.9, key: "first" });
  // @ts-expect-error `id` is missing
  void publishIn(ctx, created, { paid: true });
});

test("who follows a topic gets its parsed values, who follows a pattern gets unknown ones", async () => {
  for await (const event of system.topics.follow(created)) {
    expectTypeOf(event).toEqualTypeOf<TopicEvent<Order>>();
    break;
  }
  for await (const { value } of system.topics.follow("orders.>")) {
    expectTypeOf(value).toEqualTypeOf<unknown>();
    break;
  }
  const { events } = await system.topics.read(created, 0);
  expectTypeOf(events[0]?.value).toEqualTypeOf<Order | undefined>();
});

test("responses to a request have the type of its topic", async () => {
  const wanted = requestTopic("offers.wanted", {
    request: z.object({ part: z.string(), count: z.int().default(1) }),
    response: z.object({ price: z.number(), days: z.number().default(3) }),
  });
  const { responses, failed, missing } = await requestIn(
    ctx,
    wanted,
    { part: "screw" },
    { timeoutMs: 1_000, atLeast: 1 },
  );
  expectTypeOf(responses[0]?.value).toEqualTypeOf<{ price: number; days: number } | undefined>();
  type Offer = { price: number; days: number };
  expectTypeOf(responses).toEqualTypeOf<readonly TopicResponse<Offer>[]>();
  expectTypeOf(failed).toEqualTypeOf<readonly FailedResponse[]>();
  expectTypeOf(failed[0]?.error).toEqualTypeOf<ErrorData | undefined>();
  expectTypeOf(missing).toEqualTypeOf<readonly string[]>();
  // @ts-expect-error `part` is missing
  void requestIn(ctx, wanted, { count: 1 }, { timeoutMs: 1_000 });
  // @ts-expect-error a request has an end
  void requestIn(ctx, wanted, { part: "screw" }, {});
  // @ts-expect-error nobody responds on a topic that is for events only
  void requestIn(ctx, created, { id: "1" }, { timeoutMs: 1_000 });
  void publishIn(ctx, wanted, { part: "screw" });
});

test("whoever is subscribed to a topic for requests returns responses", () => {
  const wanted = requestTopic("offers.wanted", {
    request: z.string(),
    response: z.object({ price: z.number() }),
  });
  const shop = contract("shop", {
    offer: { input: z.string(), output: z.object({ price: z.number(), name: z.string() }) },
    note: { input: z.string(), output: z.null() },
    count: { input: z.number(), output: z.object({ price: z.number() }) },
  });
  on(wanted, shop.offer);
  on(wanted, shop.offer, { filter: ({ value }) => value.startsWith("s") });
  // @ts-expect-error null is no offer
  on(wanted, shop.note);
  // @ts-expect-error a text is no number
  on(wanted, shop.count);
});

test("a subscription gives its operation the parsed value, or the event", () => {
  const billing = contract("billing", {
    bill: { input: z.object({ id: z.string(), paid: z.boolean() }), output: z.null() },
    note: {
      input: z.object({ topic: z.string(), position: z.number(), value: z.unknown() }),
      output: z.null(),
    },
    sum: { input: z.number(), output: z.null() },
  });
  expectTypeOf(on(created, billing.bill)).toEqualTypeOf<Subscription>();
  on(created, billing.bill, { filter: ({ value, confidence }) => value.paid && confidence !== 0 });
  on(created, billing.note, { give: "event" });
  // @ts-expect-error an order is no number
  on(created, billing.sum);
  // @ts-expect-error an order has no price
  on(created, billing.bill, { filter: ({ value }) => value.price > 0 });
});
