import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Board } from "../../../src/state/board.ts";
import { boardKey } from "../../../src/state/board-key.ts";
import { openBoard } from "../../../src/state/open-board.ts";
import { boardWorld, type CommitFault, faultyStore } from "./board-world.ts";

const hits = boardKey("hits", z.int(), { merge: "counter" });

describe("no update is lost", () => {
  test("when many writers of two processes change one key by reading it", async () => {
    const world = boardWorld();
    const boards = [world.board(), world.board()];
    const total = boardKey("total", z.int());
    const writers = Array.from({ length: 60 }, (_, i) => boards[i % 2] as Board);
    await Promise.all(writers.map((board) => board.update(total, (now = 0) => now + 1)));
    expect(await boards[0]?.get(total)).toBe(60);
  });

  test("when the change takes a while, and others write meanwhile", async () => {
    const world = boardWorld();
    const board = world.board();
    const list = boardKey("list", z.array(z.int()));
    const slow = board.update(list, async (now = []) => {
      if (now.length < 3) await board.update(list, (then = []) => [...then, then.length]);
      return [...now, 100];
    });
    await slow;
    expect(await board.get(list)).toEqual([0, 1, 2, 100]);
  });

  test("by counters, whoever adds, sets and updates", async () => {
    const world = boardWorld();
    const [one, other] = [world.board(), world.board()];
    await Promise.all([
      ...Array.from({ length: 50 }, () => one.add(hits, 2)),
      ...Array.from({ length: 20 }, () => other.update(hits, (now = 0) => now + 1)),
      one.set(hits, 1_000),
    ]);
    expect(await one.get(hits)).toBe(1_120);
  });

  test("and additions to a counter do not even conflict", async () => {
    const world = boardWorld();
    const { clock, random } = world;
    const store = world.store();
    let commits = 0;
    const commit: typeof store.commit = (batch) => {
      commits++;
      return store.commit(batch);
    };
    const board = openBoard({ ...store, commit }, "test", { clock, random });
    await Promise.all(Array.from({ length: 50 }, () => board.add(hits, 1)));
    expect([await board.get(hits), commits]).toEqual([50, 50]);
  });

  test("by transactions that move something between keys", async () => {
    const world = boardWorld();
    const boards = [world.board(), world.board()] as const;
    const accounts = ["x", "y", "z"].map((account) => boardKey(account, z.int()));
    for (const account of accounts) await boards[0].set(account, 100);
    const moves = fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 1, max: 9 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(moves, { minLength: 10, maxLength: 10 }), async (list) => {
        await Promise.all(
          list.map(([from, to, amount], i) =>
            boards[i % 2 === 0 ? 0 : 1].transaction(async (tx) => {
              const [giver, taker] = [accounts[from], accounts[to]];
              if (giver === undefined || taker === undefined) return;
              await tx.update(giver, (now = 0) => now - amount);
              await tx.update(taker, (now = 0) => now + amount);
            }),
          ),
        );
        const view = await boards[1].snapshot();
        const all = await Promise.all(
          accounts.map(async (account) => (await view.get(account)) ?? 0),
        );
        expect(all.reduce((sum, each) => sum + each, 0)).toBe(300);
      }),
      { numRuns: 5 },
    );
  });

  test("nor made twice, when the outcome of a commit is unknown", async () => {
    const faults = fc.array(fc.constantFrom<CommitFault>("none", "lost before", "lost after"), {
      maxLength: 6,
    });
    const total = boardKey("total", z.int());
    await fc.assert(
      fc.asyncProperty(faults, faults, async (mine, yours) => {
        const world = boardWorld();
        const { clock, random } = world;
        const boards = [mine, yours].map((list) => {
          const queue = [...list];
          const store = faultyStore(world.store(), () => queue.shift() ?? "none");
          return openBoard(store, "test", { clock, random });
        });
        await Promise.all(
          boards.flatMap((board) => [
            board.update(total, (now = 0) => now + 1),
            board.update(total, (now = 0) => now + 1),
          ]),
        );
        expect(await boards[0]?.get(total)).toBe(4);
      }),
      { numRuns: 60 },
    );
  });

  test("but an addition of which nobody knows is reported, not repeated", async () => {
    const world = boardWorld();
    const { clock, random } = world;
    const store = faultyStore(world.store(), () => "lost after");
    const board = openBoard(store, "test", { clock, random });
    const error = await board.add(hits, 1).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
    expect(await board.get(hits)).toBe(1);
  });
});

