import { expect, test } from "vitest";
import { z } from "zod";
import { agent, type Context, contract, RuntimeError } from "../../../src/index.ts";
import { createSystem } from "../../../src/system/create-system.ts";
import { type Process, simulatedStore } from "../../../src/testing/index.ts";
import type { KernelWorld } from "../../sim/scenarios/kernel-world.ts";
import { inWorld } from "./in-world.ts";

const cook = contract("cook", {
  boil: { input: z.number(), output: z.unknown() },
  taste: { input: z.unknown(), output: z.string() },
});

type Boil = (ctx: Context, input: number) => unknown;

interface Ending {
  readonly result: unknown;
  readonly troubles: readonly string[];
  readonly bodies: readonly string[];
  /** State and last event of the root. */
  readonly last: unknown;
}

/** Runs `boil` once, in a system that replays what it does. */
async function run(
  self: Process,
  kernel: KernelWorld,
  boil: (bodies: string[]) => Boil,
): Promise<Ending> {
  const troubles: string[] = [];
  const bodies: string[] = [];
  const handlers = { boil: boil(bodies), taste: () => "good" };
  const system = await createSystem({
    store: simulatedStore(self, kernel.ledger),
    agents: [agent(cook, handlers as never)],
    clock: self.clock,
    random: self.random,
    pollMs: 100,
    verifyReplay: "always",
    onTrouble: (cause) => troubles.push(RuntimeError.is(cause) ? cause.code : String(cause)),
  });
  const started = await system.start(cook.boil, 1, { id: "r" });
  const result = await started.result().catch((error: unknown) => error);
  const last = kernel.record("r").at(-1)?.event;
  await system[Symbol.asyncDispose]();
  return { result, troubles, bodies, last };
}

/** What is told of a handler that does not do the same again. */
async function differenceOf(boil: (bodies: string[]) => Boil): Promise<unknown> {
  let found: unknown;
  await inWorld(async (self, kernel) => {
    const { result, troubles } = await run(self, kernel, boil);
    expect(troubles).toEqual(["REPLAY_DIVERGED"]);
    if (!RuntimeError.is(result, "REPLAY_DIVERGED")) throw new Error(`ended: ${String(result)}`);
    const { expected, actual } = result.details as { expected: string; actual: string };
    found = { expected, actual };
  });
  return found;
}

/** True, false, true, ...: chance, the time of day, anything outside. */
function alternating(): () => boolean {
  let is = false;
  return () => {
    is = !is;
    return is;
  };
}

test("a branch that chance decides is found", async () => {
  const found = await differenceOf(() => {
    const chance = alternating();
    return async (ctx) => ctx.step(chance() ? "left" : "right", () => 1);
  });
  expect(found).toEqual({ expected: "step:left", actual: "step:right" });
});

test("a step that is made only sometimes is found, also where nobody awaits it", async () => {
  const less = await differenceOf(() => {
    const chance = alternating();
    return async (ctx) => {
      if (chance()) await ctx.step("sometimes", () => 1);
      return ctx.step("always", () => 1);
    };
  });
  expect(less).toEqual({ expected: "step:sometimes", actual: "step:always" });
  const more = await differenceOf(() => {
    const chance = alternating();
    return async (ctx) => {
      const result = await ctx.step("always", () => 1);
      if (!chance()) void ctx.sleep("sometimes", 1_000);
      return result;
    };
  });
  expect(more).toEqual({ expected: "nothing more", actual: "sleep:sometimes" });
});

test("a counter outside that reaches the result is found", async () => {
  const found = await differenceOf(() => {
    let calls = 0;
    return async (ctx) => (await ctx.step("one", () => 1)) + calls++;
  });
  const outcome = (value: number): string => `the outcome {"type":"value","value":${value}}`;
  expect(found).toEqual({ expected: outcome(1), actual: outcome(2) });
});

test("a value that is smuggled out of a step is found", async () => {
  const found = await differenceOf(() => async (ctx) => {
    let smuggled = 0;
    await ctx.step("one", () => {
      smuggled = 7;
      return null;
    });
    return smuggled;
  });
  const outcome = (value: number): string => `the outcome {"type":"value","value":${value}}`;
  expect(found).toEqual({ expected: outcome(7), actual: outcome(0) });
});

test("a changed order is found, one after the other and side by side", async () => {
  const names = (chance: () => boolean): readonly string[] => (chance() ? ["a", "b"] : ["b", "a"]);
  const serial = await differenceOf(() => {
    const chance = alternating();
    return async (ctx) => {
      for (const name of names(chance)) await ctx.step(name, () => 1);
      return null;
    };
  });
  expect(serial).toEqual({ expected: "step:a", actual: "step:b" });
  const parallel = await differenceOf(() => {
    const chance = alternating();
    return async (ctx) => {
      await Promise.all(names(chance).map((name) => ctx.step(name, () => 1)));
      return null;
    };
  });
  expect(parallel).toEqual({ expected: "step:a", actual: "step:b" });
});

test("another message is found", async () => {
  const found = await differenceOf(() => {
    let calls = 0;
    return async (ctx) => ctx.ask(cook.taste, { call: calls++ });
  });
  expect(found).toEqual({
    expected: 'ask:cook.taste of cook.taste with input {"call":0}',
    actual: 'ask:cook.taste of cook.taste with input {"call":1}',
  });
});

