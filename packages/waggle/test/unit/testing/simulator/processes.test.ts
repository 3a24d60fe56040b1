import { describe, expect, test } from "vitest";
import {
  explore,
  type Process,
  random,
  replay,
  runSchedule,
  type Scenario,
} from "../../../../src/testing/index.ts";
import { single } from "./scenarios.ts";

const everything = { preemptionBound: 99, maxSchedules: 100_000 };

describe("a crash", () => {
  test("happens after the effect, before its result is seen, and starts the next incarnation", async () => {
    const seen: string[] = [];
    const scenario: Scenario = {
      name: "crash",
      setup(world) {
        let stored = 0;
        world.process(
          "solo",
          async (self) => {
            const value = await self.effect("store", () => ++stored);
            seen.push(`incarnation ${self.incarnation} saw ${value}`);
          },
          { crashes: 1 },
        );
      },
    };
    const result = await runSchedule(scenario, replay([1]));
    expect(seen).toEqual(["incarnation 2 saw 2"]);
    expect(result.trace).toEqual([
      "0 solo: store = 1  *** crash before it saw the result ***",
      "0 solo/2: store = 2",
    ]);
  });

  test("takes effects, timers, turns, subscriptions and deliveries with it", async () => {
    const late: string[] = [];
    const scenario: Scenario = {
      name: "all gone",
      setup(world) {
        const main = async (self: Process): Promise<void> => {
          if (self.incarnation === 2) {
            self.bus.publish("news", "nobody is there to hear");
            await self.clock.sleep(500);
            return;
          }
          const say = (what: string) => () => void late.push(what);
          self.bus.subscribe("news", say("delivery"));
          self.bus.publish("news", "hello");
          void self.clock.sleep(10).then(say("timer"));
          void self.effect("other", say("effect")).then(say("result"));
          await self.effect("crash here", () => self.clock.turn(say("turn")));
        };
        world.process("solo", main, { crashes: 1 });
      },
    };
    // Options: 3 usual, 2 alternatives of the delivery, 3 crashes; the last crash is the one of `crash here`.
    const result = await runSchedule(scenario, replay([7]));
    expect(result.trace).toEqual([
      "0 solo: crash here  *** crash before it saw the result ***",
      "500 solo/2: sleep 500",
    ]);
    expect(result.failure).toBeUndefined();
    expect(late).toEqual([]);
  });

  test("leaves an incarnation that can do nothing more", async () => {
    let old: Process | undefined;
    const done: string[] = [];
    const scenario: Scenario = {
      name: "undead",
      setup(world) {
        const haunt = (dead: Process): void => {
          const say = (what: string) => () => void done.push(what);
          void dead.effect("write", say("effect")).then(say("result"), say("rejected"));
          void dead.clock.sleep(1).then(say("sleep"), say("rejected"));
          dead.clock.turn(say("turn"));
          dead.bus.subscribe("news", say("heard"));
          dead.bus.publish("news", "from the dead");
        };
        const main = async (self: Process): Promise<void> => {
          if (self.incarnation === 1) {
            old = self;
            await self.effect("crash", () => {});
            return;
          }
          self.bus.subscribe("news", (message) => void done.push(message));
          if (old !== undefined) haunt(old);
          self.bus.publish("news", "from the living");
          await self.clock.sleep(100);
        };
        world.process("solo", main, { crashes: 1 });
      },
    };
    const result = await runSchedule(scenario, replay([1]));
    expect(result.failure).toBeUndefined();
    expect(done).toEqual(["from the living"]);
    expect(result.trace).toHaveLength(3);
  });

  test("ends neither the schedule nor other processes", async () => {
    const scenario: Scenario = {
      name: "two",
      setup(world) {
        let finished = 0;
        for (const name of ["a", "b"]) {
          const main = async (self: Process) => {
            for (let i = 0; i < 3; i++) await self.effect(`e${i}`, () => {});
            await self.effect("finish", () => ++finished);
          };
          world.process(name, main, { crashes: name === "a" ? 1 : 0 });
        }
        world.invariant(() => (finished >= 2 ? undefined : `finished: ${finished}`));
      },
    };
    const report = await explore(scenario, { exhaustive: { ...everything, preemptionBound: 1 } });
    expect(report).toMatchObject({ failure: undefined, complete: true });
  });
});

