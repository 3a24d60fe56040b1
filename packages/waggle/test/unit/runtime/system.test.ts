import { expect, test } from "vitest";
import { z } from "zod";
import type { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import type { Envelope } from "../../../src/core/envelope.ts";
import { encodeEvent } from "../../../src/core/event-codec.ts";
import { hostIdFrom, parseRunId, rootTaskId } from "../../../src/core/ids.ts";
import { agent, contract, type RunId, RuntimeError } from "../../../src/index.ts";
import { inWorld } from "./in-world.ts";

const worker = contract("worker", {
  work: { input: z.number(), output: z.number() },
  talk: { input: z.string(), output: z.string() },
  wait: { input: z.null(), output: z.null(), timeoutMs: 1_000 },
});
const idle = { work: (_: unknown, n: number) => n, talk: () => "", wait: () => null };

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no error";
  } catch (error) {
    return RuntimeError.is(error) ? error.code : `foreign: ${String(error)}`;
  }
}

test("a run gives what its handler returns, and its events tell how", async () => {
  await inWorld(async (self, kernel) => {
    const definition = agent(worker, {
      ...idle,
      work: async (ctx, n) => n + (await ctx.step("one", () => 1)),
    });
    await using system = await kernel.system(self, [definition]);
    const run = await system.start(worker.work, 2);
    expect(await run.result()).toBe(3);
    const types: string[] = [];
    for await (const { event } of run.events()) types.push(event.type);
    expect(types).toEqual(["started", "done", "closed"]);
  });
});

test("starting twice under one id is one run", async () => {
  await inWorld(async (self, kernel) => {
    let calls = 0;
    const definition = agent(worker, { ...idle, work: () => ++calls });
    await using system = await kernel.system(self, [definition]);
    const first = await system.start(worker.work, 1, { id: "same" });
    const second = await system.start(worker.work, 1, { id: "same" });
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(await Promise.all([first.result(), second.result()])).toEqual([1, 1]);
  });
});

test("what a handler throws reaches the asker with its code and outcome", async () => {
  await inWorld(async (self, kernel) => {
    const definition = agent(worker, {
      ...idle,
      talk: () => {
        throw new TypeError("no");
      },
      work: async (ctx) => {
        try {
          await ctx.ask(worker.talk, "x");
        } catch (error) {
          if (!RuntimeError.is(error, "HANDLER_FAILED")) throw error;
          return error.message.length;
        }
        return -1;
      },
    });
    await using system = await kernel.system(self, [definition]);
    expect(await (await system.start(worker.work, 1)).result()).toBe(2);
  });
});

test("bad arguments are refused with their codes, and nothing has started", async () => {
  await inWorld(async (self, kernel) => {
    const stranger = contract("stranger", { x: { input: z.null(), output: z.null() } });
    await using system = await kernel.system(self, [agent(worker, idle)]);
    expect(await codeOf(system.start(worker.work, "two" as unknown as number))).toBe("SCHEMA");
    expect(await codeOf(system.start(stranger.x, null))).toBe("UNKNOWN_AGENT");
    expect(await codeOf(system.start(worker.work, 1, { id: "No Id" }))).toBe("USAGE");
    expect(await codeOf(system.run("nothing").result())).toBe("NOT_FOUND");
    expect(await system.runs()).toEqual([]);
  });
});

test("inside a handler, overlapping steps, foreign values and late calls are refused", async () => {
  await inWorld(async (self, kernel) => {
    const found: string[] = [];
    const late: (() => Promise<unknown>)[] = [];
    const definition = agent(worker, {
      ...idle,
      async work(ctx) {
        const first = ctx.step("same", () => 1);
        found.push(await codeOf(ctx.step("same", () => 2)));
        await first;
        found.push(await codeOf(ctx.step("date", () => new Date(0) as unknown as string)));
        found.push(await codeOf(ctx.ask(worker.talk, 3 as unknown as string)));
        late.push(() => ctx.step("late", () => 1));
        return 0;
      },
    });
    await using system = await kernel.system(self, [definition]);
    await (await system.start(worker.work, 1)).result();
    for (const call of late) expect(await codeOf(call())).toBe("SCOPE_CLOSED");
    expect(found).toEqual(["CONCURRENT_SCOPE", "NOT_DATA", "SCHEMA"]);
  });
});

