import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { agent, type Context, contract, createSystem } from "../../../src/index.ts";
import type { Store } from "../../../src/ports/store.ts";

// What was asked for and has no outcome is part of the past too: code that does not ask for it becomes stuck before
// anything new happens, and the old code can go on.

const job = contract("job", { run: { input: z.null(), output: z.string() } });
const helper = contract("helper", { help: { input: z.number(), output: z.number() } });
const ID = "run";

type Code = (ctx: Context) => Promise<string>;

/** Begins a run with `code` and leaves it as soon as its root has recorded an event of type `until`. */
async function begin(store: Store, code: Code, until: string): Promise<void> {
  await using system = await createSystem({ store, agents: agentsOf(code), graceMs: 0 });
  const run = await system.start(job.run, null, { id: ID });
  for await (const { event, task } of run.events()) {
    if (event.type === until && task === (await store.runs({ run: run.id }))[0]?.root) return;
  }
}

/** Lets `code` go on with it. @returns what a task is stuck for. */
async function becomesStuck(store: Store, code: Code): Promise<string> {
  const trouble = Promise.withResolvers<string>();
  const onTrouble = (cause: unknown): void => trouble.resolve((cause as Error).message);
  await using _system = await createSystem({
    store,
    agents: agentsOf(code),
    graceMs: 0,
    onTrouble,
  });
  return await trouble.promise;
}

async function resultOf(store: Store, code: Code, signal?: string): Promise<string> {
  await using system = await createSystem({ store, agents: agentsOf(code) });
  const run = await system.start(job.run, null, { id: ID });
  if (signal !== undefined) {
    const helped = (await store.find({ run: run.id })).find((task) => task.agent === "helper");
    if (helped !== undefined) await system.signal({ task: helped.id }, signal, null);
  }
  return await run.result();
}

function agentsOf(code: Code): Parameters<typeof createSystem>[0]["agents"] {
  return [
    agent(job, { run: code }),
    agent(helper, {
      async help(ctx, n) {
        await ctx.waitFor("go", z.null(), { timeoutMs: null });
        return n;
      },
    }),
  ];
}

const never = (): Promise<string> => new Promise(() => {});

test("an effect that was cut is not done under another name", async () => {
  const store = memoryStore({ clock: nodeClock() });
  let paid = 0;
  await begin(store, (ctx) => ctx.step("pay", never, { class: "once" }), "intent");
  const renamed: Code = (ctx) => ctx.step("payment", () => `paid ${++paid}`, { class: "once" });
  expect(await becomesStuck(store, renamed)).toContain("expected step:pay, got step:payment");
  expect(paid).toBe(0);
});

test("nothing new begins beside a question that is another one now, and the old code goes on", async () => {
  const store = memoryStore({ clock: nodeClock() });
  const happened: string[] = [];
  const old: Code = async (ctx) => `helped ${await ctx.ask(helper.help, 1)}`;
  await begin(store, old, "asked");
  const changed: Code = async (ctx) => {
    const asked = await Promise.all([
      ctx.step("new", () => happened.push("a new body ran")),
      ctx.send(helper.help, 7).then(() => happened.push("a new message was sent")),
      ctx.ask(helper.help, 2),
    ]);
    return String(asked);
  };
  expect(await becomesStuck(store, changed)).toContain("with input 1, got");
  expect(happened).toEqual([]);
  expect(await resultOf(store, old, "go")).toBe("helped 1");
});

test("a wait that the code has no more is not forgotten", async () => {
  const store = memoryStore({ clock: nodeClock() });
  const waits: Code = async (ctx) => {
    await ctx.sleep("nap", 50);
    return "slept";
  };
  await begin(store, waits, "armed");
  expect(await becomesStuck(store, (ctx) => ctx.step("instead", () => "done"))).toContain(
    "expected sleep:nap, got step:instead",
  );
  expect(await resultOf(store, waits)).toBe("slept");
});

test("a handler that returns without what it had begun becomes stuck", async () => {
  const store = memoryStore({ clock: nodeClock() });
  await begin(store, (ctx) => ctx.step("pay", never, { class: "once" }), "intent");
  expect(await becomesStuck(store, async () => "nothing to do")).toContain(
    "expected step:pay, got the handler returned",
  );
});
