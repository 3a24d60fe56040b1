import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { agent, type Context, contract, createSystem } from "../../../src/index.ts";

const any = z.json();
const job = contract("job", { run: { input: any, output: any } });
const helper = contract("helper", { work: { input: any, output: any } });

async function play(
  handler: (ctx: Context) => Promise<unknown>,
  work: (ctx: Context, input: unknown) => Promise<unknown> = async (_, input) => input,
): Promise<unknown> {
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(job, { run: (ctx) => handler(ctx) as Promise<never> }),
      agent(helper, { work: (ctx, input) => work(ctx, input) as Promise<never> }),
    ],
    cancelGraceMs: 500,
  });
  return await (await system.start(job.run, null)).result();
}

test("all gives results in the order of the items", async () => {
  const result = await play((ctx) =>
    ctx.all("pages", [3, 1, 2], (branch, item) => branch.step("double", () => item * 2)),
  );
  expect(result).toEqual([6, 2, 4]);
});

test("all asks side by side and gives up the others at the first failure", async () => {
  const result = await play(
    async (ctx) => {
      try {
        return await ctx.all("asks", [0, 1, 2], (branch, item) => branch.ask(helper.work, item));
      } catch (error) {
        return `failed: ${(error as Error).message}`;
      }
    },
    async (ctx, input) => {
      if (input === 1) throw new Error("one is bad");
      await ctx.sleep("long", 3_600_000);
      return input;
    },
  );
  expect(result).toBe("failed: one is bad");
});

test("race gives the first branch and ends the others before it goes on", async () => {
  const ended: unknown[] = [];
  const result = await play(
    async (ctx) => {
      const won = await ctx.race("first", {
        slow: (branch) => branch.ask(helper.work, "slow"),
        fast: (branch) => branch.step("fast", () => "fast"),
      });
      return [won.winner, won.value, ended.length];
    },
    async (ctx, input) => {
      try {
        await ctx.sleep("long", 3_600_000);
        return input;
      } finally {
        ended.push(input);
      }
    },
  );
  expect(result).toEqual(["fast", "fast", 1]);
});

test("a sleep passes and a signal is taken", async () => {
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(job, {
        run: async (ctx) => {
          await ctx.sleep("short", 20);
          const answer = await ctx.waitFor("go", z.number(), { timeoutMs: 10_000 });
          return answer + 1;
        },
      }),
    ],
  });
  const run = await system.start(job.run, null);
  await system.signal({ run: run.id }, "go", 41);
  expect(await run.result()).toBe(42);
});

test("a large signal is kept once by its content, whether it is waited for or comes before", async () => {
  const store = memoryStore({ clock: nodeClock() });
  const large = "x".repeat(100_000);
  await using system = await createSystem({
    store,
    passivateAfterMs: 0,
    agents: [
      agent(job, {
        run: async (ctx) => {
          const first = await ctx.waitFor("first", z.string(), { timeoutMs: 10_000 });
          await ctx.sleep("between", 20);
          const second = await ctx.waitFor("second", z.string(), { timeoutMs: 10_000 });
          return [first.length, second === first];
        },
      }),
    ],
  });
  const run = await system.start(job.run, null);
  await system.signal({ run: run.id }, "first", large);
  await system.signal({ run: run.id }, "second", large);
  const root = (await store.runs({ run: run.id }))[0]?.root;
  const inbox = root === undefined ? [] : ((await store.load(root))?.inbox ?? []);
  expect(inbox.map(({ data }) => data.length < 500)).toEqual([true, true]);
  expect(await run.result()).toEqual([100_000, true]);
});

test("cancel ends a run with what it asked for and says what became of it", async () => {
  let aborted = 0;
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(job, {
        run: async (ctx) => {
          ctx.cleanup("undo", async (undo) => {
            await undo.step("undo", () => "undone");
          });
          await ctx.step("first", () => 1);
          return ctx.ask(helper.work, null);
        },
      }),
      agent(helper, {
        work: (ctx) =>
          ctx.step(
            "hang",
            ({ signal }) =>
              new Promise<null>((_, reject) => {
                signal.addEventListener("abort", () => {
                  aborted++;
                  reject(signal.reason);
                });
              }),
          ),
      }),
    ],
  });
  const run = await system.start(job.run, null);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const receipt = await system.cancel(run.id);
  await expect(run.result()).rejects.toThrow(/cancelled/);
  expect(aborted).toBe(1);
  expect(receipt.stopped.map(({ name }) => name)).toEqual(["job.run", "helper.work"]);
  expect(receipt.unknown).toEqual([]);
  const steps: string[] = [];
  for await (const { event } of run.events()) if (event.type === "done") steps.push(event.path);
  expect(steps).toEqual(["step:first", "cleanup:undo/step:undo"]);
});

