import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hostIdFrom, parseRunId, rootTaskId } from "../../../src/core/ids.ts";
import type { Store } from "../../../src/ports/store.ts";
import type { TryOnce } from "../../../src/runtime/transact.ts";
import { type BoardHandler, boardIn } from "../../../src/state/board-context.ts";
import { binaryKey, boardKey } from "../../../src/state/board-key.ts";
import { publishIn } from "../../../src/state/publish-in.ts";
import { topic } from "../../../src/state/topic.ts";
import { openTopics } from "../../../src/state/topics.ts";
import { type BoardWorld, boardWorld } from "./board-world.ts";

const run = parseRunId("r1");
const task = rootTaskId(run);
const phase = boardKey("phase", z.string());
const score = boardKey("score.a", z.int());
const photo = binaryKey("score.photo");
const hits = boardKey("hits", z.int(), { merge: "counter" });

/** One operation as it stands in a stream. */
interface Recorded {
  readonly name: string;
  readonly data: string;
}

/** A world in which the run is there. */
async function worldWithRun(): Promise<BoardWorld> {
  const world = boardWorld();
  const gate = { type: "gate", run, from: null, to: "open" } as const;
  await world.store().commit({ host: hostIdFrom("h"), writes: [gate] });
  return world;
}

/**
 * A handler as the kernel runs it, without the kernel: what an operation gives is data that is recorded with the
 * commit of its writes; in a replay only the records are looked at.
 */
class HandlerBench implements BoardHandler {
  readonly run = run;
  readonly task = task;
  readonly hops = 2;
  readonly records: Recorded[] = [];
  readonly #store: Store;
  #replay: Recorded[] | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  replay(): void {
    this.#replay = [...this.records];
  }

  async transact(kind: string, name: string, tryOnce: TryOnce, key = ""): Promise<unknown> {
    const place = `${kind}:${name}[${key}]`;
    const recorded = this.#replay?.shift();
    if (recorded !== undefined) {
      expect(recorded.name).toBe(place);
      return JSON.parse(recorded.data);
    }
    let refused: Parameters<TryOnce>[2];
    for (let tries = 0; ; tries++) {
      const { value, writes } = await tryOnce(this.#store, tries, refused);
      const data = JSON.stringify(value);
      expect(data).toBeDefined();
      const result = await this.#store.commit({ host: hostIdFrom("h"), writes });
      if (result.type === "unknown") throw result.cause;
      if (result.type === "committed") {
        this.records.push({ name: place, data });
        return JSON.parse(data);
      }
      refused = result.reason;
    }
  }
}

test("a handler's board gives in a replay what it gave before, and writes nothing again", async () => {
  const world = await worldWithRun();
  const bench = new HandlerBench(world.store());
  const outside = world.board({ run: "r1" });
  await outside.set(score, 4);
  await outside.set(photo, new Uint8Array([1, 2]));
  let changes = 0;
  const handler = async (): Promise<unknown[]> => {
    const board = boardIn(bench);
    const seen: unknown[] = [await board.get(phase), await board.get(photo)];
    seen.push(
      await board.update(score, (now = 0) => {
        changes++;
        return now * 10;
      }),
    );
    await board.set(phase, "done");
    await board.add(hits, 2);
    await board.remove(photo);
    const view = await board.snapshot([phase, hits, { prefix: "score." }]);
    seen.push(view.version, view.get(phase), view.get(hits), view.get(score), view.get(photo));
    seen.push(view.entries("score.").map((entry) => [entry.key, entry.value, entry.by]));
    seen.push(
      await board.transaction("close", async (tx) => {
        changes++;
        await tx.set(phase, "closed");
        return (await tx.get(hits)) ?? 0;
      }),
    );
    return seen;
  };
  const first = await handler();
  const reference = { blob: expect.any(String), sizeBytes: 2 };
  expect(first).toEqual([
    undefined,
    reference,
    40,
    6,
    "done",
    2,
    40,
    undefined,
    [["score.a", 40, task]],
    2,
  ]);
  expect(await outside.get(phase)).toBe("closed");
  const { version } = await outside.snapshot();
  await outside.set(score, -1);
  await outside.trim(99);
  bench.replay();
  expect(await handler()).toEqual(first);
  expect(changes).toBe(2);
  expect((await outside.snapshot()).version).toBe(version + 2);
});

