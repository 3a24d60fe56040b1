import { threadId } from "node:worker_threads";
import { expect, test } from "vitest";
import { z } from "zod";
import { offThread } from "../../../../src/adapters/node/off-thread.ts";
import { boardKey } from "../../../../src/state/board-key.ts";
import { boardWorld, until } from "../../state/board-world.ts";

const module = new URL("./thread-work.ts", import.meta.url);

test("a function runs in another thread, calls in order, each with a copy of its argument", async () => {
  await using echo = offThread({ module, export: "echo" });
  const replies = await Promise.all([1, { deep: [2] }, new Uint8Array([3])].map((a) => echo(a)));
  const threads = replies.map((reply) => (reply as { threadId: number }).threadId);
  expect(new Set(threads).size).toBe(1);
  expect(threads[0]).not.toBe(threadId);
  expect(replies.map((reply) => (reply as { argument: unknown }).argument)).toEqual([
    1,
    { deep: [2] },
    new Uint8Array([3]),
  ]);
});

test("a subscriber that computes for long stops neither the main thread nor other subscribers", async () => {
  const world = boardWorld();
  const board = world.board();
  const score = boardKey("score", z.int());
  const flag = new SharedArrayBuffer(8);
  const cells = new Int32Array(flag);
  await using spinUntilTold = offThread({ module, export: "spinUntilTold" });
  let ended = 0;
  await using _ = await board.subscribe({ key: score }, async () => {
    await spinUntilTold({ flag });
    ended++;
  });
  const heard: unknown[] = [];
  await using __ = await board.subscribe({ key: score }, ({ value }) => heard.push(value));
  await board.set(score, 0);
  await until(() => Atomics.load(cells, 1) === 1, "the other thread computes");
  for (let n = 1; n < 100; n++) await board.set(score, n);
  await until(() => heard.length === 100, "the other subscriber heard all");
  // It has computed all the time: nothing but this ends it.
  expect(ended).toBe(0);
  Atomics.store(cells, 0, 1);
  await until(() => ended === 100, "it was told all");
});

test("what the function throws reaches the caller, and the next call works", async () => {
  await using fail = offThread({ module, export: "fail" });
  await expect(fail("runtime")).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
  await expect(fail("foreign")).rejects.toMatchObject({
    code: "HANDLER_FAILED",
    message: "odd",
    details: { name: "TypeError" },
  });
  await expect(fail("function")).rejects.toMatchObject({ code: "NOT_DATA", outcome: "applied" });
  await expect(fail("exit")).rejects.toMatchObject({ code: "HANDLER_FAILED" });
  await expect(fail("runtime")).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(fail(() => {})).rejects.toMatchObject({ code: "NOT_DATA", outcome: "not-applied" });
});

test("a module or export that is not there is reported by the call", async () => {
  await using none = offThread({ module, export: "nothing" });
  await expect(none(1)).rejects.toThrow("exports no function 'nothing'");
  await using nowhere = offThread({
    module: new URL("./nowhere.ts", import.meta.url),
    export: "x",
  });
  await expect(nowhere(1)).rejects.toThrow("nowhere.ts");
});

test("more calls than the limit are refused, and there is room again afterwards", async () => {
  await using echo = offThread({ module, export: "echo" }, { maxQueue: 2 });
  const calls = [echo(1), echo(2)];
  await expect(echo(3)).rejects.toMatchObject({ code: "LIMIT_REACHED" });
  await Promise.all(calls);
  expect(await echo(4)).toMatchObject({ argument: 4 });
});

test("a call that takes too long fails, and the next one gets a new thread", async () => {
  await using spin = offThread({ module, export: "spin" }, { timeoutMs: 50 });
  await expect(spin(1)).rejects.toMatchObject({ code: "STEP_TIMEOUT" });
  await expect(spin(2)).rejects.toMatchObject({ code: "STEP_TIMEOUT" });
});

test("disposing ends a thread that computes for ever, and fails the calls that wait", async () => {
  const spin = offThread({ module, export: "spin" });
  const calls = [spin(1), spin(2)].map((call) => call.catch((error: unknown) => error));
  await spin[Symbol.asyncDispose]();
  for (const call of calls) expect(await call).toMatchObject({ code: "CLOSED" });
  await expect(spin(3)).rejects.toMatchObject({ code: "CLOSED" });
});
