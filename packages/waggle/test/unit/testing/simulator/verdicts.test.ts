import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  explore,
  type Process,
  replay,
  runSchedule,
  type Scenario,
} from "../../../../src/testing/index.ts";
import { single } from "./scenarios.ts";

/** What the natural order of a scenario fails with. */
async function verdict(scenario: Scenario): Promise<string | undefined> {
  return (await runSchedule(scenario, replay([]))).failure;
}

describe("escapes", () => {
  test.each([
    ["a real timer", () => new Promise((resolve) => setTimeout(resolve, 1))],
    ["an immediate", () => new Promise((resolve) => setImmediate(resolve))],
    ["a file", () => readFile(import.meta.filename)],
    ["a promise that nobody keeps", () => new Promise(() => {})],
  ])("a process that waits on %s is reported", async (_, wait) => {
    const scenario = single("escape", async (self) => {
      await self.effect("fine", () => 1);
      await wait();
      await self.effect("never reached", () => 2);
    });
    expect(await verdict(scenario)).toBe("escape: solo waits on something outside its ports");
  });

  test("plain promises, microtasks and next-ticks are no escape", async () => {
    const scenario = single("plain", async (self) => {
      for (let i = 0; i < 20; i++) await null;
      await new Promise<void>((resolve) => process.nextTick(() => queueMicrotask(resolve)));
      await Promise.all([1, 2].map((i) => self.effect(`e${i}`, () => i)));
      await new Promise<void>((resolve) => process.nextTick(resolve));
    });
    expect(await verdict(scenario)).toBeUndefined();
  });

  test("a daemon may wait for ever", async () => {
    const scenario: Scenario = {
      name: "daemon",
      setup(world) {
        world.process("daemon", () => new Promise(() => {}), { daemon: true });
        world.process("worker", (self) => self.effect("work", () => 1));
      },
    };
    expect(await verdict(scenario)).toBeUndefined();
  });
});

describe("floating effects", () => {
  test("an effect that its process did not wait for is reported", async () => {
    const scenario = single("floating", async (self) => {
      void self.effect("forgotten", () => 1);
    });
    expect(await verdict(scenario)).toBe(
      "floating: solo ended with an effect it never awaited (forgotten)",
    );
  });

  test("the timer of a lost race counts", async () => {
    const scenario = single("race", async (self) => {
      await Promise.race([self.effect("work", () => 1), self.clock.sleep(1_000)]);
    });
    expect(await verdict(scenario)).toMatch(/^floating: solo .*\(sleep 1000\)$/);
  });
});

describe("standing still", () => {
  test("a cycle of three is reported in its order", async () => {
    const scenario: Scenario = {
      name: "three",
      setup(world) {
        const wait = (on: string) => (self: Process) =>
          self.effect(`wait ${on}`, () => {}, { ready: () => false, waitsFor: on });
        world.process("d", wait("a"));
        world.process("a", wait("b"));
        world.process("b", wait("c"));
        world.process("c", wait("a"));
      },
    };
    expect(await verdict(scenario)).toBe("deadlock: a -> b -> c -> a");
  });

  test("waiting without a cycle is a stall, with what each waits on", async () => {
    const scenario: Scenario = {
      name: "stall",
      setup(world) {
        world.process("a", (self) => self.effect("lock", () => {}, { ready: () => false }));
        world.process("b", async (self) => {
          await new Promise<void>((resolve) => self.bus.subscribe("news", () => resolve()));
        });
      },
    };
    expect(await verdict(scenario)).toBe("stall: a on lock, b on bus news");
  });

  test("a process that goes on for ever meets the step limit", async () => {
    const scenario: Scenario = {
      ...single("endless", async (self) => {
        for (;;) await self.effect("again", () => 1);
      }),
      maxSteps: 50,
    };
    const result = await runSchedule(scenario, replay([]));
    expect(result.failure).toBe("livelock: step limit 50");
    expect(result.choices).toHaveLength(50);
  });

  test("turns that plan turns for ever are a livelock", async () => {
    const scenario = single("turning", (self) => {
      const turn = (): void => self.clock.turn(turn);
      turn();
      return self.effect("never chosen", () => 1);
    });
    expect(await verdict(scenario)).toBe("livelock: 100000 turns without a choice");
  });
});