describe("a snapshot in a handler", () => {
  test("answers for what it was asked for only", async () => {
    const bench = new HandlerBench(boardWorld().store());
    const view = await boardIn(bench).snapshot([phase, { prefix: "score." }]);
    expect(view.get(phase)).toBeUndefined();
    expect(view.get(score)).toBeUndefined();
    expect(view.entries("score.a")).toEqual([]);
    expect(() => view.get(hits)).toThrow("was not asked for 'hits'");
    expect(() => view.entries("")).toThrow("was not asked for the prefix ''");
  });

  test("is one version: a write between two reads of keys is in both or in neither", async () => {
    const world = await worldWithRun();
    const store = world.store();
    const outside = world.board({ run: "r1" });
    let reads = 0;
    const records: Store["records"] = async (query) => {
      reads++;
      if (reads === 3) {
        await outside.transaction(async (tx) => {
          await tx.set(phase, "new");
          await tx.set(score, 2);
        });
      }
      return store.records(query);
    };
    const bench = new HandlerBench({ ...store, records });
    const view = await boardIn(bench).snapshot([phase, score]);
    expect([view.get(phase), view.get(score)]).toEqual([undefined, undefined]);
  });

  test("is bounded in what it records", async () => {
    const world = await worldWithRun();
    const outside = world.board({ run: "r1" });
    for (let i = 0; i < 3; i++)
      await outside.set(boardKey(`t${i}`, z.string()), "x".repeat(500_000));
    const board = boardIn(new HandlerBench(world.store()));
    await expect(board.snapshot([{ prefix: "t" }])).rejects.toMatchObject({
      code: "VALUE_TOO_LARGE",
    });
    expect((await board.snapshot([{ prefix: "t1" }])).entries("t1")).toHaveLength(1);
  });
});

test("a value that another writer changed meanwhile is computed again", async () => {
  const world = await worldWithRun();
  const store = world.store();
  const outside = world.board({ run: "r1" });
  const commit: Store["commit"] = async (batch) => {
    if ((await outside.get(score)) === undefined) await outside.set(score, 5);
    return store.commit(batch);
  };
  const board = boardIn(new HandlerBench({ ...store, commit }));
  expect(await board.update(score, (now = 0) => now + 1)).toBe(6);
});

test("a named board is another one, and its operations have other places", async () => {
  const world = await worldWithRun();
  const bench = new HandlerBench(world.store());
  await boardIn(bench, "incidents").set(phase, "there");
  await boardIn(bench).set(phase, "here", { key: "k" });
  expect(await world.board("incidents").get(phase)).toBe("there");
  expect(bench.records.map(({ name }) => name)).toEqual([
    "board:set phase on board.incidents[]",
    "board:set phase[k]",
  ]);
});

test("a value that does not fit is refused in the handler", async () => {
  const board = boardIn(new HandlerBench(boardWorld().store()));
  await expect(board.set(score, 0.5)).rejects.toMatchObject({ code: "SCHEMA" });
  const wrong = board.update(phase, (now = "") => now, { conflict: "merge" });
  await expect(wrong).rejects.toMatchObject({ code: "USAGE" });
});

test("an event that a handler publishes carries who published it and how far it is from the start", async () => {
  const world = await worldWithRun();
  const { clock, random } = world;
  const found = topic("findings", z.string());
  const bench = new HandlerBench(world.store());
  await publishIn(bench, found, "a crack", { confidence: 0.9 });
  bench.replay();
  await publishIn(bench, found, "a crack", { confidence: 0.9 });
  const { events } = await openTopics(world.store(), { clock, random }).read(found, 0);
  expect(events).toMatchObject([{ value: "a crack", by: task, hops: 2, confidence: 0.9 }]);
  await expect(publishIn(bench, found, "x", { ttlMs: -1 })).rejects.toMatchObject({
    code: "USAGE",
  });
});