test("an error with another message is found", async () => {
  const found = await differenceOf(() => {
    let calls = 0;
    return async (ctx) => {
      await ctx.step("one", () => 1);
      throw new Error(`failed at ${calls++}`);
    };
  });
  expect(JSON.stringify(found)).toContain("failed at 1");
});

test("something awaited outside ctx is found", async () => {
  let clock: Process["clock"] | undefined;
  await inWorld(async (self, kernel) => {
    clock = self.clock;
    const { result } = await run(self, kernel, () => async (ctx) => {
      await ctx.step("one", () => 1);
      await clock?.sleep(1_000);
      return 1;
    });
    await self.clock.sleep(1_000); // what the replay awaits
    expect(RuntimeError.is(result, "REPLAY_DIVERGED") && result.details).toMatchObject({
      expected: "the handler returned",
      actual: "nothing",
    });
  });
});

test("what a generation did is replayed before the next one begins", async () => {
  const found = await differenceOf(() => {
    const chance = alternating();
    return async (ctx, left) => {
      if (left === 0) return "done";
      await ctx.step(chance() ? "left" : "right", () => 1);
      return ctx.restart(left - 1);
    };
  });
  expect(found).toEqual({ expected: "step:left", actual: "step:right" });
});

test("a handler that does the same again ends as without the check; no body runs twice", async () => {
  await inWorld(async (self, kernel) => {
    const { result, troubles, bodies } = await run(self, kernel, (ran) => async (ctx, left) => {
      if (left > 0) return ctx.restart(left - 1);
      const act = (name: string, on: Context = ctx): Promise<string> =>
        on.step(name, () => {
          ran.push(name);
          return name;
        });
      const seen: unknown[] = [ctx.now() > 0, ctx.random() < 1, ctx.changed("new")];
      seen.push(await act("first"));
      await ctx.sleep("nap", 1_000);
      seen.push(await ctx.all("each", [1, 2, 3], (on, item) => act(`item ${item}`, on)));
      seen.push(
        await ctx.race("either", {
          fast: (on) => act("fast", on),
          slow: (on) => on.sleep("slow", 60_000),
        }),
      );
      seen.push(await ctx.ask(cook.taste, { soup: true }), await ctx.send(cook.taste, 1));
      seen.push(
        await ctx
          .step("fails", () => Promise.reject(new Error("no")))
          .catch((e: Error) => e.message),
      );
      void ctx.sleep("left open", 60_000);
      return seen.length + (ctx.changed("at the end") ? 1 : 0);
    });
    expect(troubles).toEqual([]);
    expect(result).toBe(10);
    expect(bodies).toEqual(["first", "item 1", "item 2", "item 3", "fast"]);
  });
});

test("whoever asked hears of it, and it is recorded as the outcome", async () => {
  await inWorld(async (self, kernel) => {
    const seen: string[] = [];
    let calls = 0;
    const system = await kernel.system(
      self,
      [
        agent(cook, {
          boil: (ctx) =>
            ctx.ask(cook.taste, 1).catch((error: RuntimeError) => `heard ${error.code}`),
          taste: () => `${calls++}`,
        }),
      ],
      { verifyReplay: "always", onTrouble: () => {} },
    );
    const started = await system.start(cook.boil, 1, { id: "r" });
    expect(await started.result()).toBe("heard REPLAY_DIVERGED");
    for (const { event } of kernel.record("r")) {
      if (event.type === "closed" && event.outcome.type === "error")
        seen.push(event.outcome.error.code);
    }
    expect(seen).toEqual(["REPLAY_DIVERGED"]);
    await system[Symbol.asyncDispose]();
  });
});

test("a task that is cancelled is not replayed", async () => {
  await inWorld(async (self, kernel) => {
    let lives = 0;
    const definition = agent(cook, {
      async boil(ctx) {
        lives++;
        await ctx.waitFor("never", z.null(), { timeoutMs: null });
        return lives;
      },
      taste: () => "good",
    });
    await using system = await kernel.system(self, [definition], { verifyReplay: "always" });
    const started = await system.start(cook.boil, 1, { id: "r" });
    while (kernel.recorded("r") < 2) await self.clock.sleep(10);
    await system.cancel("r");
    expect(await started.result().catch((error: RuntimeError) => error.code)).toBe("CANCELLED");
    expect(lives).toBe(1);
  });
});

test("a handler that comes back from a wait and does something else is told of: its task is stuck", async () => {
  await inWorld(async (self, kernel) => {
    const troubles: unknown[] = [];
    let calls = 0;
    const definition = agent(cook, {
      boil: (ctx) => ctx.ask(cook.taste, { call: calls++ }),
      async taste(ctx) {
        await ctx.sleep("slowly", 500);
        return "good";
      },
    });
    const onTrouble = (cause: unknown): number => troubles.push(cause);
    const system = await kernel.system(self, [definition], {
      passivateAfterMs: 0,
      pollMs: 100,
      onTrouble,
    });
    await system.start(cook.boil, 1, { id: "r" });
    while (troubles.length === 0) await self.clock.sleep(100);
    expect(troubles).toEqual([expect.objectContaining({ code: "STUCK" })]);
    await system.cancel("r");
    await system[Symbol.asyncDispose]();
  });
});
