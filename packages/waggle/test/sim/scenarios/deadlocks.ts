import { z } from "zod";
import type { TaskId } from "../../../src/core/ids.ts";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  RuntimeError,
} from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { DeadlockWitness } from "./deadlock-witness.ts";
import { KernelWorld } from "./kernel-world.ts";
import { codeOf } from "./run-world.ts";

/**
 * How a holder of a key wants the next one. `ask`: asks for it. `relay`: has somebody without a key ask for it. `both`:
 * asks for it, and somebody else for something slow. `relay-both`: both of that. `person`: asks for it, and waits for
 * a signal. `race`: asks for it, but waits no longer than for a time. `timeout`: asks for it, with a time-out.
 */
export type HolderType = (typeof HOLDER_TYPES)[number];

const HOLDER_TYPES = ["ask", "relay", "both", "relay-both", "person", "race", "timeout"] as const;

/** What a holder of a key does while it holds it, with the key it wants next. */
const WISH = z.object({ type: z.enum(HOLDER_TYPES), key: z.string() });
type Wish = z.infer<typeof WISH>;

const HOLD = z.object({ key: z.string(), wish: WISH.nullable() });

const caller = contract("caller", { run: { input: HOLD, output: z.string() } });
const guard = contract(
  "guard",
  { hold: { input: HOLD, output: z.string() } },
  { key: ({ key }) => key },
);
const relay = contract("relay", { pass: { input: HOLD, output: z.string() } });
const clerk = contract("clerk", { work: { input: z.null(), output: z.string() } });

/** How the world of {@link deadlocks} is made. */
export interface DeadlockWorld {
  /** Each is a run of its own: it takes key `i`, and while it holds it, wants key `i + 1`, the last one key 0. */
  readonly wishes: readonly HolderType[];
  /** Hosts; the runs are dealt out among them. */
  readonly hosts: number;
  /** Crashes of each host. */
  readonly crashes: number;
  readonly faults: number;
  /** How often a timer may fire although something else could happen. */
  readonly earlyTimers?: number;
  readonly passivateAfterMs: number;
  /** True: somebody cancels the first run at some moment. */
  readonly cancels?: boolean;
}

/**
 * Runs that hold a key each and want the next one, in a circle. In each schedule in which that becomes a deadlock, one
 * of them is told so and the others go on; nobody is told so otherwise.
 */
export function deadlocks(parts: DeadlockWorld): Scenario {
  return {
    name: `deadlocks (${JSON.stringify(parts)})`,
    faults: parts.faults,
    earlyTimers: parts.earlyTimers ?? 0,
    maxSteps: 6_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      const { wishes, hosts, cancels = false } = parts;
      const mayDissolve = cancels || wishes.includes("timeout");
      const witness = new DeadlockWitness(kernel, latestMs(parts), mayDissolve);
      const keys = wishes.map((_, i) => `k${i}`);
      let over = 0;
      const start = async (self: Process, own: readonly number[]): Promise<void> => {
        if (self.incarnation > 1) witness.hostDied();
        const system = await kernel.system(self, agents(self, witness), parts);
        const runs = own.map(async (i) => {
          const next = keys[(i + 1) % keys.length] ?? "";
          const wish: Wish = { type: wishes[i] ?? "ask", key: next };
          const run = await system.start(caller.run, { key: `k${i}`, wish }, { id: `run-${i}` });
          if (wish.type === "person") await answerPerson(self, kernel, system, run.id);
          const ended = await run.result().catch(codeOf);
          if (ended === "CANCELLED") kernel.mark("a run in a deadlock was cancelled");
        });
        await Promise.all(runs);
        over++;
        const haveEnded = (): boolean => keys.every((_, i) => kernel.gate(`run-${i}`) === "ended");
        await self.effect("all are over", () => {}, { ready: () => over >= hosts && haveEnded() });
        await system[Symbol.asyncDispose]();
      };
      for (let host = 0; host < hosts; host++) {
        const own = [...keys.keys()].filter((i) => i % hosts === host);
        world.process(`host-${host}`, (self) => start(self, own), { crashes: parts.crashes });
      }
      if (cancels) world.process("canceller", (self) => cancelFirst(self, kernel, parts));
      world.invariant(() => {
        for (const i of keys.keys()) {
          const problem = kernel.problems(`run-${i}`);
          if (problem !== undefined) return problem;
        }
        return witness.verdict();
      });
    },
  };
}

