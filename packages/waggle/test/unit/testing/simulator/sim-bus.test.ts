import { expect, test } from "vitest";
import { explore, replay, runSchedule, type Scenario } from "../../../../src/testing/index.ts";

const everything = { preemptionBound: 99, maxSchedules: 100_000 };

/** One process publishes `messages`, another listens for 50 ms; what it heard, over all schedules. */
async function heardOf(messages: readonly string[], faults: number): Promise<string[]> {
  const all = new Set<string>();
  const scenario: Scenario = {
    name: "bus",
    faults,
    setup(world) {
      const heard: string[] = [];
      world.process("listener", async (self) => {
        const end = self.bus.subscribe("news", (message) => heard.push(message));
        await self.clock.sleep(50);
        end();
      });
      world.process("speaker", async (self) => {
        for (const message of messages) self.bus.publish("news", message);
      });
      world.invariant(() => {
        all.add(heard.join(" "));
        return undefined;
      });
    },
  };
  const report = await explore(scenario, { exhaustive: everything });
  expect(report).toMatchObject({ failure: undefined, complete: true });
  return [...all].sort();
}

test("messages arrive in every order, each once, when there are no faults", async () => {
  expect(await heardOf(["a", "b"], 0)).toEqual(["a b", "b a"]);
});

test("one fault loses one message or repeats it", async () => {
  expect(await heardOf(["a"], 1)).toEqual(["", "a", "a a"]);
  expect(await heardOf(["a", "b"], 1)).toEqual(
    ["a b", "b a", "a", "b", "a a b", "a b a", "b a a", "b b a", "b a b", "a b b"].sort(),
  );
});

test("each subscriber gets its own delivery, the publisher too", async () => {
  const heard: string[] = [];
  const scenario: Scenario = {
    name: "many",
    setup(world) {
      for (const name of ["a", "b", "c"]) {
        world.process(name, async (self) => {
          self.bus.subscribe("news", (message) => heard.push(`${name}: ${message}`));
          self.bus.subscribe("other", () => heard.push("wrong subject"));
          if (name === "c") self.bus.publish("news", "hello");
          await self.clock.sleep(1);
        });
      }
    },
  };
  const result = await runSchedule(scenario, replay([]));
  expect(result.failure).toBeUndefined();
  expect(heard).toEqual(["a: hello", "b: hello", "c: hello"]);
  expect(result.trace[0]).toBe('0 a: bus news = "hello"');
});

test("nothing is delivered after the subscription has ended, which may be said twice", async () => {
  const heard: string[] = [];
  const scenario: Scenario = {
    name: "ended",
    setup(world) {
      world.process("solo", async (self) => {
        const end = self.bus.subscribe("news", (message) => heard.push(message));
        self.bus.subscribe("news", (message) => heard.push(`second ${message}`));
        self.bus.publish("news", "hello");
        end();
        end();
        await self.clock.sleep(1);
      });
    },
  };
  const result = await runSchedule(scenario, replay([]));
  expect(result.failure).toBeUndefined();
  expect(heard).toEqual(["second hello"]);
});

test("a process that has ended hears nothing more", async () => {
  const heard: string[] = [];
  const scenario: Scenario = {
    name: "gone",
    setup(world) {
      world.process("listener", async (self) => {
        self.bus.subscribe("news", (message) => heard.push(message));
      });
      world.process("speaker", async (self) => {
        await self.clock.sleep(1);
        self.bus.publish("news", "too late");
        await self.clock.sleep(1);
      });
    },
  };
  const result = await runSchedule(scenario, replay([]));
  expect(result).toMatchObject({ failure: undefined, choices: [0, 0] });
  expect(heard).toEqual([]);
});

test("a message that nobody listens for is gone", async () => {
  const scenario: Scenario = {
    name: "nobody",
    setup(world) {
      world.process("solo", async (self) => self.bus.publish("news", "hello"));
    },
  };
  const result = await runSchedule(scenario, replay([]));
  expect(result).toMatchObject({ failure: undefined, choices: [] });
});
