import { describe, expect, test } from "vitest";
import {
  explore,
  formatReport,
  type Process,
  pct,
  type Report,
  random,
  replay,
  runSchedule,
  type Scenario,
  type Strategy,
} from "../../../../src/testing/index.ts";
import { chargedSteps, counter, leased, mutualRequest } from "./scenarios.ts";

const everything = { preemptionBound: 99, maxSchedules: 100_000 };

/** Choices of a shrunk failure that are not the default. */
function deviations(report: Report): number {
  return (report.failure?.shrunk ?? []).filter((choice) => choice !== 0).length;
}

/** Explores at random, checks that the report's failure happens again, and hands it over. */
async function find(scenario: Scenario, seed: number = 1): Promise<Report> {
  const report = await explore(scenario, { schedules: 2_000, seed });
  const { failure } = report;
  if (failure === undefined) return report;
  const again = await runSchedule(scenario, replay(failure.shrunk, failure.seed));
  expect(again.failure).toBe(failure.shrunkText);
  expect(again.trace).toEqual(failure.trace);
  return report;
}

describe("known mistakes", () => {
  test("a lost update of two agents is found and shrunk to one deviation", async () => {
    const report = await find(counter(2, false));
    expect(report.failure?.text).toBe("lost update: 1 of 2");
    expect(deviations(report)).toBe(1);
  });

  test("compare-and-set loses no update in any schedule", async () => {
    const report = await explore(counter(2, true), { exhaustive: everything });
    // The 6 interleavings of two reads and two writes; whoever tries again is alone.
    expect(report).toMatchObject({ failure: undefined, complete: true, schedules: 6 });
    const three = await explore(counter(3, true), { exhaustive: everything });
    expect(three).toMatchObject({ failure: undefined, complete: true });
    expect(three.schedules).toBeGreaterThan(90);
  });

  test("a mutual request deadlocks, with the cycle in order", async () => {
    const report = await find(mutualRequest());
    expect(report.failure?.shrunkText).toBe("deadlock: ada -> ben -> ada");
    expect(deviations(report)).toBeLessThanOrEqual(3);
  });

  test("a crash between effect and journal repeats the effect", async () => {
    const report = await find(chargedSteps(3, false));
    expect(report.failure?.shrunkText).toBe("charged: 4 of 3");
    expect(deviations(report)).toBe(1);
    expect(report.failure?.trace.filter((line) => line.includes("*** crash"))).toHaveLength(1);
  });

  test("an effect with a key happens once whatever the crash", async () => {
    const report = await explore(chargedSteps(3, true), { exhaustive: everything });
    expect(report).toMatchObject({ failure: undefined, complete: true });
    // A crash at the last note leaves no step to be done again.
    expect(report.marks).toEqual({ "after a crash": report.schedules - 2 });
  });

  test("a zombie that outlived its lease is found by an early timer", async () => {
    const report = await find(leased(false));
    expect(report.failure?.text).toMatch(/^double write: /);
    expect(deviations(report)).toBeLessThanOrEqual(3);
    const natural = await runSchedule(leased(false), replay([]));
    expect(natural.failure).toBeUndefined();
  });

  test("a zombie without early timers cannot be found", async () => {
    const scenario = { ...leased(false), earlyTimers: 0 };
    const report = await explore(scenario, { exhaustive: everything });
    expect(report).toMatchObject({ failure: undefined, complete: true });
  });

  test("a fence stops the zombie in every schedule", async () => {
    const report = await explore(leased(true), { exhaustive: everything });
    expect(report).toMatchObject({ failure: undefined, complete: true });
  });

  test("failures shrink to few deviations from whatever seed found them", async () => {
    for (const scenario of [counter(3, false), chargedSteps(3, false), leased(false)]) {
      for (let seed = 1; seed <= 20; seed++) {
        const report = await find(scenario, seed * 10_000);
        expect(report.failure, scenario.name).toBeDefined();
        expect(deviations(report), scenario.name).toBeLessThanOrEqual(3);
      }
    }
  });
});

