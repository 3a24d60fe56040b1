import { expect, test } from "vitest";
import { z } from "zod";
import { type RunId, rootTaskId } from "../../../src/core/ids.ts";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  RuntimeError,
  type StepContext,
  type StepOptions,
} from "../../../src/index.ts";
import type { Process } from "../../../src/testing/index.ts";
import type { KernelWorld } from "../../sim/scenarios/kernel-world.ts";
import { inWorld } from "./in-world.ts";

const worker = contract("worker", {
  work: { input: z.string(), output: z.json() },
  wait: { input: z.null(), output: z.json(), timeoutMs: 30_000 },
});
const RUN = "run";
const ROOT = rootTaskId(RUN as RunId);

function workerOf(
  work: (ctx: Context, input: string) => Promise<unknown>,
  options: { readonly concurrency?: number } = {},
): AgentDefinition {
  return agent(
    worker,
    { work: (ctx, input) => work(ctx, input) as never, wait: (ctx) => work(ctx, "") as never },
    options,
  );
}

/** A body that fails so often, and notes when it began. */
function failing(
  kernel: KernelWorld,
  times: number,
  error: unknown = new Error("not yet"),
): { readonly began: [attempt: number, at: number][]; body(step: StepContext): string } {
  const began: [number, number][] = [];
  const body = ({ attempt }: StepContext): string => {
    began.push([attempt, kernel.now()]);
    if (began.length <= times) throw error;
    return "done";
  };
  return { began, body };
}

/** Runs one step in one run; returns what the run came to. */
async function runStep(
  self: Process,
  kernel: KernelWorld,
  body: (step: StepContext) => unknown,
  options: StepOptions<unknown>,
): Promise<unknown> {
  const definition = workerOf((ctx) => ctx.step("act", body as () => string, options as never));
  await using system = await kernel.system(self, [definition]);
  const run = await system.start(worker.work, "", { id: RUN });
  return await run.result().catch((error: unknown) => error);
}

function gaps(began: readonly (readonly [number, number])[]): readonly number[] {
  return began.slice(1).map(([, at], i) => at - (began[i]?.[1] ?? 0));
}

function busy(retryAfterMs: number, retryable = true): RuntimeError {
  const facts = { code: "BUSY", kind: "capacity", outcome: "not-applied" } as const;
  return new RuntimeError({ ...facts, retryable, message: "busy", retryAfterMs });
}

test("a step that fails is tried again after growing back-offs, and only its outcome is recorded", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 3);
    const retry = { attempts: 5, backoffMs: 1_000, maxBackoffMs: 3_000 };
    expect(await runStep(self, kernel, body, { retry })).toBe("done");
    expect(began.map(([attempt]) => attempt)).toEqual([1, 2, 3, 4]);
    for (const [i, gap] of gaps(began).entries()) {
      const longest = Math.min(3_000, 1_000 * 2 ** i);
      expect(gap).toBeGreaterThanOrEqual(longest / 2);
      expect(gap).toBeLessThanOrEqual(longest);
    }
    expect(kernel.events(ROOT).map(({ type }) => type)).toEqual(["started", "done", "closed"]);
  });
});

test("the last attempt's error is thrown when there is no other attempt", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 9);
    const ended = await runStep(self, kernel, body, { retry: { attempts: 3 } });
    expect(ended).toMatchObject({ code: "HANDLER_FAILED", message: "not yet" });
    expect(began.length).toBe(3);
  });
});

test("a step without 'retry' is tried once", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 1, busy(10));
    expect(await runStep(self, kernel, body, {})).toMatchObject({ code: "BUSY" });
    expect(began.length).toBe(1);
  });
});

test("an error that says when to come back is obeyed, also beyond the longest back-off", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 1, busy(5_000));
    const retry = { attempts: 2, backoffMs: 100, maxBackoffMs: 100 };
    expect(await runStep(self, kernel, body, { retry })).toBe("done");
    const [gap = 0] = gaps(began);
    expect(gap).toBeGreaterThanOrEqual(5_050);
    expect(gap).toBeLessThanOrEqual(5_100);
  });
});

test("an error that is not retryable ends the step, unless 'retryIf' wants it again", async () => {
  await inWorld(async (self, kernel) => {
    const once = failing(kernel, 1, busy(0, false));
    const ended = await runStep(self, kernel, once.body, { retry: { attempts: 3 } });
    expect(ended).toMatchObject({ code: "BUSY" });
    expect(once.began.length).toBe(1);
  });
  await inWorld(async (self, kernel) => {
    const again = failing(kernel, 1, busy(0, false));
    const retry = { attempts: 3, retryIf: ({ code }: RuntimeError) => code === "BUSY" };
    expect(await runStep(self, kernel, again.body, { retry })).toBe("done");
  });
});

