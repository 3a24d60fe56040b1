import { expect, test } from "vitest";
import { explore, replay, runSchedule, type Scenario } from "../../../../src/testing/index.ts";
import { drainModeHere, inMacrotask } from "../../../../src/testing/simulator/drain.ts";
import { chargedSteps, counter, leased, single } from "./scenarios.ts";

test("the self-check finds that a call can drain here", async () => {
  expect(await inMacrotask(() => drainModeHere())).toBe("sync");
});

test("the self-check refuses a drain that does nothing", async () => {
  expect(await inMacrotask(() => drainModeHere(() => {}))).toBe("macrotask");
});

test("what a macrotask throws reaches whoever asked for it", async () => {
  const failure = new Error("no");
  const thrown = inMacrotask(() => {
    throw failure;
  });
  await expect(thrown).rejects.toBe(failure);
});

test.each([
  ["lost update", counter(2, false)],
  ["crash", chargedSteps(2, false)],
  ["lease", leased(false)],
])("both ways of draining report the same of a %s", async (_, scenario) => {
  const options = { schedules: 200, seed: 3, stopAtFirstFailure: false };
  const fast = await explore(scenario, { ...options, drainMode: "sync" });
  const slow = await explore(scenario, { ...options, drainMode: "macrotask" });
  expect(fast.failure).toBeDefined();
  expect(slow).toEqual(fast);
});

test("the slow way drains next-ticks and runs turns too, and finds escapes that last", async () => {
  const order: string[] = [];
  const scenario: Scenario = single("slow", async (self) => {
    self.clock.turn(() => order.push("turn"));
    await new Promise<void>((resolve) => process.nextTick(() => queueMicrotask(resolve)));
    order.push("microtasks");
    await self.effect("work", () => order.push("work"));
    await new Promise((resolve) => setImmediate(resolve));
  });
  const result = await runSchedule(scenario, replay([]), { drainMode: "macrotask" });
  expect(order).toEqual(["microtasks", "turn", "work"]);
  expect(result.failure).toBe("escape: solo waits on something outside its ports");
});

test.each(["sync", "macrotask"] as const)(
  "an error of setup reaches the caller (%s)",
  async (drainMode) => {
    const scenario: Scenario = {
      name: "broken",
      setup() {
        throw new Error("no world");
      },
    };
    const listeners = process.listeners("unhandledRejection");
    await expect(explore(scenario, { drainMode })).rejects.toThrow("no world");
    expect(process.listeners("unhandledRejection")).toEqual(listeners);
  },
);
