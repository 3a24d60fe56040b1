import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hostIdFrom, parseRunId } from "../../../src/core/ids.ts";
import type { Board } from "../../../src/state/board.ts";
import { binaryKey, boardKey } from "../../../src/state/board-key.ts";
import { openBoard } from "../../../src/state/open-board.ts";
import { boardWorld, type CommitFault, faultyStore } from "./board-world.ts";

const text = z.string();
const names = ["a", "a.b", "b"] as const;
const keys = Object.fromEntries(names.map((name) => [name, boardKey(name, text)]));
const hits = boardKey("hits", z.int(), { merge: "counter" });

type Command =
  | { readonly type: "set"; readonly name: string; readonly value: string }
  | { readonly type: "append"; readonly name: string; readonly value: string }
  | { readonly type: "remove"; readonly name: string }
  | { readonly type: "swap"; readonly name: string; readonly other: string };

const name = fc.constantFrom(...names);
const value = fc.string({ maxLength: 3 });
const commands = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom("set" as const), name, value }),
    fc.record({ type: fc.constantFrom("append" as const), name, value }),
    fc.record({ type: fc.constantFrom("remove" as const), name }),
    fc.record({ type: fc.constantFrom("swap" as const), name, other: name }),
  ),
  { maxLength: 25 },
);

function keyOf(named: string): ReturnType<typeof boardKey<typeof text>> {
  const found = keys[named];
  if (found === undefined) throw new Error(named);
  return found;
}

/** The model: what a plain map would do. */
function applyToMap(map: Map<string, string>, command: Command): void {
  const put = (named: string, written: string | undefined): void => {
    if (written === undefined) map.delete(named);
    else map.set(named, written);
  };
  switch (command.type) {
    case "set":
      map.set(command.name, command.value);
      break;
    case "append":
      map.set(command.name, (map.get(command.name) ?? "") + command.value);
      break;
    case "remove":
      map.delete(command.name);
      break;
    case "swap": {
      const [one, other] = [map.get(command.name), map.get(command.other)];
      put(command.name, other);
      put(command.other, one);
      break;
    }
  }
}

async function applyToBoard(board: Board, command: Command): Promise<void> {
  const key = keyOf(command.name);
  switch (command.type) {
    case "set":
      return board.set(key, command.value);
    case "append":
      await board.update(key, (now = "") => now + command.value);
      return;
    case "remove":
      return board.remove(key);
    case "swap": {
      const other = keyOf(command.other);
      await board.transaction(async (tx) => {
        const [mine, theirs] = [await tx.get(key), await tx.get(other)];
        await (theirs === undefined ? tx.remove(key) : tx.set(key, theirs));
        await (mine === undefined ? tx.remove(other) : tx.set(other, mine));
      });
    }
  }
}

async function contents(board: Board, version?: number): Promise<Map<string, unknown>> {
  const entries = await (await board.snapshot(version)).entries("");
  return new Map(entries.map((entry) => [entry.key, entry.value]));
}

test("a board does what a map does, and every past version is still there", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const world = boardWorld();
      const board = world.board();
      const map = new Map<string, string>();
      const past: { readonly version: number; readonly map: Map<string, string> }[] = [];
      for (const command of list) {
        applyToMap(map, command);
        await applyToBoard(board, command);
        past.push({ version: (await board.snapshot()).version, map: new Map(map) });
        for (const named of names) expect(await board.get(keyOf(named))).toBe(map.get(named));
      }
      for (const { version, map: then } of past)
        expect(await contents(board, version)).toEqual(then);
      // Any version is the fold of the history up to it.
      const { entries } = await board.history({ prefix: "" }, { limit: 1_000 });
      const fold = new Map<string, unknown>();
      for (const { key, version, removed, value: written } of entries) {
        if (removed) fold.delete(key);
        else fold.set(key, written);
        expect(await contents(board, version)).toEqual(fold);
      }
    }),
    { numRuns: 40 },
  );
});

