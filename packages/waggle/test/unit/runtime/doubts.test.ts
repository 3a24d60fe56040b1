import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { type RunId, rootTaskId } from "../../../src/core/ids.ts";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  createSystem,
  RuntimeError,
} from "../../../src/index.ts";
import type { Batch, Store } from "../../../src/ports/store.ts";
import { inWorld } from "./in-world.ts";

const worker = contract("worker", { work: { input: z.null(), output: z.json() } });
const RUN = "run";
const ROOT = rootTaskId(RUN as RunId);

function workerOf(work: (ctx: Context) => Promise<unknown>): AgentDefinition {
  return agent(worker, { work: (ctx) => work(ctx) as never });
}

/** A guarded effect that does not end. */
function pay(ctx: Pick<Context, "step">): Promise<string> {
  return ctx.step("pay", () => new Promise<string>(() => {}), { class: "once" });
}

function refusal(): RuntimeError {
  const facts = { kind: "state", outcome: "not-applied", retryable: false } as const;
  return new RuntimeError({ ...facts, code: "REFUSED", message: "refused" });
}

test("an effect that still runs when its handler fails is among the unknown", async () => {
  await inWorld(async (self, kernel) => {
    const bad = (ctx: Context): Promise<string> =>
      ctx.step("bad", async () => {
        await self.clock.sleep(100);
        throw new Error("bad");
      });
    const definition = workerOf((ctx) => Promise.all([pay(ctx), bad(ctx)]));
    await using system = await kernel.system(self, [definition], { graceMs: 0 });
    const run = await system.start(worker.work, null, { id: RUN });
    await expect(run.result()).rejects.toMatchObject({ message: "bad" });
    const { unknown, finished } = await system.cancel(RUN);
    expect(unknown.map(({ path }) => path)).toEqual(["step:pay"]);
    expect(finished.length).toBe(1);
    const types = kernel.events(ROOT).map(({ type }) => type);
    expect(types).toEqual(["started", "intent", "done", "unknown", "dropped", "closed"]);
  });
});

test.each([true, false])(
  "a cut effect of a cancelled task that does not fit its code any more is among the unknown (called again: %s)",
  async (isCalledAgain) => {
    await inWorld(async (self, kernel) => {
      const definition = (name: string, pays: boolean): AgentDefinition =>
        workerOf(async (ctx) => {
          const before = await ctx.step("first", () => "first");
          if (!pays) return await ctx.step(name, () => before);
          return await ctx.all("both", [pay, (c: Context) => c.step(name, () => name)], (c, act) =>
            act(c as Context),
          );
        });
      {
        await using system = await kernel.system(self, [definition("one", true)], { graceMs: 0 });
        await system.start(worker.work, null, { id: RUN });
        await self.clock.sleep(100);
      }
      const changed = definition("two", isCalledAgain);
      await using system = await kernel.system(self, [changed], { graceMs: 0 });
      const { unknown, stopped } = await system.cancel(RUN);
      expect(unknown.map(({ path }) => path)).toEqual(["all:both[0]/step:pay"]);
      expect(kernel.events(ROOT).filter(({ type }) => type === "unknown").length).toBe(1);
      expect(stopped.length).toBe(1);
    });
  },
);

test.each([
  ["failed for good", 1],
  ["is tried again", 9],
])("an effect that was found not to have happened is not unknown: its step %s", async (_, more) => {
  await inWorld(async (self, kernel) => {
    let attempts = 0;
    const body = (): string => {
      if (++attempts === 1) throw new Error("connection lost");
      throw refusal();
    };
    const definition = workerOf(async (ctx) => {
      const retry = { attempts: 1 + more, backoffMs: 20_000, retryIf: () => true };
      const reconcile = (): { found: false } => ({ found: false });
      const options = { class: "once", timeoutMs: 1_000, reconcile, retry } as const;
      await ctx.step("pay", body, options).catch(() => {});
      return await ctx.waitFor("go", z.null(), { timeoutMs: null });
    });
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    await system.start(worker.work, null, { id: RUN });
    await self.clock.sleep(120_000);
    expect(attempts).toBeGreaterThan(1);
    const { unknown } = await system.cancel(RUN);
    expect(kernel.events(ROOT).some(({ type }) => type === "unknown")).toBe(true);
    expect(unknown).toEqual([]);
  });
});

test("a transaction that the grace ends is not among the unknown: it has no effect of its own", async () => {
  await inWorld(async (self, kernel) => {
    const definition = workerOf((ctx) => ctx.transact("board", "set", () => new Promise(() => {})));
    const options = { graceMs: 0, pollMs: 500 };
    await using system = await kernel.system(self, [definition], options);
    await system.start(worker.work, null, { id: RUN });
    await self.clock.sleep(100);
    expect((await system.cancel(RUN)).unknown).toEqual([]);
  });
});

const nobody = contract("nobody", { work: { input: z.null(), output: z.json() } });

test.each<
  [string, (ctx: Context) => Promise<unknown>, (store: Store, late: () => Promise<void>) => object]
>([
  [
    "a step whose outcome is on its way",
    (ctx) => ctx.step("act", () => "done"),
    (store, late) => ({
      commit: async (batch: Batch) => {
        if (hasDone(batch)) await late();
        return await store.commit(batch);
      },
    }),
  ],
  [
    "an ask for whom nobody has been found yet",
    (ctx) => ctx.ask(nobody.work, null),
    (store, late) => ({
      hosts: async () => {
        await late();
        return await store.hosts();
      },
    }),
  ],
])("%s when the grace ends is not among the unknown", async (_, work, slow) => {
  await inWorld(async (self) => {
    const plain = memoryStore({ clock: self.clock });
    let isSlow = true;
    const late = (): Promise<void> => self.clock.sleep(isSlow ? 5_000 : 0);
    const store: Store = Object.assign(Object.create(plain), slow(plain, late));
    const times = { graceMs: 0, cancelGraceMs: 1_000, pollMs: 500 };
    const parts = { store, clock: self.clock, random: self.random };
    await using system = await createSystem({ ...parts, ...times, agents: [workerOf(work)] });
    await system.start(worker.work, null, { id: RUN });
    await self.clock.sleep(100);
    const { unknown, stopped } = await system.cancel(RUN);
    expect(unknown).toEqual([]);
    expect(stopped.length).toBe(1);
    isSlow = false;
    await self.clock.sleep(10_000);
  });
});

function hasDone({ writes }: Batch): boolean {
  return writes.some(
    (write) => write.type === "append" && write.events.some(({ type }) => type === "done"),
  );
}
