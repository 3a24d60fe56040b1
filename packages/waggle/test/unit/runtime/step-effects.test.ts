import { expect, test } from "vitest";
import { z } from "zod";
import { digest128 } from "../../../src/core/digest.ts";
import type { TaskEvent } from "../../../src/core/event.ts";
import { type RunId, rootTaskId } from "../../../src/core/ids.ts";
import {
  type AgentDefinition,
  agent,
  contract,
  type Reconciled,
  RuntimeError,
  type StepContext,
  type StepOptions,
} from "../../../src/index.ts";
import type { Process } from "../../../src/testing/index.ts";
import type { KernelWorld } from "../../sim/scenarios/kernel-world.ts";
import { inWorld } from "./in-world.ts";

const payer = contract("payer", { pay: { input: z.null(), output: z.json() } });
const RUN = "run";
const ROOT = rootTaskId(RUN as RunId);
const RETRY = { attempts: 3, backoffMs: 100 };

type Body = (step: StepContext) => string | Promise<string>;

function payerOf(body: Body, options: StepOptions<string>): AgentDefinition {
  return agent(payer, { pay: (ctx) => ctx.step("pay", body, options) });
}

/** Pays; returns what the run came to. */
async function pay(
  self: Process,
  kernel: KernelWorld,
  body: Body,
  options: StepOptions<string>,
): Promise<unknown> {
  await using system = await kernel.system(self, [payerOf(body, options)]);
  const run = await system.start(payer.pay, null, { id: RUN });
  return await run.result().catch((error: unknown) => error);
}

/** Pays in a process that ends while the body runs. */
async function payCut(
  self: Process,
  kernel: KernelWorld,
  options: StepOptions<string>,
): Promise<void> {
  const hanging = payerOf(() => new Promise(() => {}), options);
  const system = await kernel.system(self, [hanging], { graceMs: 10 });
  await system.start(payer.pay, null, { id: RUN });
  await self.clock.sleep(1_000);
  await system[Symbol.asyncDispose]();
}

function refused(message = "refused"): RuntimeError {
  const facts = { code: "REFUSED", kind: "state", outcome: "not-applied" } as const;
  return new RuntimeError({ ...facts, retryable: true, message });
}

/** A body that throws these errors, one each time, and then returns; notes the keys it was given. */
function throwing(...errors: readonly unknown[]): { readonly keys: string[]; body: Body } {
  const keys: string[] = [];
  const body = ({ key, attempt }: StepContext): string => {
    keys.push(key);
    const error = errors[attempt - 1];
    if (error !== undefined) throw error;
    return "paid";
  };
  return { keys, body };
}

function types(kernel: KernelWorld): readonly string[] {
  return kernel.events(ROOT).map(({ type }) => type);
}

function retried(kernel: KernelWorld): readonly TaskEvent[] {
  return kernel.events(ROOT).filter(({ type }) => type === "retrying");
}

test("a 'once' effect of which nobody knows whether it happened is not tried again, and its error says so", async () => {
  await inWorld(async (self, kernel) => {
    const { keys, body } = throwing(new Error("connection lost"));
    const ended = await pay(self, kernel, body, { class: "once", retry: RETRY });
    expect(ended).toMatchObject({ outcome: "unknown", message: "connection lost" });
    expect(keys.length).toBe(1);
    expect(types(kernel)).toEqual(["started", "intent", "unknown", "done", "closed"]);
  });
});

test("an effect that says it was not applied is tried again, under a new key", async () => {
  for (const effect of ["once", "keyed"] as const) {
    await inWorld(async (self, kernel) => {
      const { keys, body } = throwing(refused(), refused());
      expect(await pay(self, kernel, body, { class: effect, retry: RETRY })).toBe("paid");
      expect(new Set(keys).size).toBe(3);
      expect(retried(kernel)).toMatchObject([
        { attempt: 1, round: 1 },
        { attempt: 2, round: 2 },
      ]);
    });
  }
});

test("the first key is as it was before there were rounds", async () => {
  await inWorld(async (self, kernel) => {
    const { keys, body } = throwing();
    await pay(self, kernel, body, { class: "keyed" });
    expect(keys).toEqual([digest128("effect", kernel.ledger.id, ROOT, "step:pay")]);
  });
});

