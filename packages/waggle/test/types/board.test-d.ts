import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { contract } from "../../src/core/contract.ts";
import type { Board } from "../../src/state/board.ts";
import type { BoardContext } from "../../src/state/board-context.ts";
import { binaryKey, boardKey, type StoredBytes } from "../../src/state/board-key.ts";
import { on } from "../../src/state/subscription.ts";
import { topic } from "../../src/state/topic.ts";
import type { Topics } from "../../src/state/topics.ts";

declare const board: Board;
declare const inHandler: BoardContext;
declare const topics: Topics;

const finding = boardKey(
  "finding",
  z.object({ text: z.string(), confidence: z.number().default(0.5) }),
);
const photo = binaryKey("photo");
const hits = boardKey("hits", z.int(), { merge: "counter" });
type Finding = { text: string; confidence: number };

test("what is read has the type of the schema's output, bytes are given by reference in handlers", () => {
  expectTypeOf(board.get(finding)).resolves.toEqualTypeOf<Finding | undefined>();
  expectTypeOf(board.get(photo)).resolves.toEqualTypeOf<Uint8Array | undefined>();
  expectTypeOf(inHandler.get(photo)).resolves.toEqualTypeOf<StoredBytes | undefined>();
  expectTypeOf(inHandler.update(hits, (now = 0) => now + 1)).resolves.toEqualTypeOf<number>();
});

test("what is written may leave out defaults, and anything else is refused", () => {
  void board.set(finding, { text: "loose screw" });
  void board.update(finding, (now) => {
    expectTypeOf(now).toEqualTypeOf<Finding | undefined>();
    return { text: now?.text ?? "" };
  });
  // @ts-expect-error `text` is missing
  void board.set(finding, { confidence: 1 });
  // @ts-expect-error bytes are no number
  void board.add(photo, 1);
  // @ts-expect-error a finding is no number
  void board.add(finding, 1);
});

test("a merge rule must fit the schema", () => {
  boardKey("tags", z.array(z.string()), { merge: "union" });
  boardKey("log", z.array(z.string()), { merge: { type: "append", limit: 10 } });
  boardKey("best", z.number(), { merge: (mine, theirs, base) => mine + theirs - (base ?? 0) });
  // @ts-expect-error a text cannot be counted
  boardKey("name", z.string(), { merge: "counter" });
  // @ts-expect-error a number is no list
  boardKey("size", z.number(), { merge: "union" });
});

test("a subscriber hears values of the key's type, or of the selection's", () => {
  void board.subscribe({ key: finding }, ({ value }) => {
    expectTypeOf(value).toEqualTypeOf<Finding | undefined>();
  });
  void board.subscribe({ select: async (view) => (await view.get(hits)) ?? 0 }, ({ value }) => {
    expectTypeOf(value).toEqualTypeOf<number>();
  });
});

const created = topic("orders.created", z.object({ id: z.string() }));
const billing = contract("billing", {
  bill: { input: z.object({ id: z.string() }), output: z.null() },
  count: { input: z.number(), output: z.null() },
});

test("an operation subscribes only to events that fit its input", () => {
  on(created, billing.bill, { filter: ({ value }) => value.id !== "" });
  on("orders.>", billing.count);
  // @ts-expect-error an order is no number
  on(created, billing.count);
  // @ts-expect-error the whole event is no order
  on(created, billing.bill, { give: "event" });
  void topics.publish(created, { id: "1" });
  // @ts-expect-error a number is no order
  void topics.publish(created, 1);
});