describe("strategies", () => {
  /** Fails when `slow` does its second effect after all of `busy`'s. */
  const standsStill: Scenario = {
    name: "stands still",
    setup(world) {
      let count = 0;
      let seen = -1;
      world.process("slow", async (self) => {
        const before = await self.effect("look", () => count);
        seen = (await self.effect("look again", () => count)) - before;
      });
      world.process("busy", async (self) => {
        for (let i = 0; i < 40; i++) await self.effect(`e${i}`, () => ++count);
      });
      world.invariant(() => (seen < 38 ? undefined : "stood still: too long"));
    },
  };

  const hits = async (strategy: (seed: number) => Strategy): Promise<number> => {
    let count = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { failure } = await runSchedule(standsStill, strategy(seed));
      if (failure !== undefined) count += 1;
    }
    return count;
  };

  test("pct finds what a random walk does not: one process that stands still for long", async () => {
    expect(await hits(random)).toBe(0);
    expect(await hits((seed) => pct(seed, 2, 42))).toBeGreaterThan(2);
  });

  test("a failure among much noise shrinks to the steps that matter", async () => {
    const noisy: Scenario = {
      name: "noise",
      setup(world) {
        let value = 0;
        const main = async (self: Process): Promise<void> => {
          const noise = async (): Promise<void> => {
            for (let i = 0; i < 10; i++) await self.effect(`noise ${i}`, () => i);
          };
          await noise();
          const seen = await self.effect("read", () => value);
          await self.effect("write", () => {
            value = seen + 1;
          });
          await noise();
        };
        for (const name of ["a", "b", "c"]) world.process(name, main);
        world.invariant(() => (value === 3 ? undefined : `lost update: ${value} of 3`));
      },
    };
    let found = 0;
    for (let seed = 1; seed <= 5; seed++) {
      const report = await find(noisy, seed * 1_000);
      found = Math.max(found, report.failure?.choices.filter((choice) => choice !== 0).length ?? 0);
      expect(deviations(report)).toBe(1);
    }
    expect(found).toBeGreaterThan(10);
  });
});

describe("reproducibility", () => {
  test.each([
    ["random", (seed: number) => random(seed)],
    ["pct", (seed: number) => pct(seed, 3, 12)],
  ])("a seed of %s gives the same trace again, byte for byte", async (_, strategy) => {
    const traces = new Set<string>();
    for (let seed = 1; seed <= 50; seed++) {
      const first = await runSchedule(leased(false), strategy(seed));
      const second = await runSchedule(leased(false), strategy(seed));
      const replayed = await runSchedule(leased(false), replay(first.choices, seed));
      expect(second).toEqual(first);
      expect(replayed).toEqual(first);
      traces.add(first.trace.join("\n"));
    }
    expect(traces.size).toBeGreaterThan(5);
  });

  test("state at module level is reported as nondeterminism, with the first line that differs", async () => {
    let outlives = 0;
    const scenario: Scenario = {
      name: "global counter",
      setup(world) {
        world.process("solo", async (self) => {
          await self.effect("same", () => "always");
          await self.effect("number", () => ++outlives);
        });
      },
    };
    const report = await explore(scenario, { schedules: 10 });
    expect(report.failure?.text).toMatch(
      /^nondeterminism: step 2 was '0 solo: number = 2 .*' and then '0 solo: number = 3 .*'$/,
    );
  });

  test("a failure that its own choices do not bring back is reported as nondeterminism", async () => {
    let schedules = 0;
    const scenario: Scenario = {
      name: "fails once",
      setup(world) {
        schedules += 1;
        const isFirst = schedules === 1;
        world.process("solo", (self) => self.effect("nothing", () => undefined));
        world.invariant(() => (isFirst ? "first: only now" : undefined));
      },
    };
    const report = await explore(scenario, { schedules: 10 });
    expect(report.failure?.text).toMatch(/^nondeterminism: .*'first: only now'/);
  });
});

describe("the report", () => {
  test("says how often each mark was reached, and shows how to run the failure again", async () => {
    const report = await explore(chargedSteps(2, false), { schedules: 200, seed: 7 });
    const text = formatReport(report);
    expect(text).toContain("crash between effect and journal: failed in 1 of");
    expect(text).toContain(`found by ${report.failure?.strategy}, seed ${report.failure?.seed}`);
    expect(text).toContain(`replay([${report.failure?.shrunk.join(", ")}], `);
    expect(text).toContain(`reached after a crash: in ${report.marks["after a crash"]} of`);
    for (const line of report.failure?.trace ?? []) expect(text).toContain(line);
  });

  test("counts every failing schedule when it is not to stop at the first", async () => {
    const report = await explore(counter(2, false), {
      exhaustive: everything,
      stopAtFirstFailure: false,
    });
    // Of the 6 interleavings of read and write, 2 do not overlap.
    expect(report).toMatchObject({ schedules: 6, failures: 4, complete: true });
  });

  test("refuses a number of schedules that is none", async () => {
    await expect(explore(counter(2, true), { schedules: 0 })).rejects.toMatchObject({
      code: "USAGE",
    });
  });
});