describe("time", () => {
  test("a timer fires only when nothing else can happen", async () => {
    const order: string[] = [];
    const scenario: Scenario = {
      name: "idle",
      setup(world) {
        order.length = 0;
        world.process("sleeper", async (self) => {
          await self.clock.sleep(0);
          order.push("timer");
        });
        world.process("worker", async (self) => {
          for (let i = 0; i < 3; i++) await self.effect(`e${i}`, () => order.push(`e${i}`));
        });
        world.invariant(() =>
          order.join() === "e0,e1,e2,timer" ? undefined : `order: ${order.join()}`,
        );
      },
    };
    const report = await explore(scenario, { exhaustive: everything });
    expect(report).toMatchObject({ failure: undefined, complete: true, schedules: 1 });
    const early = await explore(
      { ...scenario, earlyTimers: 1 },
      { exhaustive: everything, stopAtFirstFailure: false },
    );
    // The timer before e0, e1, e2, or after all.
    expect(early).toMatchObject({ complete: true, schedules: 4, failures: 3 });
  });

  test("passes only through timers, the earliest first, and starts anew for each incarnation", async () => {
    const seen: number[][] = [];
    const scenario: Scenario = {
      name: "time",
      setup(world) {
        const start = world.now();
        const main = async (self: Process): Promise<void> => {
          const { clock } = self;
          const look = (): number => seen.push([clock.now() - start, clock.monotonic()]);
          look();
          await Promise.all([clock.sleep(30).then(look), clock.sleep(10).then(look)]);
          await self.effect("work", look);
        };
        world.process("solo", main, { crashes: 1 });
      },
    };
    await runSchedule(scenario, replay([0, 0, 1]));
    expect(seen).toEqual([
      [0, 0],
      [10, 10],
      [30, 30],
      [30, 30],
      // The crash came after `work` was done.
      [30, 0],
      [40, 10],
      [60, 30],
      [60, 30],
    ]);
  });

  test("an aborted sleep rejects with the reason and leaves no timer", async () => {
    const seen: unknown[] = [];
    const scenario = single("abort", async (self) => {
      const controller = new AbortController();
      const sleep = self.clock.sleep(1_000, { signal: controller.signal });
      const ended = sleep.catch((error: unknown) => seen.push(error));
      await self.effect("abort", () => controller.abort("enough"));
      await ended;
      const { signal } = controller;
      await self.clock.sleep(1, { signal }).catch((error: unknown) => seen.push(error));
    });
    const result = await runSchedule(scenario, replay([]));
    expect(result).toMatchObject({ failure: undefined, elapsedMs: 0 });
    expect(seen).toEqual(["enough", "enough"]);
  });

  test("a sleep for ever is a stall, not the end of time", async () => {
    const result = await runSchedule(
      single("for ever", (self) => self.clock.sleep(Number.POSITIVE_INFINITY)),
      replay([]),
    );
    expect(result.failure).toBe("stall: solo on sleep Infinity");
  });

  test("turns run in order, one at a time, with all microtasks between, and are no choices", async () => {
    const order: string[] = [];
    const scenario = single("turns", (self) => {
      const { clock } = self;
      const turn = (name: string, then?: () => void) => () => {
        order.push(name);
        void Promise.resolve()
          .then(() => {})
          .then(() => order.push(`after ${name}`));
        then?.();
      };
      clock.turn(turn("first", () => clock.turn(turn("third"))));
      clock.turn(turn("second"));
      order.push("main");
      return self.effect("work", () => order.push("work"));
    });
    const result = await runSchedule(scenario, replay([]));
    expect(result.choices).toEqual([0]);
    expect(order).toEqual([
      "main",
      "first",
      "after first",
      "second",
      "after second",
      "third",
      "after third",
      "work",
    ]);
  });
});

describe("chance", () => {
  test("depends on seed, process and incarnation, and on nothing else", async () => {
    const drawn = new Map<string, string>();
    const scenario: Scenario = {
      name: "chance",
      setup(world) {
        for (const name of ["a", "b"]) {
          const main = async (self: Process): Promise<void> => {
            const { random: chance } = self;
            const text = await self.effect("draw", () => `${chance.next()} ${chance.id()}`);
            drawn.set(`${self.name}/${self.incarnation}`, text);
          };
          world.process(name, main, { crashes: 1 });
        }
      },
    };
    const draw = async (choices: readonly number[], seed: number) => {
      drawn.clear();
      await runSchedule(scenario, replay(choices, seed));
      return new Map(drawn);
    };
    const one = await draw([], 1);
    expect([...one.keys()].sort()).toEqual(["a/1", "b/1"]);
    expect(one.get("a/1")).toMatch(/^0\.\d+ [0-9a-f]{32}$/);
    expect(one.get("a/1")).not.toBe(one.get("b/1"));
    // Another order, the same chance.
    expect(await draw([1], 1)).toEqual(new Map([...one].reverse()));
    const crashed = await draw([2], 1);
    expect(crashed.get("a/2")).toBeDefined();
    expect(crashed.get("a/2")).not.toBe(one.get("a/1"));
    const other = await draw([], 2);
    expect(other.get("a/1")).not.toBe(one.get("a/1"));
  });
});

describe("outcomes", () => {
  test("a write may come back as unknown, applied or not, within the budget of faults", async () => {
    const reached = new Set<string>();
    const scenario: Scenario = {
      name: "unknown",
      setup(world) {
        let stored = 0;
        const write = (): string => {
          stored += 1;
          return "stored";
        };
        world.process("solo", async (self) => {
          const answers: string[] = [];
          for (let i = 0; i < 2; i++) {
            answers.push(
              await self.effect("write", write, {
                alternatives: [
                  { label: "unknown, applied", apply: () => `${write()} unknown` },
                  { label: "unknown, not applied", apply: () => "unknown" },
                ],
              }),
            );
          }
          reached.add(`${answers.join(" + ")}: ${stored}`);
        });
      },
    };
    await explore(scenario, { schedules: 300 });
    expect([...reached].sort()).toEqual([
      "stored + stored unknown: 2",
      "stored + stored: 2",
      "stored + unknown: 1",
      "stored unknown + stored: 2",
      "unknown + stored: 1",
    ]);
  });

  test("a choice that is not on the menu counts as the last one", async () => {
    const scenario = single("short", (self) => self.effect("one", () => 1));
    const result = await runSchedule(scenario, replay([99]));
    expect(result.choices).toEqual([0]);
  });

  test("nothing of a schedule that is over reaches the next one", async () => {
    const leaked: string[] = [];
    let before: Process | undefined;
    const scenario: Scenario = {
      name: "over",
      setup(world) {
        const former = before;
        world.process("solo", async (self) => {
          before = self;
          former?.clock.turn(() => leaked.push("turn"));
          void former?.effect("late", () => leaked.push("effect"));
          await self.effect("work", () => 1);
        });
      },
    };
    for (let seed = 1; seed <= 3; seed++) {
      const result = await runSchedule(scenario, random(seed));
      expect(result.trace).toEqual(["0 solo: work = 1"]);
    }
    expect(leaked).toEqual([]);
  });
});