/**
 * Without mishaps no timer has to fire before the alarm, as long as nobody leaves memory; otherwise it takes two beats
 * of 5 s at most. After a crash or a lost wake-up: whenever the silent host is freed, or the next poll comes.
 */
function latestMs(parts: DeadlockWorld): number {
  const { crashes, faults, earlyTimers = 0, passivateAfterMs, cancels = false } = parts;
  if (crashes + faults + earlyTimers > 0 || cancels) return Number.POSITIVE_INFINITY;
  return passivateAfterMs === 0 ? 10_000 : 0;
}

/** Cancels the first run at a moment that is drawn anew for each schedule: when so much of it is recorded. */
async function cancelFirst(
  self: Process,
  kernel: KernelWorld,
  { passivateAfterMs }: DeadlockWorld,
): Promise<void> {
  const run = "run-0";
  const system = await kernel.system(self, [], { passivateAfterMs });
  const recorded = 3 + Math.floor(self.random.next() * 6);
  const isReached = (): boolean => kernel.gate(run) === "ended" || kernel.recorded(run) >= recorded;
  await self.effect(`moment ${recorded}`, () => {}, { ready: isReached });
  await system.cancel(run);
  await system[Symbol.asyncDispose]();
}

/** Says `go` to the holder once it waits for that; the person of another life may have said so already. */
async function answerPerson(
  self: Process,
  kernel: KernelWorld,
  system: Awaited<ReturnType<KernelWorld["system"]>>,
  run: string,
): Promise<void> {
  const waiting = (): TaskId | undefined =>
    kernel.record(run).find(({ event }) => event.type === "armed")?.task;
  await self.effect("somebody waits for a person", () => {}, {
    ready: () => waiting() !== undefined || kernel.gate(run) === "ended",
  });
  const task = waiting();
  if (task === undefined) return;
  await system.signal({ task }, "go", null).catch((error: unknown) => {
    if (!RuntimeError.is(error, "TOO_LATE")) throw error;
  });
}

function agents(self: Process, witness: DeadlockWitness): readonly AgentDefinition[] {
  return [
    agent(caller, { run: (ctx, hold) => ctx.ask(guard.hold, hold) }),
    agent(guard, {
      async hold(ctx, { wish }) {
        if (wish === null) return "held";
        await ctx.step("work", () => self.effect("work", () => "worked"));
        try {
          return await want(ctx, wish, witness);
        } catch (error) {
          if (!RuntimeError.is(error, "DEADLOCK")) throw error;
          witness.told(ctx.task, error);
          return "gave up";
        }
      },
    }),
    agent(relay, { pass: (ctx, hold) => ctx.ask(guard.hold, hold) }),
    agent(clerk, { work: (ctx) => ctx.step("work", () => self.effect("slow", () => "done")) }),
  ];
}

function want(ctx: Context, { type, key }: Wish, witness: DeadlockWitness): Promise<string> {
  const hold = { key, wish: null };
  switch (type) {
    case "ask":
      witness.expects(ctx.task, 1);
      return ctx.ask(guard.hold, hold);
    case "relay":
      witness.expects(ctx.task, 1);
      return ctx.ask(relay.pass, hold);
    case "both":
    case "relay-both": {
      witness.expects(ctx.task, 2);
      const asked = type === "both" ? ctx.ask(guard.hold, hold) : ctx.ask(relay.pass, hold);
      return Promise.all([asked, ctx.ask(clerk.work, null)]).then(([held]) => held);
    }
    case "person": {
      witness.expects(ctx.task, 1);
      const person = ctx.waitFor("go", z.null(), { timeoutMs: null });
      return Promise.all([ctx.ask(guard.hold, hold), person]).then(([held]) => held);
    }
    case "timeout":
      witness.expects(ctx.task, 1);
      return ctx.ask(guard.hold, hold, { timeoutMs: 3_000 }).catch((error: unknown) => {
        if (RuntimeError.is(error, "ASK_TIMEOUT") || RuntimeError.is(error, "EXPIRED"))
          return "late";
        throw error;
      });
    case "race": {
      witness.expects(ctx.task, Number.POSITIVE_INFINITY);
      const first = ctx.race("first", {
        held: (branch) => branch.ask(guard.hold, hold),
        late: (branch) => branch.sleep("late", 3_000),
      });
      return first.then(({ winner }) => winner);
    }
  }
}