test("a 'keyed' effect in doubt is tried again under the same key, whatever later attempts say", async () => {
  await inWorld(async (self, kernel) => {
    const { keys, body } = throwing(new Error("connection lost"), refused());
    expect(await pay(self, kernel, body, { class: "keyed", retry: RETRY })).toBe("paid");
    expect(keys.length).toBe(3);
    expect(new Set(keys).size).toBe(1);
  });
});

test("a refusal after an attempt in doubt does not make it certain that nothing happened", async () => {
  await inWorld(async (self, kernel) => {
    const { body } = throwing(new Error("connection lost"), refused(), refused("for good"));
    const ended = await pay(self, kernel, body, { class: "keyed", retry: RETRY });
    expect(ended).toMatchObject({ code: "REFUSED", message: "for good", outcome: "unknown" });
  });
  await inWorld(async (self, kernel) => {
    const { body } = throwing(refused(), refused(), refused("for good"));
    const ended = await pay(self, kernel, body, { class: "keyed", retry: RETRY });
    expect(ended).toMatchObject({ code: "REFUSED", message: "for good", outcome: "not-applied" });
  });
});

test("an effect that was applied, though its error is thrown, is not tried again", async () => {
  await inWorld(async (self, kernel) => {
    const facts = { code: "LATE", kind: "state", retryable: true, message: "late" } as const;
    const { keys, body } = throwing(new RuntimeError({ ...facts, outcome: "applied" }));
    const ended = await pay(self, kernel, body, { class: "keyed", retry: RETRY });
    expect(ended).toMatchObject({ code: "LATE", outcome: "applied" });
    expect(keys.length).toBe(1);
  });
});

test("a result that is no data was applied all the same", async () => {
  await inWorld(async (self, kernel) => {
    const body = (() => new Date()) as unknown as Body;
    const ended = await pay(self, kernel, body, {
      class: "keyed",
      retry: { ...RETRY, retryIf: () => true },
    });
    expect(ended).toMatchObject({ code: "NOT_DATA", outcome: "applied" });
    expect(types(kernel).filter((type) => type === "intent").length).toBe(1);
  });
});

test("that an effect was refused outlives its process", async () => {
  await inWorld(async (self, kernel) => {
    const { keys, body } = throwing(refused());
    const definition = payerOf(body, { class: "once", retry: { attempts: 2, backoffMs: 8_000 } });
    const first = await kernel.system(self, [definition]);
    await first.start(payer.pay, null, { id: RUN });
    await self.clock.sleep(1_000);
    await first[Symbol.asyncDispose]();
    await using second = await kernel.system(self, [definition]);
    expect(await (await second.start(payer.pay, null, { id: RUN })).result()).toBe("paid");
    expect(keys.length).toBe(2);
  });
});

test("an effect that a crash cut is looked for: found, it is done", async () => {
  await inWorld(async (self, kernel) => {
    const { keys, body } = throwing();
    const asked: number[] = [];
    const reconcile = ({ attempt }: StepContext): Reconciled<string> => {
      asked.push(attempt);
      return { found: true, value: "found" };
    };
    const options = { class: "once", timeoutMs: 5_000, reconcile } as const;
    await payCut(self, kernel, options);
    expect(await pay(self, kernel, body, options)).toBe("found");
    expect(keys).toEqual([]);
    expect(asked).toEqual([1]);
  });
});

test("an effect that a crash cut is looked for: not found, it is done now, under the same key", async () => {
  for (const effect of ["once", "keyed"] as const) {
    await inWorld(async (self, kernel) => {
      const { keys, body } = throwing();
      const asked: string[] = [];
      const reconcile = ({ key }: StepContext): Reconciled<string> => {
        asked.push(key);
        return { found: false };
      };
      const options = { class: effect, timeoutMs: 5_000, reconcile };
      await payCut(self, kernel, options);
      expect(await pay(self, kernel, body, options)).toBe("paid");
      expect(keys).toEqual(asked);
      const intents = kernel.events(ROOT).filter((event) => event.type === "intent");
      expect(intents).toMatchObject([
        { attempt: 1, key: asked[0] },
        { attempt: 2, key: asked[0] },
      ]);
    });
  }
});

test("an effect that cannot be looked for stays unknown, with both errors", async () => {
  await inWorld(async (self, kernel) => {
    const { body } = throwing(new Error("connection lost"));
    const reconcile = (): never => {
      throw new Error("nobody answers");
    };
    const options = { class: "once", timeoutMs: 5_000, retry: RETRY, reconcile } as const;
    expect(await pay(self, kernel, body, options)).toMatchObject({
      code: "EFFECT_UNKNOWN",
      outcome: "unknown",
      details: {
        error: { code: "HANDLER_FAILED", message: "connection lost" },
        reconcile: { message: "nobody answers" },
      },
    });
  });
});

