import { describe, expect, test } from "vitest";
import { z } from "zod";
import { binaryKey, boardKey } from "../../../src/state/board-key.ts";
import type { SubscriberTrouble } from "../../../src/state/board-subscription.ts";
import { openBoard } from "../../../src/state/open-board.ts";
import { boardWorld, until } from "./board-world.ts";

const phase = boardKey("phase", z.string());
const score = boardKey("score.a", z.int());
const other = boardKey("score.b", z.int());

/** Writes 0, 1, 2, ... to the score. */
async function count(
  board: { set(key: typeof score, n: number): Promise<void> },
  to: number,
): Promise<void> {
  for (let n = 0; n < to; n++) await board.set(score, n);
}

describe("a subscriber hears each change in order, whichever process writes", () => {
  test("to a key", async () => {
    const world = boardWorld();
    const [board, writer] = [world.board(), world.board()];
    const heard: (number | undefined)[] = [];
    await using subscription = await board.subscribe({ key: score }, ({ value }) =>
      heard.push(value),
    );
    await writer.set(other, 9);
    await count(writer, 250);
    await writer.remove(score);
    await until(() => heard.length === 251, "all was heard");
    expect(heard).toEqual([...Array.from({ length: 250 }, (_, n) => n), undefined]);
    expect(subscription.position).toBeGreaterThan(250);
  });

  test("to a prefix, from the beginning, with bytes by reference", async () => {
    const world = boardWorld();
    const board = world.board();
    await board.set(phase, "start");
    await board.set(score, 1);
    await board.set(binaryKey("score.photo"), new Uint8Array(9));
    const heard: unknown[] = [];
    const hear = ({ entry, value }: { entry: { key: string } | null; value: unknown }): void => {
      heard.push([entry?.key, value]);
    };
    await using _ = await board.subscribe({ prefix: "score." }, hear, { from: "beginning" });
    await board.set(other, 2);
    await until(() => heard.length === 3, "all was heard");
    const photo = { blob: expect.any(String), sizeBytes: 9 };
    expect(heard).toEqual([
      ["score.a", 1],
      ["score.photo", photo],
      ["score.b", 2],
    ]);
  });

  test("to what a function makes of the board: the present selection, and each different one", async () => {
    const world = boardWorld();
    const board = world.board();
    const heard: number[] = [];
    await board.set(score, 1);
    const sum = {
      select: async (view: Awaited<ReturnType<typeof board.snapshot>>) =>
        ((await view.get(score)) ?? 0) + ((await view.get(other)) ?? 0),
    };
    await using _ = await board.subscribe(sum, ({ value }) => heard.push(value));
    await until(() => heard.length === 1, "the present selection was heard");
    await board.transaction(async (tx) => {
      await tx.set(score, 0);
      await tx.set(other, 1);
    });
    await board.set(phase, "end");
    await board.set(other, 5);
    await until(() => heard.at(-1) === 5, "the last selection was heard");
    expect(heard).toEqual([1, 5]);
  });
});

test("from a position, a new subscription goes on where an old one ended", async () => {
  const world = boardWorld();
  const board = world.board();
  const heard: unknown[] = [];
  const hear = ({ value }: { readonly value: unknown }): number => heard.push(value);
  const first = await board.subscribe({ key: score }, hear);
  await board.set(score, 1);
  await until(() => heard.length === 1, "the first was heard");
  await until(() => first.position === 1, "it has come past it");
  await first[Symbol.asyncDispose]();
  await board.set(score, 2);
  await using _ = await board.subscribe({ key: score }, hear, { from: first.position });
  await board.set(score, 3);
  await until(() => heard.length === 3, "the rest was heard");
  expect(heard).toEqual([1, 2, 3]);
});

describe("a subscriber who fails or is slow harms nobody", () => {
  test("one who never returns holds up neither writers nor other subscribers, and takes no memory", async () => {
    const world = boardWorld();
    const store = world.store();
    const lengths: number[] = [];
    const reads: typeof store.records = async (query) => {
      const page = await store.records(query);
      lengths.push(page.records.length);
      return page;
    };
    const { clock, random } = world;
    const board = openBoard({ ...store, records: reads }, "test", { clock, random, pollMs: 2 });
    const calls: unknown[] = [];
    const stuck = await board.subscribe({ key: score }, ({ value }) => {
      calls.push(value);
      return new Promise(() => {});
    });
    const heard: unknown[] = [];
    await using _ = await board.subscribe({ key: score }, ({ value }) => heard.push(value));
    await count(board, 500);
    await until(() => heard.length === 500, "the other one heard all");
    expect(calls).toEqual([0]);
    expect(stuck.position).toBe(0);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(100);
  });

  test("one who throws is told again, then passed over; each failure is reported", async () => {
    const world = boardWorld();
    const board = world.board();
    const troubles: SubscriberTrouble[] = [];
    const told: unknown[] = [];
    const heard: unknown[] = [];
    const listener = ({ value }: { readonly value: number | undefined }): void => {
      told.push(value);
      if (value === 1) throw new Error("odd");
    };
    await using _ = await board.subscribe({ key: score }, listener, {
      tries: 2,
      onTrouble: (trouble) => {
        troubles.push(trouble);
        throw new Error("even the one who hears of troubles");
      },
    });
    await using __ = await board.subscribe({ key: score }, ({ value }) => heard.push(value));
    await count(board, 3);
    await until(() => told.length === 4 && heard.length === 3, "all were told");
    expect(told).toEqual([0, 1, 1, 2]);
    expect(heard).toEqual([0, 1, 2]);
    expect(troubles).toMatchObject([
      { version: 2, tries: 1, gaveUp: false },
      { version: 2, tries: 2, gaveUp: true },
    ]);
  });

  test("a selection whose listener threw is told again", async () => {
    const world = boardWorld();
    const board = world.board();
    let calls = 0;
    const select = { select: () => "same" };
    await using _ = await board.subscribe(select, () => {
      calls++;
      if (calls === 1) throw new Error("not yet");
    });
    await until(() => calls === 2, "it was told again");
  });

  test("a value that does not fit its key is reported and passed over", async () => {
    const world = boardWorld();
    const board = world.board();
    const heard: unknown[] = [];
    const troubles: SubscriberTrouble[] = [];
    await using _ = await board.subscribe({ key: score }, ({ value }) => heard.push(value), {
      onTrouble: (trouble) => troubles.push(trouble),
    });
    await board.set(boardKey("score.a", z.string()), "high");
    await board.set(score, 4);
    await until(() => heard.length === 1, "what fits was heard");
    expect(heard).toEqual([4]);
    expect(troubles).toMatchObject([{ cause: { code: "SCHEMA" }, gaveUp: true }]);
  });
});