test("'retryIf' sees what was thrown, and what it throws itself ends the step", async () => {
  await inWorld(async (self, kernel) => {
    const thrown = new TypeError("odd");
    const { began, body } = failing(kernel, 1, thrown);
    const seen: unknown[] = [];
    const retryIf = ({ cause }: RuntimeError): boolean => {
      seen.push(cause);
      throw new Error("cannot tell");
    };
    const ended = await runStep(self, kernel, body, { retry: { attempts: 3, retryIf } });
    expect(ended).toMatchObject({ code: "HANDLER_FAILED", message: "cannot tell" });
    expect(seen).toEqual([thrown]);
    expect(began.length).toBe(1);
  });
});

test("each attempt has its own time, and what a body does after its time is told to nobody", async () => {
  await inWorld(async (self, kernel) => {
    const aborted: boolean[] = [];
    const body = async (step: StepContext): Promise<string> => {
      await self.clock.sleep(step.attempt === 1 ? 3_000 : 500);
      aborted.push(step.signal.aborted);
      return `attempt ${step.attempt}`;
    };
    const retry = { attempts: 3, backoffMs: 4_000 };
    expect(await runStep(self, kernel, body, { retry, timeoutMs: 1_000 })).toBe("attempt 2");
    expect(aborted).toEqual([true, false]);
  });
});

test("a long back-off is recorded: it outlives its process, and the attempts before it count", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 2);
    const retry = { attempts: 3, backoffMs: 40_000 };
    const definition = workerOf((ctx) => ctx.step("act", body, { retry }));
    const first = await kernel.system(self, [definition]);
    await first.start(worker.work, "", { id: RUN });
    await self.clock.sleep(1_000);
    await first[Symbol.asyncDispose]();
    const retrying = kernel.events(ROOT).find(({ type }) => type === "retrying");
    expect(retrying).toMatchObject({ path: "step:act", attempt: 1, error: { message: "not yet" } });

    await self.clock.sleep(3_000);
    await using second = await kernel.system(self, [definition]);
    const run = await second.start(worker.work, "", { id: RUN });
    expect(await run.result()).toBe("done");
    expect(began.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
    const [one = 0, two = 0] = gaps(began);
    expect(one).toBeGreaterThanOrEqual(20_000);
    expect(one).toBeLessThanOrEqual(40_000);
    expect(two).toBeGreaterThanOrEqual(30_000);
  });
});

test("a short back-off is recorded when its task leaves memory", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 2);
    const retry = { attempts: 3, backoffMs: 4_000 };
    const definition = workerOf((ctx) => ctx.step("act", body, { retry }));
    await using system = await kernel.system(self, [definition], {
      passivateAfterMs: 0,
      pollMs: 500,
    });
    const run = await system.start(worker.work, "", { id: RUN });
    expect(await run.result()).toBe("done");
    expect(began.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
    const types = kernel.events(ROOT).map(({ type }) => type);
    expect(types.filter((type) => type === "retrying").length).toBe(2);
    expect(types.filter((type) => type === "resumed").length).toBe(2);
  });
});

test("a step that backs off holds no slot", async () => {
  await inWorld(async (self, kernel) => {
    const order: string[] = [];
    const definition = workerOf(
      (ctx, name) =>
        ctx.step(
          "act",
          ({ attempt }) => {
            order.push(`${name} ${attempt}`);
            if (name === "slow" && attempt === 1) throw new Error("not yet");
            return name;
          },
          { retry: { attempts: 2, backoffMs: 8_000 } },
        ),
      { concurrency: 1 },
    );
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    const slow = await system.start(worker.work, "slow");
    const fast = await system.start(worker.work, "fast");
    await Promise.all([slow.result(), fast.result()]);
    expect(order).toEqual(["slow 1", "fast 1", "slow 2"]);
  });
});

test("a cancelled task does not wait for its next attempt", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 9);
    const definition = workerOf((ctx) =>
      ctx.step("act", body, { retry: { attempts: 9, backoffMs: 60_000 } }),
    );
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    const run = await system.start(worker.work, "", { id: RUN });
    await self.clock.sleep(1_000);
    const receipt = await system.cancel(RUN);
    await expect(run.result()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(receipt.unknown).toEqual([]);
    expect(began.length).toBe(1);
  });
});