test("pause keeps anything from beginning until resume", async () => {
  const done: string[] = [];
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(job, {
        run: async (ctx) => {
          for (let i = 0; i < 5; i++) {
            await ctx.step("one", async () => {
              await new Promise((resolve) => setTimeout(resolve, 20));
              done.push(`step ${i}`);
              return i;
            });
            await ctx.sleep("between", 10);
          }
          return "ended";
        },
      }),
    ],
    pollMs: 10,
  });
  const run = await system.start(job.run, null);
  await new Promise((resolve) => setTimeout(resolve, 40));
  await system.pause(run.id);
  await new Promise((resolve) => setTimeout(resolve, 60));
  const seen = done.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(done.length).toBe(seen);
  expect(seen).toBeLessThan(5);
  await system.resume(run.id);
  expect(await run.result()).toBe("ended");
  expect(done).toHaveLength(5);
});

test("restart begins anew without the past", async () => {
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(job, {
        run: async (ctx, input) => {
          const n = (input as number | null) ?? 0;
          await ctx.step("count", () => n);
          if (n < 3) return ctx.restart(n + 1);
          return n;
        },
      }),
    ],
  });
  expect(await (await system.start(job.run, null)).result()).toBe(3);
});

test("a deadlock over keys is found and broken", async () => {
  const lock = contract(
    "lock",
    { hold: { input: z.object({ key: z.string(), next: z.string().nullable() }), output: any } },
    { key: ({ key }) => key },
  );
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(lock, {
        hold: async (ctx, { next }) => {
          await ctx.sleep("both are held", 30);
          if (next === null) return "ok";
          return ctx.ask(lock.hold, { key: next, next: null });
        },
      }),
      agent(job, {
        run: async (ctx) => {
          const ends = await Promise.allSettled([
            ctx.ask(lock.hold, { key: "a", next: "b" }, { key: "1" }),
            ctx.ask(lock.hold, { key: "b", next: "a" }, { key: "2" }),
          ]);
          return ends.map((end) =>
            end.status === "fulfilled" ? "ok" : (end.reason as { code: string }).code,
          );
        },
      }),
    ],
  });
  const result = (await (await system.start(job.run, null)).result()) as string[];
  expect([...result].sort()).toEqual(["DEADLOCK", "ok"]);
});

test("a fork goes on from a point with what was recorded", async () => {
  const ran: string[] = [];
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [
      agent(job, {
        run: async (ctx) => {
          const a = await ctx.step("a", () => ran.push("a"));
          const b = await ctx.ask(helper.work, "x");
          const c = await ctx.step("c", () => ran.push("c"));
          return [a, b, c];
        },
      }),
      agent(helper, {
        work: (ctx, input) =>
          ctx.step("w", () => {
            ran.push("w");
            return input as string;
          }),
      }),
    ],
  });
  const run = await system.start(job.run, null);
  expect(await run.result()).toEqual([1, "x", 3]);
  let child: string | undefined;
  for await (const { event } of run.events()) if (event.type === "asked") child = event.child;
  const forked = await system.fork(run.id, { before: child as never });
  expect(await forked.result()).toEqual([1, "x", 5]);
  expect(ran).toEqual(["a", "w", "c", "w", "c"]);
});

test("a large value is kept once and comes back", async () => {
  const big = "x".repeat(100_000);
  const result = await play(
    async (ctx) => {
      const made = await ctx.step("make", () => big);
      return ctx.ask(helper.work, made);
    },
    async (ctx, input) => {
      await ctx.sleep("leave", 5);
      return input;
    },
  );
  expect(result).toBe(big);
});
