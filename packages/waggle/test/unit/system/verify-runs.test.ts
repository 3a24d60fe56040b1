import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  type RunsVerdict,
  RuntimeError,
  type VerifyRunsOptions,
  verifyRuns,
} from "../../../src/index.ts";
import type { Process } from "../../../src/testing/index.ts";
import type { KernelWorld } from "../../sim/scenarios/kernel-world.ts";
import { inWorld } from "../runtime/in-world.ts";

const cook = contract("cook", { boil: { input: z.string(), output: z.string() } });
const taster = contract("taster", { taste: { input: z.string(), output: z.string() } });

type Boil = (ctx: Context, what: string) => Promise<string>;

function cooks(boil: Boil, version?: string): AgentDefinition {
  return agent(cook, { boil }, version === undefined ? {} : { version });
}

const tasters = agent(taster, {
  async taste(ctx, what) {
    await ctx.waitFor("tasted", z.null(), { timeoutMs: null });
    return `good ${what}`;
  },
});

const asks: Boil = async (ctx, what) => {
  await ctx.step("heat", () => "x".repeat(20_000)); // a blob
  return ctx.ask(taster.taste, what);
};

/** Runs `boil` in its own system until nothing goes on any more, or its run has ended. */
async function begin(
  self: Process,
  kernel: KernelWorld,
  agents: readonly AgentDefinition[],
  id = "r",
): Promise<void> {
  await using system = await kernel.system(self, agents, { passivateAfterMs: 0, pollMs: 100 });
  await system.start(cook.boil, "soup", { id });
  await self.clock.sleep(1_000);
}

/** Verifies the ledger of `kernel`; fails if that changes anything. */
async function verify(
  self: Process,
  kernel: KernelWorld,
  options: Omit<VerifyRunsOptions, "store">,
): Promise<RunsVerdict> {
  const store = memoryStore({ clock: self.clock, ledger: kernel.ledger });
  const rows = JSON.stringify(kernel.ledger.find({}));
  const refused = { ...store, commit: never, claim: never, beat: never };
  const verdict = await verifyRuns({ store: refused, clock: self.clock, ...options });
  expect(JSON.stringify(kernel.ledger.find({}))).toBe(rows);
  return verdict;
}

function never(): never {
  throw new Error("the ledger was written to");
}

test("code that asks for the same fits; every task of the run is replayed, no body runs", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, [cooks(asks), tasters]);
    const still: Boil = async (ctx, what) => {
      await ctx.step("heat", never as unknown as () => string);
      return `${await ctx.ask(taster.taste, what)}!`;
    };
    const verdict = await verify(self, kernel, { agents: [cooks(still), tasters] });
    expect(verdict).toEqual({ replayed: 2, diverged: [], unserved: [] });
  });
});

test("code that asks for something else is told of, with what it did", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, [cooks(asks, "1"), tasters]);
    const other: Boil = async (ctx, what) => {
      await ctx.step("heat", () => "");
      return ctx.ask(taster.taste, `${what}!`);
    };
    const [root] = kernel.ledger.find({ agent: "cook" });
    const found = await verify(self, kernel, { agents: [cooks(other, "2"), tasters] });
    expect(found.diverged).toEqual([
      {
        run: "r",
        task: root?.id,
        agent: "cook",
        operation: "boil",
        version: "1",
        expected: 'ask:taster.taste of taster.taste with input "soup"',
        actual: 'ask:taster.taste of taster.taste with input "soup!"',
        hint: expect.stringContaining("the code changed"),
      },
    ]);
  });
});

test("a question that the code does not ask any more is told of", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, [cooks(asks), tasters]);
    const alone: Boil = async (ctx) => {
      await ctx.step("heat", () => "");
      return ctx.step("taste", () => "good");
    };
    const { diverged } = await verify(self, kernel, { agents: [cooks(alone), tasters] });
    expect(diverged.map(({ expected, actual }) => `${expected} / ${actual}`)).toEqual([
      "ask:taster.taste / step:taste",
    ]);
  });
});

test("what no given agent handles is unserved; a paused run is looked at, one that is cancelled is not", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, [cooks(asks), tasters]);
    const outside = await kernel.system(self, []);
    await outside.pause("r");
    const { replayed, unserved } = await verify(self, kernel, { agents: [tasters] });
    expect({ replayed, unserved: unserved.map((one) => one.agent) }).toEqual({
      replayed: 1,
      unserved: ["cook"],
    });
    await outside[Symbol.asyncDispose]();
    kernel.ledger.commit({
      host: outside.run("r").id as never,
      writes: [{ type: "gate", run: "r" as never, from: ["paused"], to: "cancelling" }],
    });
    const none = { replayed: 0, diverged: [], unserved: [] };
    expect(await verify(self, kernel, { agents: [cooks(asks), tasters] })).toEqual(none);
  });
});

test("a run that has ended is looked at when it is asked for, with the result of each task", async () => {
  await inWorld(async (self, kernel) => {
    let calls = 0;
    const counting: Boil = async (ctx) => `${await ctx.step("heat", () => "hot")} ${calls++}`;
    await begin(self, kernel, [cooks(counting)]);
    const agents = [cooks(counting)];
    expect((await verify(self, kernel, { agents })).replayed).toBe(0);
    const { replayed, diverged } = await verify(self, kernel, { agents, finished: true });
    expect(replayed).toBe(1);
    expect(diverged.map(({ expected, actual }) => [expected, actual])).toEqual([
      [
        'the outcome {"type":"value","value":"hot 0"}',
        'the outcome {"type":"value","value":"hot 1"}',
      ],
    ]);
    const more: Boil = async (ctx) => {
      void ctx.sleep("more", 1_000);
      return `${await ctx.step("heat", () => "hot")} 0`;
    };
    const added = await verify(self, kernel, { agents: [cooks(more)], finished: true });
    expect(added.diverged.map(({ actual }) => actual)).toEqual(["sleep:more"]);
    const shows = { agents: [cooks(async () => "hot 0")], finished: true, run: "r" };
    const less = await verify(self, kernel, shows);
    expect(less.diverged.map(({ expected }) => expected)).toEqual(["step:heat"]);
  });
});

test("one run can be asked for; one that is not there is an error", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, [cooks(asks), tasters], "one");
    await begin(self, kernel, [cooks(asks), tasters], "two");
    const agents = [cooks(asks), tasters];
    expect((await verify(self, kernel, { agents })).replayed).toBe(4);
    expect((await verify(self, kernel, { agents, run: "two" })).replayed).toBe(2);
    const missing = await verify(self, kernel, { agents, run: "x" }).catch(
      (error: unknown) => error,
    );
    expect(RuntimeError.is(missing, "NOT_FOUND")).toBe(true);
  });
});

test("a store that comes as a factory is disposed afterwards", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, [cooks(asks), tasters]);
    let disposed = 0;
    const opened = memoryStore({ clock: self.clock, ledger: kernel.ledger });
    const dispose = async (): Promise<void> => {
      disposed++;
    };
    const store = async () => ({ ...opened, [Symbol.asyncDispose]: dispose });
    const { random, clock } = self;
    const verdict = await verifyRuns({ store, agents: [cooks(asks), tasters], clock, random });
    expect({ replayed: verdict.replayed, disposed }).toEqual({ replayed: 2, disposed: 1 });
  });
});