test("paused time does not count towards a back-off, and attempts before it are not forgotten", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 2);
    const retry = { attempts: 3, backoffMs: 8_000 };
    const definition = workerOf((ctx) => ctx.step("act", body, { retry }));
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    const run = await system.start(worker.work, "", { id: RUN });
    await self.clock.sleep(1_000);
    await system.pause(RUN);
    await self.clock.sleep(30_000);
    expect(began.length).toBe(1);
    await system.resume(RUN);
    expect(await run.result()).toBe("done");
    expect(began.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
    const [gap = 0] = gaps(began);
    expect(gap).toBeGreaterThanOrEqual(34_000);
    expect(gap).toBeLessThanOrEqual(40_000);
  });
});

test("a back-off that begins in a pause lasts no longer for it, and gives up for no deadline", async () => {
  await inWorld(async (self, kernel) => {
    const began: number[] = [];
    const definition = workerOf((ctx, input) => {
      // The asker's deadline is in 30 s of run time; the first attempt fails 60 s after the pause began.
      if (input === "ask") return ctx.ask(worker.wait, null);
      const body = async (): Promise<string> => {
        began.push(kernel.now());
        if (began.length > 1) return "done";
        await self.clock.sleep(61_000);
        throw new Error("not yet");
      };
      return ctx.step("act", body, { retry: { attempts: 2, backoffMs: 8_000 } });
    });
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    const run = await system.start(worker.work, "ask", { id: RUN });
    await self.clock.sleep(1_000);
    await system.pause(RUN);
    await self.clock.sleep(90_000);
    expect(began.length).toBe(1);
    await system.resume(RUN);
    const resumedAt = kernel.now();
    expect(await run.result()).toBe("done");
    expect((began[1] ?? 0) - resumedAt).toBeLessThanOrEqual(9_000);
  });
});

test("'why' tells which attempt failed with what, and when the next one begins", async () => {
  await inWorld(async (self, kernel) => {
    const { body } = failing(kernel, 1);
    const definition = workerOf((ctx) =>
      ctx.step("act", body, { retry: { attempts: 2, backoffMs: 60_000 } }),
    );
    await using system = await kernel.system(self, [definition], {
      passivateAfterMs: 0,
      pollMs: 500,
    });
    const run = await system.start(worker.work, "", { id: RUN });
    await self.clock.sleep(1_000);
    const { state, tasks } = await system.why(RUN);
    expect(state).toBe("idle");
    expect(tasks[0]?.waits).toMatchObject([
      { type: "retry", path: "step:act", attempt: 1, mustAct: "time", movement: "idle" },
    ]);
    const [wait] = tasks[0]?.waits ?? [];
    expect(wait?.until).toBeGreaterThan(kernel.now() + 20_000);
    expect(wait?.type === "retry" && wait.error.message).toBe("not yet");
    expect(await run.result()).toBe("done");
  });
});

test("nobody waits for an attempt beyond the deadline of its task", async () => {
  await inWorld(async (self, kernel) => {
    const { began, body } = failing(kernel, 9);
    const asker = contract("asker", { ask: { input: z.null(), output: z.json() } });
    const definitions = [
      agent(asker, { ask: (ctx) => ctx.ask(worker.wait, null) }),
      workerOf((ctx) => ctx.step("act", body, { retry: { attempts: 9, backoffMs: 60_000 } })),
    ];
    await using system = await kernel.system(self, definitions);
    const run = await system.start(asker.ask, null);
    await expect(run.result()).rejects.toMatchObject({ message: "not yet" });
    expect(began.length).toBe(1);
  });
});

test("options that cannot be meant are refused before anything happens", async () => {
  const wrong: StepOptions<string>[] = [
    { retry: { attempts: 0 } },
    { retry: { attempts: 1.5 } },
    { retry: { attempts: 1_001 } },
    { retry: { attempts: 2, backoffMs: -1 } },
    { retry: { attempts: 2, maxBackoffMs: Number.NaN } },
    { reconcile: () => ({ found: false }) },
    { reconcile: () => ({ found: false }), class: "once" },
  ];
  for (const options of wrong) {
    await inWorld(async (self, kernel) => {
      const { began, body } = failing(kernel, 0);
      expect(await runStep(self, kernel, body, options)).toMatchObject({ code: "USAGE" });
      expect(began).toEqual([]);
      expect(kernel.events(ROOT).some(({ type }) => type === "done")).toBe(false);
    });
  }
});
