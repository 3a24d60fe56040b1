import { expect, test } from "vitest";
import { MemoryLedger } from "../../../../src/adapters/memory/memory-ledger.ts";
import type { BlobId, HostId } from "../../../../src/core/ids.ts";
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
import { create, gate, RUN, taskNamed } from "../../../../src/testing/store-conformance/writes.ts";

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

test("reads of logs and blobs are effects, and may fail once outages are asked for", async () => {
  const labels = new Set<string>();
  const scenario: Scenario = {
    name: "outages",
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      world.process("solo", async (self) => {
        const store = simulatedStore(self, ledger, { outages: true });
        try {
          labels.add(`version ${(await store.records({ log: "log" })).version}`);
          labels.add(`blob ${await store.blob("0123456789" as BlobId)}`);
        } catch (error) {
          labels.add(error instanceof Error ? error.message : "");
        }
      });
    },
  };
  await explore(scenario, { exhaustive: everything });
  expect([...labels].sort()).toEqual([
    "blob undefined",
    "the simulator chose 'unavailable' for blob 01234567",
    "the simulator chose 'unavailable' for records log",
    "version 0",
  ]);
});

/** Counts how often a watch of one process is told while another makes two tasks claimable. */
function watching(reached: Set<string>, crashes: number): Scenario {
  return {
    name: "watch",
    faults: 1,
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      const told: string[] = [];
      const listen = async (self: Process): Promise<void> => {
        const end = simulatedStore(self, ledger).watch(() => told.push(String(self.incarnation)));
        await self.clock.sleep(10);
        end();
      };
      world.process("listener", listen, { crashes });
      world.process("writer", async (self) => {
        const store = simulatedStore(self, ledger);
        await store.commit({ host, writes: [gate(RUN, null, "open")] });
        for (const name of ["a", "b"]) {
          await store.commit({ host, writes: [create(0, { id: taskNamed(name) })] });
        }
      });
      world.invariant(() => {
        reached.add(told.join(""));
        return undefined;
      });
    },
  };
}

test("a watch is told of other processes' commits, late, twice, or not at all", async () => {
  const reached = new Set<string>();
  const report = await explore(watching(reached, 0), { exhaustive: everything });
  expect(report).toMatchObject({ failure: undefined, complete: true });
  expect([...reached].sort()).toEqual(["", "1", "11", "111"]);
});

test("the watch of a dead incarnation is told nothing", async () => {
  const reached = new Set<string>();
  const report = await explore(watching(reached, 1), { exhaustive: everything });
  expect(report).toMatchObject({ failure: undefined, complete: true });
  expect([...reached].some((told) => told.includes("2"))).toBe(true);
  expect([...reached].filter((told) => told.includes("21"))).toEqual([]);
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