describe("what processes throw", () => {
  test.each<[string, (self: Process) => Promise<unknown>, string]>([
    [
      "main, before its first wait",
      () => {
        throw new Error("early");
      },
      "solo threw: early",
    ],
    [
      "an effect nobody catches",
      (self) =>
        self.effect("break", () => {
          throw new Error("broken");
        }),
      "solo threw: broken",
    ],
    [
      "a turn",
      (self) => {
        self.clock.turn(() => {
          throw new Error("turned");
        });
        return self.effect("work", () => 1);
      },
      "solo threw in a turn: turned",
    ],
    [
      "a next-tick",
      (self) => {
        process.nextTick(() => {
          throw new Error("ticked");
        });
        return self.effect("work", () => 1);
      },
      "uncaught in next-tick: ticked",
    ],
    [
      "a promise that nobody handles",
      (self) => {
        void Promise.reject(new Error("dropped"));
        return self.effect("work", () => 1);
      },
      "unhandled rejection: dropped",
    ],
  ])("%s fails the schedule", async (_, main, text) => {
    const before = process.listeners("unhandledRejection");
    const { nextTick } = process;
    expect(await verdict(single("throws", main))).toBe(text);
    expect(process.listeners("unhandledRejection")).toEqual(before);
    expect(process.nextTick).toBe(nextTick);
  });

  test("a listener that throws fails the schedule", async () => {
    const scenario = single("listener", async (self) => {
      self.bus.subscribe("news", () => {
        throw new Error("deaf");
      });
      self.bus.publish("news", "hello");
      await self.clock.sleep(1);
    });
    expect(await verdict(scenario)).toBe("solo threw in a listener of news: deaf");
  });

  test("an effect that throws rejects, and its process may go on", async () => {
    let seen: unknown;
    const failure = new Error("refused");
    const scenario = single("catches", async (self) => {
      const thrown = self.effect("refused", () => {
        throw failure;
      });
      seen = await thrown.catch((error: unknown) => error);
    });
    expect(await verdict(scenario)).toBeUndefined();
    expect(seen).toBe(failure);
  });
});

describe("invariants", () => {
  const passing = (when: "step" | "end"): Scenario => ({
    name: "passing",
    setup(world) {
      let value = 0;
      world.process("solo", async (self) => {
        await self.effect("up", () => ++value);
        await self.effect("down", () => --value);
      });
      world.invariant(() => (value === 0 ? undefined : `value: ${value}`), when);
    },
  });

  test("a step invariant sees what an end invariant does not", async () => {
    expect(await verdict(passing("end"))).toBeUndefined();
    expect(await verdict(passing("step"))).toBe("value: 1");
  });

  test("an invariant may throw instead of saying what is wrong", async () => {
    const scenario: Scenario = {
      name: "throwing",
      setup(world) {
        world.process("solo", (self) => self.effect("work", () => 1));
        world.invariant(() => {
          throw new Error("not so");
        });
      },
    };
    expect(await verdict(scenario)).toBe("invariant threw: not so");
  });
});

describe("mistakes of a scenario", () => {
  test.each<[string, Scenario["setup"]]>([
    ["no process that ends", (world) => world.process("d", async () => {}, { daemon: true })],
    [
      "a name twice",
      (world) => {
        world.process("a", async () => {});
        world.process("a", async () => {});
      },
    ],
  ])("%s is refused", async (name, setup) => {
    await expect(explore({ name, setup })).rejects.toMatchObject({ code: "USAGE" });
  });

  test("declaring after setup has returned is refused", async () => {
    const scenario: Scenario = {
      name: "late",
      setup(world) {
        world.process("solo", async (self) => {
          await self.effect("work", () => 1);
          world.invariant(() => undefined);
        });
      },
    };
    expect(await verdict(scenario)).toBe(
      "solo threw: an invariant is declared after setup has returned",
    );
  });
});
