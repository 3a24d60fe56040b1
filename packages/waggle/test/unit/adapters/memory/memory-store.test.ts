import { expect, test } from "vitest";
import { MemoryLedger, memoryStore } from "../../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../../src/adapters/node/index.ts";
import type { Store, Write } from "../../../../src/ports/store.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  CLOSE,
  create,
  deliver,
  gate,
  RUN,
  startRun,
  taskNamed,
} from "../../../../src/testing/store-conformance/writes.ts";

/** Two stores on one ledger, and how often the second one's watch was told. */
function watched(): { readonly one: Store; readonly told: () => number } {
  const clock = nodeClock();
  const ledger = new MemoryLedger({ now: () => clock.now() });
  const [one, other] = [memoryStore({ clock, ledger }), memoryStore({ clock, ledger })];
  let told = 0;
  other.watch(() => {
    told += 1;
  });
  return { one, told: () => told };
}

test("a watch is told of what another store made claimable", async () => {
  const { one, told } = watched();
  const root = await startRun(one, ANNE);
  const wakes: readonly (readonly [by: typeof ANNE, write: Write])[] = [
    [ANNE, create(0, { id: taskNamed("new") })],
    [BERT, deliver(root, null)],
    [BERT, gate(RUN, ["open"], "open")],
    [BERT, { type: "free", host: ANNE, beat: 0 }],
  ];
  for (const [by, write] of wakes) {
    const before = told();
    await apply(one, by, write);
    expect(told()).toBe(before + 1);
  }
});

test("a watch is told nothing of commits that made nothing claimable", async () => {
  const { one, told } = watched();
  const root = await startRun(one, ANNE);
  await apply(one, ANNE, append(root, 1, ["x"]), create(1, { id: taskNamed("child") }, ANNE));
  await one.commit({
    host: ANNE,
    writes: [create(0, { id: taskNamed("x") }), gate(RUN, null, "open")],
  });
  await apply(one, ANNE, append(taskNamed("child"), 1, ["end"], CLOSE));
  await apply(one, ANNE, { type: "set", cell: "c", expect: 0, value: "1" });
  expect(told()).toBe(0);
});

test("a watch is told once of all commits of one turn", async () => {
  const { one, told } = watched();
  await apply(one, ANNE, gate(RUN, null, "open"));
  const names = ["a", "b", "c"].map(taskNamed);
  await Promise.all(names.map((id) => one.commit({ host: ANNE, writes: [create(0, { id })] })));
  expect(told()).toBe(1);
});

test("a listing of a run that somebody tails and one that nobody did are the same", async () => {
  const clock = nodeClock();
  const ledgers = [0, 1].map(() => new MemoryLedger({ now: () => 7 }));
  for (const [i, ledger] of ledgers.entries()) {
    const store = memoryStore({ clock, ledger });
    const root = await startRun(store, ANNE);
    if (i === 0) expect(ledger.eventsAfter(RUN, 0, 9)).toHaveLength(1);
    await apply(store, ANNE, append(root, 1, ["1"]), create(1, { id: taskNamed("t") }, ANNE));
    await apply(store, ANNE, append(root, 2, ["2"], { restart: true }));
    await apply(store, ANNE, append(taskNamed("t"), 1, ["3"], CLOSE));
  }
  const [tailed, quiet] = ledgers.map((ledger) => ledger.eventsAfter(RUN, 0, 9));
  expect(tailed).toHaveLength(5);
  expect(quiet).toEqual(tailed);
});