test("a step that takes too long fails with its limit and its signal aborts", async () => {
  await inWorld(async (self, kernel) => {
    let aborted = false;
    const definition = agent(worker, {
      ...idle,
      async work(ctx) {
        const body = ({ signal }: { signal: AbortSignal }): Promise<number> =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted = true;
              resolve(1);
            });
          });
        const error = await codeOf(ctx.step("slow", body, { timeoutMs: 500 }));
        return error === "STEP_TIMEOUT" ? 1 : 0;
      },
    });
    await using system = await kernel.system(self, [definition]);
    expect(await (await system.start(worker.work, 1)).result()).toBe(1);
    expect(aborted).toBe(true);
  });
});

test("an ask nobody answers in time fails, and the run goes on", async () => {
  await inWorld(async (self, kernel) => {
    const definition = agent(worker, {
      ...idle,
      wait: async (ctx) => ctx.step("wait", () => self.clock.sleep(5_000).then(() => null)),
      work: async (ctx) => ((await codeOf(ctx.ask(worker.wait, null))) === "ASK_TIMEOUT" ? 1 : 0),
    });
    await using system = await kernel.system(self, [definition]);
    expect(await (await system.start(worker.work, 1)).result()).toBe(1);
  });
});

test("waiting holds no slot: a chain of asks through one agent of concurrency 1 ends", async () => {
  await inWorld(async (self, kernel) => {
    const work = agent(
      worker,
      { ...idle, work: async (ctx, n) => (n === 0 ? 0 : 1 + (await ctx.ask(worker.work, n - 1))) },
      { concurrency: 1 },
    );
    await using system = await kernel.system(self, [work]);
    expect(await (await system.start(worker.work, 20)).result()).toBe(20);
  });
});

test("messages may beget messages up to the limit of hops, and no further", async () => {
  await inWorld(async (self, kernel) => {
    const endless = agent(worker, {
      ...idle,
      work: async (ctx, n) => {
        const code = await codeOf(
          ctx.ask(worker.work, n + 1).then((deeper) => Promise.reject(deeper)),
        );
        return code === "LIMIT_REACHED" ? n : Number(code.slice("foreign: ".length));
      },
    });
    await using system = await kernel.system(self, [endless]);
    expect(await (await system.start(worker.work, 0)).result()).toBe(64);
  });
});

test("work that was sent goes on after its sender has ended", async () => {
  await inWorld(async (self, kernel) => {
    let heard = "";
    const definition = agent(worker, {
      ...idle,
      work: async (ctx) => {
        await ctx.send(worker.talk, "hello");
        return 1;
      },
      talk: (ctx, text) =>
        ctx.step("hear", () => {
          heard = text;
          return text;
        }),
    });
    await using system = await kernel.system(self, [definition]);
    const run = await system.start(worker.work, 1);
    await run.result();
    const types: string[] = [];
    for await (const { event } of run.events()) types.push(event.type);
    expect(heard).toBe("hello");
    expect(types.filter((type) => type === "closed").length).toBe(2);
  });
});