describe("a conflict", () => {
  const plain = boardKey("plain", z.string());

  test("is refused where that was asked for, and nothing is written", async () => {
    const board = boardWorld().board();
    const meddled = board.update(
      plain,
      async () => {
        await board.set(plain, "theirs");
        return "mine";
      },
      { conflict: "reject" },
    );
    await expect(meddled).rejects.toMatchObject({ code: "CONFLICT", outcome: "not-applied" });
    expect(await board.get(plain)).toBe("theirs");
  });

  test("is merged by the key's rule, without running the change again", async () => {
    const board = boardWorld().board();
    const tags = boardKey("tags", z.array(z.string()), { merge: "union" });
    await board.set(tags, ["base", "gone"]);
    let runs = 0;
    await board.update(tags, async (now = []) => {
      runs++;
      await board.update(tags, (there = []) => [...there, "theirs"]);
      return [...now.filter((tag) => tag !== "gone"), "mine"];
    });
    expect(runs).toBe(1);
    expect(await board.get(tags)).toEqual(["base", "mine", "theirs"]);
  });

  test("of a value that is based on an older version is found, and leaves what is there", async () => {
    const board = boardWorld().board();
    await board.set(plain, "first");
    const view = await board.snapshot();
    await board.set(plain, "second");
    const late = board.set(plain, "late", { basedOn: view });
    await expect(late).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(board.remove(plain, { basedOn: view })).rejects.toMatchObject({
      code: "CONFLICT",
    });
    expect(await board.get(plain)).toBe("second");
    await board.set(plain, "third", { basedOn: await board.snapshot() });
    expect(await board.get(plain)).toBe("third");
  });

  test("with what was removed and written again is found, though the value looks the same", async () => {
    const board = boardWorld().board();
    await board.set(plain, "same");
    const view = await board.snapshot();
    await board.remove(plain);
    await board.set(plain, "same");
    const late = board.set(plain, "late", { basedOn: view });
    await expect(late).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("with a removal: the key can be written, updated and added to again", async () => {
    const board = boardWorld().board();
    for (const key of [plain, hits]) {
      await (key === hits ? board.add(hits, 5) : board.set(plain, "x"));
      await board.remove(key);
      expect(await board.get(key)).toBeUndefined();
    }
    expect(await board.update(plain, (now) => `${now}!`)).toBe("undefined!");
    expect(await board.update(hits, (now = 0) => now + 1)).toBe(1);
    await board.remove(hits);
    await board.add(hits, 2);
    expect(await board.get(hits)).toBe(2);
  });

  test("of set with a rule is merged into what is there", async () => {
    const board = boardWorld().board();
    const best = boardKey("best", z.number(), { merge: "max" });
    await Promise.all([3, 9, 4].map((score) => board.set(best, score)));
    expect(await board.get(best)).toBe(9);
  });
});

test("adding works on any number, and is refused where the sum is no safe integer", async () => {
  const board = boardWorld().board();
  const plain = boardKey("hits", z.number());
  await board.set(plain, 1.5);
  await board.add(plain, 0.5);
  await board.add(hits, 3);
  expect(await board.get(hits)).toBe(5);
  const most = Number.MAX_SAFE_INTEGER;
  await expect(board.add(hits, most)).rejects.toThrow();
  await expect(board.add(hits, Number.NaN)).rejects.toMatchObject({ code: "USAGE" });
  expect(await board.get(hits)).toBe(5);
});

test("an update that changes nothing writes nothing", async () => {
  const board = boardWorld().board();
  const key = boardKey("a", z.string());
  await board.set(key, "x");
  const { version } = await board.snapshot();
  await board.update(key, (now = "") => now);
  expect((await board.snapshot()).version).toBe(version);
});
