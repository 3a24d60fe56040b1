import { expect, test } from "vitest";
import { z } from "zod";
import {
  type AgentDefinition,
  type AgentOptions,
  agent,
  type Context,
  contract,
  RuntimeError,
  type System,
} from "../../../src/index.ts";
import type { Process } from "../../../src/testing/index.ts";
import type { KernelWorld } from "../../sim/scenarios/kernel-world.ts";
import { inWorld } from "./in-world.ts";

const cook = contract("cook", {
  boil: { input: z.string(), output: z.string() },
  stir: { input: z.number(), output: z.number() },
});

type Boil = (ctx: Context, what: string) => Promise<string>;

/** Its code says which version it is, in what it records and in what it answers. */
function boils(name: string): Boil {
  return async (ctx, what) => {
    await ctx.step(`heat ${name}`, () => null);
    await ctx.waitFor("ready", z.null(), { timeoutMs: null });
    return `${what} by ${name}`;
  };
}

function cooks(boil: Boil, options: AgentOptions): AgentDefinition {
  return agent(
    cook,
    {
      boil,
      async stir(ctx, turns) {
        if (turns === 0) return Number(options.version ?? 0);
        await ctx.waitFor("ready", z.null(), { timeoutMs: null });
        return ctx.restart(turns - 1);
      },
    },
    options,
  );
}

/** Opens a system in which a task that waits leaves memory at once. */
function open(
  self: Process,
  kernel: KernelWorld,
  agents: readonly AgentDefinition[],
): Promise<System> {
  return kernel.system(self, agents, { passivateAfterMs: 0, pollMs: 100 });
}

/** Runs `boil` in a system with `definition` until it waits, and ends that system. */
async function begin(
  self: Process,
  kernel: KernelWorld,
  definition: AgentDefinition,
  run = "r",
): Promise<void> {
  await using system = await open(self, kernel, [definition]);
  await system.start(cook.boil, "soup", { id: run });
  while (!kernel.record(run).some(({ event }) => event.type === "armed"))
    await self.clock.sleep(10);
}

async function stateOf(system: System, run = "r"): Promise<string> {
  const { rootCauses } = await system.why(run);
  return rootCauses
    .map((cause) => {
      if (cause.type !== "wait") return cause.type;
      const { wait } = cause;
      return wait.type === "unserved" ? `unserved ${wait.agent} ${wait.version}` : wait.type;
    })
    .join(", ");
}

test("a task that was begun waits for a host with its version, and says so", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, cooks(boils("one"), { version: "1" }));
    await using two = await open(self, kernel, [cooks(boils("two"), { version: "2" })]);
    await two.signal({ run: "r" }, "ready", null);
    await self.clock.sleep(1_000);
    expect(await stateOf(two)).toBe("unserved cook 1");
    await using _one = await open(self, kernel, [cooks(boils("one"), { version: "1" })]);
    expect(await two.run("r").result()).toBe("soup by one");
  });
});

test("a message that nobody has begun goes to whichever version there is", async () => {
  await inWorld(async (self, kernel) => {
    const client = await open(self, kernel, []);
    await using two = await open(self, kernel, [cooks(boils("two"), { version: "2" })]);
    const run = await client.start(cook.boil, "soup", { id: "r" });
    await two.signal({ run: "r" }, "ready", null);
    expect(await run.result()).toBe("soup by two");
    await client[Symbol.asyncDispose]();
  });
});

test("code that continues a version goes on with its tasks", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, cooks(boils("one"), { version: "1" }));
    const next: Boil = async (ctx, what) => {
      const name = ctx.changed("two") ? "two" : "one";
      await ctx.step(`heat ${name}`, () => null);
      await ctx.waitFor("ready", z.null(), { timeoutMs: null });
      return `${what} by ${name}, ended by two`;
    };
    await using two = await open(self, kernel, [cooks(next, { version: "2", continues: ["1"] })]);
    await two.signal({ run: "r" }, "ready", null);
    expect(await two.run("r").result()).toBe("soup by one, ended by two");
    const other = await two.start(cook.boil, "rice", { id: "s" });
    await two.signal({ run: "s" }, "ready", null);
    expect(await other.result()).toBe("rice by two, ended by two");
  });
});

