import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { finding } from "../../../src/agents/messages/index.ts";
import { contract, messageType, to } from "../../../src/core/contract.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import { agent } from "../../../src/runtime/agent.ts";
import type { Context } from "../../../src/runtime/context.ts";
import { createSystem, type System } from "../../../src/system/create-system.ts";

const json = z.json();
const lead = contract("lead", { run: { input: json, output: json } });

/** A system on a ledger of its own, in which agent `lead` does `handler`. */
function systemOf(
  handler: (ctx: Context) => Promise<unknown>,
  others: readonly AgentDefinition[],
): Promise<System> {
  return createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [agent(lead, { run: (ctx) => handler(ctx) as Promise<never> }), ...others],
    pollMs: 10,
  });
}

async function resultOf(
  handler: (ctx: Context) => Promise<unknown>,
  others: readonly AgentDefinition[],
): Promise<unknown> {
  await using system = await systemOf(handler, others);
  return await (await system.start(lead.run, null)).result();
}

function listener(name: string, groups: readonly string[], heard: string[]): AgentDefinition {
  const face = contract(name, { finding: finding.shape });
  return agent(
    face,
    {
      finding: async (_ctx, { subject }) => {
        heard.push(`${name}: ${subject}`);
        return null;
      },
    },
    { groups, capabilities: ["listens"] },
  );
}

test("a broadcast reaches everyone in the group once, and not its sender", async () => {
  const heard: string[] = [];
  const shout = contract("shout", { finding: finding.shape, go: { input: json, output: json } });
  const shouter = agent(
    shout,
    {
      finding: () => {
        heard.push("shout: it heard itself");
        return null;
      },
      go: async (ctx) => {
        const { agents } = await ctx.broadcast(
          finding,
          { subject: "smoke", content: null, confidence: 0.9 },
          { group: "kitchen" },
        );
        return [...agents];
      },
    },
    { groups: ["kitchen"] },
  );
  const others = [
    listener("anna", ["kitchen"], heard),
    listener("bert", ["garden"], heard),
    listener("cleo", ["kitchen", "garden"], heard),
  ];
  const system = await systemOf((ctx) => ctx.ask(shout.go, null), [shouter, ...others]);
  const run = await system.start(lead.run, null);
  expect(await run.result()).toEqual(["anna", "cleo"]);
  for await (const _ of run.events());
  await system[Symbol.asyncDispose]();
  expect(heard.sort()).toEqual(["anna: smoke", "cleo: smoke"]);
});

test("a peer is found by capability and asked by a message type", async () => {
  const heard: string[] = [];
  const result = await resultOf(
    async (ctx) => {
      const [peer = ""] = await ctx.peers({ capability: "listens", operation: "finding" });
      const input = { subject: "hello", content: 1, confidence: 1 };
      return [peer, await ctx.ask(to(peer, finding), input)];
    },
    [listener("anna", [], heard)],
  );
  expect(result).toEqual(["anna", null]);
  expect(heard).toEqual(["anna: hello"]);
});

