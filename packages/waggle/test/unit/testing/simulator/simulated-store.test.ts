import { expect, test } from "vitest";
import { MemoryLedger } from "../../../../src/adapters/memory/memory-ledger.ts";
import type { HostId } from "../../../../src/core/ids.ts";
import { parseRunId } from "../../../../src/core/ids.ts";
import type { Batch, CommitResult, Store } from "../../../../src/ports/store.ts";
import {
  explore,
  type Process,
  replay,
  runSchedule,
  type Scenario,
  simulatedStore,
} from "../../../../src/testing/index.ts";

const host = "host-a" as HostId;
const everything = { preemptionBound: 99, maxSchedules: 100_000 };

function add(by: number): Batch {
  return { host, writes: [{ type: "add", cell: "sum", by }] };
}

/** A scenario of one process with a store of its own. */
function withStore(
  main: (store: Store, self: Process) => Promise<void>,
  check: (ledger: MemoryLedger) => string | undefined = () => undefined,
): Scenario {
  return {
    name: "store",
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      world.process("solo", (self) => main(simulatedStore(self, ledger), self));
      world.invariant(() => check(ledger));
    },
  };
}

test("a commit is one effect that names its writes, and may be unknown, applied or not", async () => {
  const reached = new Set<string>();
  const scenario = (): Scenario => {
    let result: CommitResult | undefined;
    return withStore(
      async (store) => {
        result = await store.commit(add(1));
      },
      (ledger) => {
        reached.add(`${result?.type}: ${ledger.cells("sum")[0]?.amount ?? 0}`);
        return undefined;
      },
    );
  };
  const report = await explore(scenario(), { exhaustive: everything });
  expect(report).toMatchObject({ failure: undefined, schedules: 3, complete: true });
  expect([...reached].sort()).toEqual(["committed: 1", "unknown: 0", "unknown: 1"]);
  const { trace } = await runSchedule(scenario(), replay([1]));
  expect(trace[0]).toMatch(/^0 solo: commit add sum \[unknown, applied\] = \{"type":"unknown"/);
});

test("a claim may fail after it took effect or before, once outages are asked for", async () => {
  const labels = new Set<string>();
  const scenario: Scenario = {
    name: "outages",
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      world.process("solo", async (self) => {
        const store = simulatedStore(self, ledger, { outages: true });
        try {
          await store.claim({ host, agents: [] });
          labels.add("claimed");
          await store.hosts();
        } catch (error) {
          labels.add(error instanceof Error ? error.message : "");
        }
      });
    },
  };
  await explore(scenario, { exhaustive: everything });
  expect([...labels].sort()).toEqual([
    "claimed",
    "the simulator chose 'unavailable' for hosts",
    "the simulator chose 'unavailable, applied' for claim",
    "the simulator chose 'unavailable, not applied' for claim",
  ]);
});

test("the ledger outlives a crash, and the store of the dead incarnation writes no more", async () => {
  let old: Store | undefined;
  const scenario: Scenario = {
    name: "crash",
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      const main = async (self: Process): Promise<void> => {
        const store = simulatedStore(self, ledger);
        if (self.incarnation === 2) void old?.commit(add(100));
        old = store;
        await store.commit(add(1));
      };
      world.process("solo", main, { crashes: 1 });
      world.invariant(() => `sum: ${ledger.cells("sum")[0]?.amount}`);
    },
  };
  // Options: the commit, its two alternatives, the crash.
  const result = await runSchedule(scenario, replay([3]));
  expect(result.failure).toBe("sum: 2");
});

test("a tail waits for events by the clock, and ends when its signal aborts", async () => {
  const run = parseRunId("run-1");
  const scenario = withStore(async (store, self) => {
    const controller = new AbortController();
    const stop = self.clock.sleep(250).then(() => controller.abort());
    for await (const event of store.tail(run, 0, controller.signal)) {
      throw new Error(`no event was expected: ${event.type}`);
    }
    await stop;
  });
  const result = await runSchedule(scenario, replay([]));
  expect(result).toMatchObject({ failure: undefined, elapsedMs: 250 });
  expect(result.trace.filter((line) => line.includes("tail run-1"))).toHaveLength(3);
});

test("a closed store takes no more calls", async () => {
  const scenario = withStore(async (store) => {
    await store[Symbol.asyncDispose]();
    await expect(store.hosts()).rejects.toMatchObject({ code: "CLOSED" });
    expect(await store.commit(add(1))).toMatchObject({
      type: "unknown",
      cause: { code: "CLOSED" },
    });
  });
  const result = await runSchedule(scenario, replay([]));
  expect(result).toMatchObject({ failure: undefined, choices: [] });
});