test("changed code makes a run stuck without doing anything, and the old code goes on", async () => {
  await inWorld(async (self, kernel) => {
    const effects: string[] = [];
    const version = (names: readonly string[], holdAt: string | undefined) =>
      agent(worker, {
        ...idle,
        async work(ctx) {
          for (const name of names) {
            await ctx.step(name, () => {
              effects.push(name);
              return name === holdAt ? new Promise<number>(() => {}) : 1;
            });
          }
          return names.length;
        },
      });
    const held = await kernel.system(self, [version(["a", "b", "c"], "c")], { graceMs: 10 });
    await held.start(worker.work, 1, { id: "run" });
    await self.clock.sleep(1_000);
    await held[Symbol.asyncDispose]();

    const changed = await kernel.system(self, [version(["a", "x", "c"], undefined)]);
    await changed.start(worker.work, 1, { id: "run" });
    await self.clock.sleep(1_000);
    const root = rootTaskId("run" as RunId);
    const stuck = kernel.events(root).find((event) => event.type === "stuck");
    expect(stuck).toMatchObject({ expected: "step:b", actual: "step:x" });
    expect(effects).toEqual(["a", "b", "c"]);
    await changed[Symbol.asyncDispose]();

    await using back = await kernel.system(self, [version(["a", "b", "c"], undefined)]);
    const run = await back.start(worker.work, 1, { id: "run" });
    expect(await run.result()).toBe(3);
    expect(effects).toEqual(["a", "b", "c", "c"]);
  });
});

/** Hosts that claim the root of `run` and die, one after the other. */
function claimAndDie(ledger: MemoryLedger, run: string, times: number): void {
  for (let i = 0; i < times; i++) {
    const host = hostIdFrom(`victim-${i}`);
    ledger.beat(host, "{}");
    ledger.claim({ host, agents: [{ agent: "worker", free: 1 }], runs: [parseRunId(run)] });
    ledger.commit({ host, writes: [{ type: "free", host, beat: 1 }] });
  }
}

test("a task that no host survives is closed as poison, unless somebody starts its run again", async () => {
  await inWorld(async (self, kernel) => {
    const definition = agent(worker, { ...idle, work: (ctx) => ctx.step("hold", () => 7) });
    for (const [run, startedAgain] of [
      ["left-alone", false],
      ["started-again", true],
    ] as const) {
      const first = await kernel.system(self, [definition], { serves: "own-runs" });
      const events = [encodeEvent({ type: "started", input: 1 })];
      const root = { ...rootOf(run), agent: "worker", operation: "work" };
      const origin = { write: 1, event: 0 };
      const host = hostIdFrom("starter");
      kernel.ledger.commit({
        host,
        writes: [
          { type: "gate", run: parseRunId(run), from: null, to: "open" },
          { type: "create", task: root, origin, owner: null, events },
        ],
      });
      claimAndDie(kernel.ledger, run, 6);
      await first[Symbol.asyncDispose]();
      const serves = startedAgain ? "own-runs" : "every-run";
      await using system = await kernel.system(self, [definition], { serves });
      const handle = startedAgain
        ? await system.start(worker.work, 1, { id: run })
        : system.run(run);
      if (startedAgain) expect(await handle.result()).toBe(7);
      else expect(await codeOf(handle.result())).toBe("POISON");
    }
  });
});

function rootOf(run: string): Envelope {
  return {
    id: rootTaskId(parseRunId(run)),
    run: parseRunId(run),
    parent: null,
    path: null,
    awaited: false,
    agent: "",
    operation: "",
    priority: "normal",
    hops: 0,
    deadline: null,
    key: null,
  };
}

test("a task that only waits may be claimed any number of times", async () => {
  await inWorld(async (self, kernel) => {
    const definition = agent(worker, {
      ...idle,
      work: (ctx) =>
        ctx.ask(worker.talk, "x", { timeoutMs: 1_000_000 }).then((text) => text.length),
      talk: async (ctx) => {
        for (;;) await ctx.step("tick", () => self.clock.sleep(30).then(() => 1));
      },
    });
    for (let i = 0; i < 8; i++) {
      const system = await kernel.system(self, [definition]);
      if (i === 0) await system.start(worker.work, 1, { id: "run" });
      await self.clock.sleep(100);
      expect(kernel.ledger.load(rootTaskId(parseRunId("run")))?.row.state).toBe("open");
      await system[Symbol.asyncDispose]();
    }
  });
});
