import { expect, test } from "vitest";
import {
  explore,
  type Process,
  replay,
  runSchedule,
  type Scenario,
  type Strategy,
} from "../../../../src/testing/index.ts";
import { runSearch } from "../../../../src/testing/simulator/search.ts";
import { shrink } from "../../../../src/testing/simulator/shrink.ts";

/** Fails when two processes write six times in turn; between their writes, and in a third one, is noise. */
const inTurn: Scenario = {
  name: "in turn",
  setup(world) {
    let log = "";
    const writer = async (self: Process): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await self.effect(`look ${i}`, () => log);
        await self.effect(`think ${i}`, () => i);
        await self.effect(`write ${i}`, () => {
          log += self.name;
        });
      }
    };
    world.process("a", writer, { crashes: 1 });
    world.process("b", writer);
    world.process("noise", async (self) => {
      for (let i = 0; i < 20; i++) {
        const alternatives = [{ label: "odd", apply: () => -1 }];
        await self.effect(`noise ${i}`, () => i, { alternatives });
      }
    });
    world.invariant(() => (log.endsWith("ababab") ? `in turn: ${log}` : undefined));
  },
};

/** Lets the processes take turns, after the first writer has crashed and the noise has suffered a fault. */
const roundRobin: Strategy = {
  name: "round robin",
  seed: 1,
  begin: () => (options) => {
    const wish = ["a: look 0 [crash]", "noise: noise 0 [odd]"][options.step];
    const names = Array.from({ length: options.length }, (_, i) => options.nameOf(i));
    if (wish !== undefined) return names.indexOf(wish);
    const turn = ["noise:", "b:", "a:"][options.step % 3] ?? "";
    return Math.max(
      0,
      names.slice(0, options.ok).findIndex((name) => name.startsWith(turn)),
    );
  },
};

test("a long schedule with mishaps that do not matter shrinks to the switches that do", async () => {
  const failing = await runSchedule(inTurn, roundRobin);
  expect(failing.failure).toBe("in turn: ababab");
  expect(failing.choices.filter((choice) => choice !== 0).length).toBeGreaterThan(15);
  const shrunk = await runSearch(inTurn, shrink(failing, 1));
  expect(shrunk?.result.failure).toBe("in turn: ababab");
  // Six blocks in turn are five switches; the last is the default, for the first writer has ended.
  expect(shrunk?.result.choices.filter((choice) => choice !== 0)).toHaveLength(4);
  expect(shrunk?.result.trace.join()).not.toMatch(/crash|odd/);
  expect(shrunk?.runs).toBeLessThanOrEqual(5_000);
});

test("shrinking keeps within its bound of runs", async () => {
  const failing = await runSchedule(inTurn, roundRobin);
  const shrunk = await runSearch(inTurn, shrink(failing, 1, 10));
  expect(shrunk?.result.failure).toBe("in turn: ababab");
  expect(shrunk?.runs).toBeLessThanOrEqual(10);
});

test("a schedule that does not fail cannot be shrunk to one that does", async () => {
  const passing = await runSchedule(inTurn, replay([]));
  const claimed = { ...passing, failure: "in turn: ababab" };
  expect(await runSearch(inTurn, shrink(claimed, 1))).toBeUndefined();
});

test("a failure that is only counted is reported as it was found", async () => {
  const [found, shrunk] = [
    await explore(inTurn, { seed: 1, schedules: 20_000, shrinks: false }),
    await explore(inTurn, { seed: 1, schedules: 20_000 }),
  ];
  expect(found.failure?.shrunk).toEqual(found.failure?.choices);
  expect(found.failure?.choices).toEqual(shrunk.failure?.choices);
  expect(shrunk.failure?.shrunk.length).toBeLessThan(found.failure?.choices.length ?? 0);
});