test("what does not fit the schema is refused when it is written and when it is read", async () => {
  const world = boardWorld();
  const board = world.board();
  const age = boardKey("age", z.int().min(0));
  await expect(board.set(age, -1)).rejects.toMatchObject({ code: "SCHEMA" });
  await board.set(boardKey("age", z.string()), "old");
  await expect(board.get(age)).rejects.toMatchObject({ code: "SCHEMA" });
  await expect(board.set(hits, 0.5)).rejects.toMatchObject({ code: "SCHEMA" });
});

test("a default of a schema is filled in when a value is written", async () => {
  const board = boardWorld().board();
  const finding = boardKey(
    "finding",
    z.object({ text: z.string(), confidence: z.number().default(0.5) }),
  );
  await board.set(finding, { text: "loose screw" });
  expect(await board.get(finding)).toEqual({ text: "loose screw", confidence: 0.5 });
});

test("bytes and long texts are kept by content, once, and come back as they were", async () => {
  const world = boardWorld();
  const board = world.board();
  const photo = binaryKey("photo");
  const report = boardKey("report", z.string());
  const bytes = new Uint8Array(40_000).map((_, i) => i % 251);
  const long = "waggle ".repeat(5_000);
  await board.set(photo, bytes);
  bytes.fill(0);
  await board.set(report, long);
  expect((await board.get(photo))?.[250]).toBe(250);
  expect(await board.get(report)).toBe(long);
  const { entries } = await board.history({ prefix: "" });
  expect(entries[0]?.value).toMatchObject({ sizeBytes: 40_000 });
  const { records } = await world.store().records({ log: "board.test" });
  for (const { data } of records) expect(data?.length).toBeLessThan(400);
  await board.set(binaryKey("copy"), entries[0]?.value as { blob: string; sizeBytes: number });
  expect(await board.get(binaryKey("copy"))).toEqual(await board.get(photo));
});

test("a value that was read belongs to the reader: changing it changes nothing", async () => {
  const board = boardWorld().board();
  const list = boardKey("list", z.array(z.int()));
  await board.set(list, [1]);
  const view = await board.snapshot();
  (await view.get(list))?.push(2);
  expect(await view.get(list)).toEqual([1]);
});

test("a snapshot stays what it was while others write", async () => {
  const board = boardWorld().board();
  const [a, b] = [keyOf("a"), keyOf("a.b")];
  await board.set(a, "1");
  const view = await board.snapshot();
  await board.set(a, "2");
  await board.set(b, "3");
  expect(await view.get(a)).toBe("1");
  expect(await view.get(b)).toBeUndefined();
  expect(await view.entries("a")).toHaveLength(1);
  await expect(board.snapshot(99)).rejects.toMatchObject({ code: "USAGE" });
});

test("a list says so when there are more keys than its limit", async () => {
  const board = boardWorld().board();
  await board.set(keyOf("a"), "1");
  await board.set(keyOf("b"), "2");
  const view = await board.snapshot();
  expect(await view.entries("", { limit: 2 })).toHaveLength(2);
  await expect(view.entries("", { limit: 1 })).rejects.toMatchObject({ code: "LIMIT_REACHED" });
});

test("history gives pages, oldest first, of one key or of all under a prefix", async () => {
  const board = boardWorld().board(undefined, { by: "me" });
  for (const letter of ["p", "q", "r"]) {
    await board.set(keyOf("a"), letter);
    await board.set(keyOf("b"), letter);
  }
  const first = await board.history(keyOf("a"), { limit: 2 });
  expect(first.entries.map((entry) => [entry.value, entry.by])).toEqual([
    ["p", "me"],
    ["q", "me"],
  ]);
  const second = await board.history(keyOf("a"), { limit: 2, after: first.next ?? 0 });
  expect(second).toMatchObject({ entries: [{ value: "r" }], next: undefined });
});

