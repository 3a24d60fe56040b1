import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Board } from "../../../src/state/board.ts";
import { boardKey } from "../../../src/state/board-key.ts";
import { boardWorld } from "./board-world.ts";

const text = z.string();
const hits = boardKey("hits", z.int(), { merge: "counter" });

async function contents(board: Board): Promise<Map<string, unknown>> {
  const entries = await (await board.snapshot()).entries("");
  return new Map(entries.map((entry) => [entry.key, entry.value]));
}

describe("a transaction", () => {
  const [a, b] = [boardKey("a", text), boardKey("b", text)];

  test("writes all or nothing, and sees what it has written itself", async () => {
    const board = boardWorld().board();
    const failed = board.transaction(async (tx) => {
      await tx.set(a, "1");
      await tx.add(hits, 3);
      expect(await tx.get(a)).toBe("1");
      expect(await tx.get(hits)).toBe(3);
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await contents(board)).toEqual(new Map());
  });

  test("reads one version, whatever happens in between, and then runs again", async () => {
    const board = boardWorld().board();
    await board.set(a, "old");
    await board.set(b, "old");
    const seen: string[] = [];
    await board.transaction(async (tx) => {
      const first = await tx.get(a);
      if (seen.length === 0) {
        await board.transaction(async (other) => {
          await other.set(a, "new");
          await other.set(b, "new");
        });
      }
      seen.push(`${first} ${await tx.get(b)}`);
      await tx.set(b, "mine");
    });
    expect(seen).toEqual(["old old", "new new"]);
    expect(await contents(board)).toEqual(
      new Map([
        ["a", "new"],
        ["b", "mine"],
      ]),
    );
  });

  test("holds still what it has only read: of two that each rely on the other's key, one runs again", async () => {
    const board = boardWorld().board();
    await board.set(a, "on");
    await board.set(b, "on");
    // Each switches its own key off, if the other one is on.
    const switchOff = (own: typeof a, other: typeof a): Promise<void> =>
      board.transaction(async (tx) => {
        if ((await tx.get(other)) === "on") await tx.set(own, "off");
      });
    await Promise.all([switchOff(a, b), switchOff(b, a)]);
    const left = [await board.get(a), await board.get(b)];
    expect(left.sort()).toEqual(["off", "on"]);
  });

  test("is refused when it is used after its end, or touches too many keys", async () => {
    const board = boardWorld().board();
    let leaked: { set(key: typeof a, value: string): Promise<void> } | undefined;
    await board.transaction(async (tx) => {
      leaked = tx;
    });
    await expect(leaked?.set(a, "x")).rejects.toMatchObject({ code: "SCOPE_CLOSED" });
    const large = board.transaction(async (tx) => {
      for (let i = 0; i < 300; i++) await tx.set(boardKey(`k${i}`, text), "x");
    });
    await expect(large).rejects.toMatchObject({ code: "LIMIT_REACHED" });
  });
});