test("after an error the effect is looked for: not found, the policy of retries decides", async () => {
  const reconcile = (): Reconciled<string> => ({ found: false });
  await inWorld(async (self, kernel) => {
    const { keys, body } = throwing(new Error("connection lost"));
    const options = { class: "once", timeoutMs: 5_000, retry: RETRY, reconcile } as const;
    expect(await pay(self, kernel, body, options)).toBe("paid");
    // What was in doubt once keeps its key: the same one costs nothing.
    expect(new Set(keys).size).toBe(1);
  });
  await inWorld(async (self, kernel) => {
    const { body } = throwing(new Error("connection lost"));
    const ended = await pay(self, kernel, body, { class: "once", timeoutMs: 5_000, reconcile });
    expect(ended).toMatchObject({ message: "connection lost", outcome: "not-applied" });
  });
});

test("a 'once' body that took too long is looked for when it has stopped; if it does not stop, nobody can tell", async () => {
  const reconcile = (): Reconciled<string> => ({ found: true, value: "found" });
  const options = { class: "once", timeoutMs: 1_000, reconcile } as const;
  await inWorld(async (self, kernel) => {
    const stopping: Body = (step) =>
      self.clock.sleep(9_000, { signal: step.signal }).then(() => "");
    expect(await pay(self, kernel, stopping, options)).toBe("found");
  });
  await inWorld(async (self, kernel) => {
    const deaf: Body = () => self.clock.sleep(9_000).then(() => "too late");
    const ended = await pay(self, kernel, deaf, options);
    expect(ended).toMatchObject({ code: "STEP_TIMEOUT", outcome: "unknown" });
  });
});

test("an effect that may still be on its way elsewhere is repeated when its longest time is over", async () => {
  await inWorld(async (self, kernel) => {
    const began: number[] = [];
    const body: Body = () => {
      began.push(kernel.now());
      return "paid";
    };
    const options = { class: "keyed", timeoutMs: 60_000 } as const;
    const start = kernel.now();
    await payCut(self, kernel, options);
    expect(await pay(self, kernel, body, options)).toBe("paid");
    expect(began).toEqual([start + 60_000]);
  });
});

test("an effect without a longest time is repeated at once", async () => {
  await inWorld(async (self, kernel) => {
    const began: number[] = [];
    const body: Body = () => {
      began.push(kernel.now());
      return "paid";
    };
    await payCut(self, kernel, { class: "keyed" });
    const before = kernel.now();
    expect(await pay(self, kernel, body, { class: "keyed" })).toBe("paid");
    expect(began).toEqual([before]);
  });
});

test("an effect in doubt whose next attempt is cancelled is in the receipt", async () => {
  await inWorld(async (self, kernel) => {
    const { body } = throwing(new Error("connection lost"));
    const definition = payerOf(body, { class: "keyed", retry: { attempts: 2, backoffMs: 60_000 } });
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    await system.start(payer.pay, null, { id: RUN });
    await self.clock.sleep(1_000);
    const receipt = await system.cancel(RUN);
    expect(receipt.unknown.map(({ path }) => path)).toEqual(["step:pay"]);
  });
});

test("a fork begins what was being tried again with its first attempt", async () => {
  await inWorld(async (self, kernel) => {
    const attempts: [string, number][] = [];
    const definition = agent(payer, {
      pay: (ctx) =>
        ctx.step(
          "pay",
          ({ attempt }) => {
            attempts.push([ctx.run, attempt]);
            if (attempt === 1) throw refused();
            return "paid";
          },
          { class: "keyed", retry: { attempts: 2, backoffMs: 20_000 } },
        ),
    });
    await using system = await kernel.system(self, [definition], { pollMs: 500 });
    const run = await system.start(payer.pay, null, { id: RUN });
    await self.clock.sleep(1_000);
    const at = kernel.ledger.eventsAfter(RUN as RunId, 0, 100).at(-1)?.position ?? 0;
    const fork = await system.fork(RUN, { after: at }, { id: "fork" });
    expect([await run.result(), await fork.result()]).toEqual(["paid", "paid"]);
    const ofFork = attempts.filter(([id]) => id === "fork").map(([, attempt]) => attempt);
    expect(ofFork).toEqual([1, 2]);
  });
});