describe("a fork", () => {
  test("has what the board had at that version, and then a life of its own", async () => {
    const world = boardWorld();
    const board = world.board();
    const [a, b] = [keyOf("a"), keyOf("b")];
    const photo = binaryKey("photo");
    await board.set(photo, new Uint8Array([1, 2, 3]));
    await board.set(a, "then");
    await board.add(hits, 7);
    const { version } = await board.snapshot();
    await board.set(a, "now");
    await board.set(b, "new");
    expect(await board.fork("copy", version)).toBe(version);
    const copy = world.board("copy");
    await copy.add(hits, 1);
    await board.add(hits, 100);
    expect([await copy.get(a), await copy.get(b), await copy.get(hits)]).toEqual([
      "then",
      undefined,
      8,
    ]);
    expect(await copy.get(photo)).toEqual(new Uint8Array([1, 2, 3]));
    expect([await board.get(a), await board.get(hits)]).toEqual(["now", 107]);
    const keysOfCopy = [...(await contents(copy)).keys()];
    expect(keysOfCopy).toEqual(["a", "hits", "photo"]);
  });

  test("keeps its large values when the run it was forked from is removed", async () => {
    const world = boardWorld();
    const store = world.store();
    const [host, run] = [hostIdFrom("h"), parseRunId("r1")];
    const gate = { type: "gate", run } as const;
    await store.commit({ host, writes: [{ ...gate, from: null, to: "open" }] });
    const ofRun = world.board({ run });
    await ofRun.set(binaryKey("photo"), new Uint8Array([1, 2, 3]));
    await ofRun.fork("kept");
    const ended = { ...gate, from: ["open"], to: "ended" } as const;
    const trim = { type: "trim", run } as const;
    const result = await store.commit({ host, writes: [ended, trim] });
    expect(result.type).toBe("committed");
    expect(await world.board("kept").get(binaryKey("photo"))).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("is refused where something is already, and made once when its outcome is unknown", async () => {
    const world = boardWorld();
    const { clock, random } = world;
    const faults: CommitFault[] = ["none", "lost after", "lost before"];
    const store = faultyStore(world.store(), () => faults.shift() ?? "none");
    const board = openBoard(store, "test", { clock, random });
    await board.set(keyOf("a"), "1");
    await board.fork("copy");
    await expect(board.fork("copy")).rejects.toMatchObject({ code: "CONFLICT" });
    await board.fork("other");
    expect(await contents(world.board("other"))).toEqual(new Map([["a", "1"]]));
  });
});

test("after a trim the newest values stay, and what is not kept is refused, not guessed", async () => {
  const board = boardWorld().board();
  const [a, b] = [keyOf("a"), keyOf("b")];
  await board.set(a, "1");
  const old = await board.snapshot();
  await board.set(b, "2");
  await board.set(a, "3");
  await board.trim((await board.snapshot()).version + 1);
  expect([await board.get(a), await board.get(b)]).toEqual(["3", "2"]);
  await expect(old.get(a)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(old.entries("")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(board.snapshot(1)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await (await board.snapshot()).get(a)).toBe("3");
  await board.update(a, (now) => `${now}!`);
  expect(await board.get(a)).toBe("3!");
});

test("the board of a run and one with a name are different boards, and bad names are refused", async () => {
  const world = boardWorld();
  const [named, ofRun] = [world.board("run"), world.board({ run: "r1" })];
  await named.set(keyOf("a"), "named");
  await ofRun.set(keyOf("a"), "of the run");
  expect([await named.get(keyOf("a")), await ofRun.get(keyOf("a"))]).toEqual([
    "named",
    "of the run",
  ]);
  expect(() => world.board("run.r1")).toThrow("does not match");
  expect(() => boardKey("~origin", text)).toThrow("does not match");
  expect(() => boardKey("list", z.array(text), { merge: { type: "append", limit: 0 } })).toThrow(
    "limit 0",
  );
});

test("a closed board refuses to work", async () => {
  const board = boardWorld().board();
  await board[Symbol.asyncDispose]();
  await expect(board.set(keyOf("a"), "1")).rejects.toMatchObject({ code: "CLOSED" });
});