test("a store that fails for a while loses nobody a change", async () => {
  const world = boardWorld();
  const store = world.store();
  let failures = 0;
  const records: typeof store.records = (query) =>
    failures > 0 && failures-- > 0
      ? Promise.reject(new Error("the disk is gone"))
      : store.records(query);
  const { clock, random } = world;
  const board = openBoard({ ...store, records }, "test", { clock, random, pollMs: 2 });
  const [heard, troubles] = [[] as unknown[], [] as SubscriberTrouble[]];
  await using _ = await board.subscribe({ key: score }, ({ value }) => heard.push(value), {
    onTrouble: (trouble) => troubles.push(trouble),
  });
  failures = 3;
  await count(world.board(), 2);
  await until(() => heard.length === 2, "all was heard");
  expect(heard).toEqual([0, 1]);
  expect(troubles.length).toBeGreaterThan(0);
  expect(troubles.every(({ gaveUp }) => !gaveUp)).toBe(true);
});

test("nor when it fails to give a large value", async () => {
  const world = boardWorld();
  const store = world.store();
  let failures = 2;
  const blob: typeof store.blob = (id) =>
    failures-- > 0 ? Promise.reject(new Error("the disk is gone")) : store.blob(id);
  const { clock, random } = world;
  const board = openBoard({ ...store, blob }, "test", { clock, random, pollMs: 2 });
  const heard: unknown[] = [];
  await using _ = await board.subscribe({ key: phase }, ({ value }) => heard.push(value), {
    tries: 1,
  });
  const long = "x".repeat(20_000);
  await board.set(phase, long);
  await board.set(phase, "short");
  await until(() => heard.length === 2, "all was heard");
  expect(heard).toEqual([long, "short"]);
});

test("changes are heard without polling: its own, and those that the store tells of", async () => {
  const world = boardWorld();
  const store = world.store();
  const listeners: (() => void)[] = [];
  const watch: typeof store.watch = (listener) => {
    listeners.push(listener);
    return () => listeners.splice(listeners.indexOf(listener), 1);
  };
  const { clock, random } = world;
  const board = openBoard({ ...store, watch }, "test", { clock, random, pollMs: 10_000_000 });
  const heard: unknown[] = [];
  await using _ = await board.subscribe({ key: score }, ({ value }) => heard.push(value));
  await new Promise((resolve) => setImmediate(resolve));
  await board.set(score, 1);
  await until(() => heard.length === 1, "its own write was heard");
  await new Promise((resolve) => setImmediate(resolve));
  await world.board().set(score, 2);
  for (const tell of listeners) tell();
  await until(() => heard.length === 2, "the other one's write was heard");
  await board[Symbol.asyncDispose]();
  expect(listeners).toEqual([]);
});

test("there are no more subscriptions than the limit, and room again when one has ended", async () => {
  const world = boardWorld();
  const board = world.board(undefined, { maxSubscriptions: 1 });
  const stop = new AbortController();
  const first = await board.subscribe({ prefix: "" }, () => {}, { signal: stop.signal });
  await expect(board.subscribe({ prefix: "" }, () => {})).rejects.toMatchObject({
    code: "LIMIT_REACHED",
  });
  stop.abort();
  await first.ended;
  await using _ = await board.subscribe({ prefix: "" }, () => {});
});

test("when a board is closed, its subscriptions end, and nobody is told any more", async () => {
  const world = boardWorld();
  const [board, writer] = [world.board(), world.board()];
  const heard: unknown[] = [];
  const subscription = await board.subscribe({ key: score }, ({ value }) => heard.push(value));
  await board[Symbol.asyncDispose]();
  await subscription.ended;
  await writer.set(score, 1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
  await expect(board.subscribe({ key: score }, () => {})).rejects.toMatchObject({ code: "CLOSED" });
});