test("a message nobody handles is a dead letter with its reason, and its asker hears", async () => {
  const unknownType = messageType("unheardOf", { input: json, output: json });
  await using system = await systemOf(
    async (ctx) => {
      try {
        await ctx.ask(to("anna", unknownType), 7);
        return "answered";
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    [listener("anna", [], [])],
  );
  const run = await system.start(lead.run, null);
  expect(await run.result()).toBe("UNHANDLED");
  const [letter] = await system.deadLetters();
  expect(letter).toMatchObject({
    run: run.id,
    agent: "anna",
    operation: "unheardOf",
    input: 7,
    reason: { code: "UNHANDLED" },
  });
  await expect(system.redrive(letter?.task ?? "")).rejects.toMatchObject({ code: "UNHANDLED" });
});

test("a dead letter is handled once when it is sent again", async () => {
  const late = contract("late", { work: { input: z.number(), output: z.number() } });
  let isReady = false;
  let handled = 0;
  const worker = agent(late, {
    work: async (_ctx, n) => {
      handled++;
      return n * 2;
    },
  });
  const unready: AgentDefinition = {
    ...worker,
    handler: (name) => (isReady ? worker.handler(name) : undefined),
  };
  await using system = await systemOf((ctx) => ctx.send(late.work, 21), [unready]);
  await (await system.start(lead.run, null)).result();
  await expect.poll(async () => (await system.deadLetters()).length).toBe(1);
  isReady = true;
  const [letter] = await system.deadLetters();
  const again = await system.redrive(letter?.task ?? "");
  expect(await again.result()).toBe(42);
  expect((await system.redrive(letter?.task ?? "")).isNew).toBe(false);
  expect(handled).toBe(1);
});

test("messages of one key are taken one at a time, in order", async () => {
  const cart = contract(
    "cart",
    { add: { input: z.object({ cart: z.string(), n: z.number() }), output: z.number() } },
    { key: (input) => input.cart },
  );
  const order: string[] = [];
  let inside = 0;
  const result = await resultOf(
    async (ctx) =>
      ctx.all("items", [1, 2, 3, 4, 5, 6], (branch, n) =>
        branch.ask(cart.add, { cart: n % 2 === 0 ? "even" : "odd", n }),
      ),
    [
      agent(cart, {
        add: async (ctx, { cart: key, n }) => {
          const others = order.filter((one) => one.startsWith(`${key} begins`)).length;
          const ends = order.filter((one) => one.startsWith(`${key} ends`)).length;
          inside = Math.max(inside, others - ends + 1);
          order.push(`${key} begins ${n}`);
          await ctx.sleep("a while", 2);
          order.push(`${key} ends ${n}`);
          return n;
        },
      }),
    ],
  );
  expect(result).toEqual([1, 2, 3, 4, 5, 6]);
  expect(inside).toBe(1);
  const begins = order.filter((one) => one.includes("odd begins"));
  expect(begins).toEqual(["odd begins 1", "odd begins 3", "odd begins 5"]);
});

test("a full mailbox refuses with a typed error, or the sender waits", async () => {
  const slow = contract(
    "slow",
    { work: { input: z.number(), output: z.number() } },
    { mailbox: 2 },
  );
  const worker = agent(
    slow,
    {
      work: async (ctx, n) => {
        await ctx.step("work", () => new Promise<null>((done) => setTimeout(() => done(null), 20)));
        return n;
      },
    },
    { concurrency: 1 },
  );
  const answers = await resultOf(
    async (ctx) => {
      const asks = await ctx.all("refusing", [1, 2, 3, 4, 5, 6], async (branch, n) => {
        try {
          return await branch.ask(slow.work, n, { whenFull: "refuse" });
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
      const waited = await ctx.all("waiting", [1, 2, 3, 4, 5, 6], (branch, n) =>
        branch.ask(slow.work, n),
      );
      return [asks, waited];
    },
    [worker],
  );
  const [asks, waited] = answers as [unknown[], number[]];
  expect(asks.filter((one) => one === "MAILBOX_FULL")).toHaveLength(3);
  expect(asks.filter((one) => typeof one === "number")).toHaveLength(3);
  expect(waited).toEqual([1, 2, 3, 4, 5, 6]);
});

test("start refuses a full mailbox, with the limit and when to try again", async () => {
  const slow = contract(
    "slow",
    { work: { input: z.number(), output: z.number() } },
    { mailbox: 1 },
  );
  await using system = await systemOf(
    async () => null,
    [
      agent(
        slow,
        {
          work: async (ctx, n) => {
            await ctx.step(
              "work",
              () => new Promise<null>((done) => setTimeout(() => done(null), 50)),
            );
            return n;
          },
        },
        { concurrency: 1 },
      ),
    ],
  );
  await system.start(slow.work, 1);
  const waiting = await system.start(slow.work, 2);
  await expect(system.start(slow.work, 3)).rejects.toMatchObject({
    code: "MAILBOX_FULL",
    message: "mailbox of agent 'slow' is full (limit 1)",
    retryable: true,
    retryAfterMs: 1_000,
  });
  const patient = await system.start(slow.work, 4, { whenFull: "wait" });
  expect(await Promise.all([waiting.result(), patient.result()])).toEqual([2, 4]);
});

test("a message that was not begun before its deadline is a dead letter", async () => {
  const busy = contract("busy", { work: { input: z.number(), output: z.number() } });
  await using system = await systemOf(
    async (ctx) => {
      const first = ctx.ask(busy.work, 1, { key: "1" });
      const late = ctx.ask(busy.work, 2, { key: "2", timeoutMs: 10 }).catch((error) => error.code);
      return [await late, await first];
    },
    [
      agent(
        busy,
        {
          work: async (ctx, n) => {
            await ctx.step(
              "work",
              () => new Promise<null>((done) => setTimeout(() => done(null), 60)),
            );
            return n;
          },
        },
        { concurrency: 1 },
      ),
    ],
  );
  expect(await (await system.start(lead.run, null)).result()).toEqual(["ASK_TIMEOUT", 1]);
});

test("agents say who they are and what they do", async () => {
  await using system = await systemOf(async () => null, [listener("anna", ["kitchen"], [])]);
  const agents = await system.agents();
  expect(
    agents.map(({ name, status, groups, operations }) => [name, status, groups, operations]),
  ).toEqual([
    ["anna", "idle", ["kitchen"], ["finding"]],
    ["lead", "idle", [], ["run"]],
  ]);
});