test("code without a version binds nothing, and continues nothing that is bound", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, cooks(boils("none"), {}), "free");
    await begin(self, kernel, cooks(boils("one"), { version: "1" }), "bound");
    {
      await using none = await open(self, kernel, [cooks(boils("none"), {})]);
      await none.signal({ run: "bound" }, "ready", null);
      await self.clock.sleep(1_000);
      expect(await stateOf(none, "bound")).toBe("unserved cook 1");
    }
    await using one = await open(self, kernel, [cooks(boils("none"), { version: "1" })]);
    await one.signal({ run: "free" }, "ready", null);
    expect(await one.run("free").result()).toBe("soup by none");
  });
});

test("what code with a version leaves stuck goes back to the old code, which ends it", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, cooks(boils("one"), {}));
    {
      await using two = await open(self, kernel, [cooks(boils("two"), { version: "2" })]);
      await two.signal({ run: "r" }, "ready", null);
      await self.clock.sleep(1_000);
      expect(await stateOf(two)).toBe("stuck");
    }
    await using old = await open(self, kernel, [cooks(boils("one"), {})]);
    const run = await old.start(cook.boil, "soup", { id: "r" });
    expect(await run.result()).toBe("soup by one");
  });
});

test("what ctx.restart begins anew is taken up by any version", async () => {
  await inWorld(async (self, kernel) => {
    {
      await using one = await open(self, kernel, [cooks(boils("one"), { version: "1" })]);
      await one.start(cook.stir, 1, { id: "r" });
      while (kernel.recorded("r") < 2) await self.clock.sleep(10);
    }
    await using two = await open(self, kernel, [cooks(boils("two"), { version: "2" })]);
    await two.signal({ run: "r" }, "ready", null);
    await self.clock.sleep(1_000);
    expect(await stateOf(two)).toBe("unserved cook 1");
    const bound: unknown[] = [];
    kernel.whenCommitted = ({ writes }) => {
      const isRestart = writes.some((write) => write.type === "append" && write.restart === true);
      if (isRestart) bound.push(kernel.ledger.find({ run: "r" as never })[0]?.codeVersion);
    };
    await using _one = await open(self, kernel, [cooks(boils("one"), { version: "1" })]);
    await two.run("r").result();
    expect(bound).toEqual([null]);
  });
});

test("a fork is continued by the version that its original was; what it begins anew, by any", async () => {
  await inWorld(async (self, kernel) => {
    await begin(self, kernel, cooks(boils("one"), { version: "1" }));
    await using two = await open(self, kernel, [cooks(boils("two"), { version: "2" })]);
    const at = kernel.ledger.eventsAfter("r" as never, 0, 100).at(-1)?.position ?? 0;
    await two.fork("r", { after: at }, { id: "copy" });
    await two.signal({ run: "copy" }, "ready", null);
    await self.clock.sleep(1_000);
    expect(await stateOf(two, "copy")).toBe("unserved cook 1");
    const root = kernel.ledger.find({ run: "r" as never })[0]?.id ?? "";
    const again = await two.fork("r", { before: root as never }, { id: "again" });
    await two.signal({ run: "again" }, "ready", null);
    expect(await again.result()).toBe("soup by two");
    await using _one = await open(self, kernel, [cooks(boils("one"), { version: "1" })]);
    expect(await two.run("copy").result()).toBe("soup by one");
  });
});

test("versions that do not fit together are refused", () => {
  const refusal = (options: AgentOptions): unknown => {
    try {
      return cooks(boils("x"), options).version;
    } catch (error) {
      return RuntimeError.is(error, "USAGE") && error.message;
    }
  };
  expect(refusal({ continues: ["1"] })).toBe("agent 'cook': 'continues' without 'version'");
  expect(refusal({ version: "1", continues: ["1"] })).toBe(
    "agent 'cook': versions share a name: 1, 1",
  );
  expect(refusal({ version: "" })).toBe("agent 'cook': version '' has no 1 to 200 characters");
});
