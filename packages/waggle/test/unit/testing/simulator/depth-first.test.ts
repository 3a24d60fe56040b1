import { expect, test } from "vitest";
import { explore, type Scenario } from "../../../../src/testing/index.ts";
import { independent } from "./scenarios.ts";

async function count(scenario: Scenario, preemptionBound: number): Promise<number> {
  const report = await explore(scenario, {
    exhaustive: { preemptionBound, maxSchedules: 10_000 },
  });
  expect(report).toMatchObject({ failure: undefined, complete: true });
  return report.schedules;
}

test.each([
  { effects: [2, 2], bound: 0, schedules: 2, why: "one after the other" },
  { effects: [2, 2], bound: 1, schedules: 4, why: "and each interrupted once" },
  { effects: [2, 2], bound: 2, schedules: 6, why: "4 over 2" },
  { effects: [3, 3], bound: 9, schedules: 20, why: "6 over 3" },
  { effects: [5, 5], bound: 99, schedules: 252, why: "10 over 5" },
  { effects: [2, 2, 2], bound: 9, schedules: 90, why: "6! / (2! 2! 2!)" },
])(
  "processes of $effects effects have $schedules schedules within $bound preemptions: $why",
  async ({ effects, bound, schedules }) => {
    expect(await count(independent(effects), bound)).toBe(schedules);
  },
);

test("each effect may have one of its other outcomes, once per schedule", async () => {
  // No fault, or one of 2 alternatives at one of 3 effects.
  expect(await count(independent([3], 2), 0)).toBe(7);
  expect(await count({ ...independent([3], 2), faults: 0 }, 0)).toBe(1);
  // Two faults: 1 + 3 * 2 + 3 * 4.
  expect(await count({ ...independent([3], 2), faults: 2 }, 0)).toBe(19);
});

test("a process may crash at each of its effects, as often as it says", async () => {
  const crashing = (crashes: number): Scenario => ({
    name: "crashing",
    setup(world) {
      const main = async (self: { effect(label: string, apply: () => void): Promise<void> }) => {
        await self.effect("a", () => {});
        await self.effect("b", () => {});
      };
      world.process("solo", main, { crashes });
    },
  });
  // A life that crashes ends at a or at b; the last life goes through: 1 + 2, then 1 + 2 + 4.
  expect(await count(crashing(1), 0)).toBe(3);
  expect(await count(crashing(2), 0)).toBe(7);
});

test("timers that fire at the same time are tried in every order", async () => {
  const orders = new Set<string>();
  const schedules = await count(
    {
      name: "ties",
      setup(world) {
        const order: string[] = [];
        for (const name of ["a", "b", "c"]) {
          world.process(name, async (self) => {
            await self.clock.sleep(10);
            order.push(name);
          });
        }
        world.invariant(() => {
          orders.add(order.join(""));
          return undefined;
        });
      },
    },
    9,
  );
  expect(schedules).toBe(6);
  expect([...orders].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
});

test("a search that hits its limit does not claim to be complete", async () => {
  const report = await explore(independent([3, 3]), {
    exhaustive: { preemptionBound: 9, maxSchedules: 19 },
  });
  expect(report).toMatchObject({ schedules: 19, complete: false });
});
