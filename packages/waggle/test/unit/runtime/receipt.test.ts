import { expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { runtimeError } from "../../../src/core/errors.ts";
import { encodeEvent } from "../../../src/core/event-codec.ts";
import type { Path } from "../../../src/core/ids.ts";
import type { Store } from "../../../src/ports/store.ts";
import { type ReceiptParts, readReceipt } from "../../../src/runtime/read-receipt.ts";
import {
  ANNE,
  append,
  apply,
  CLOSE,
  gate,
  RUN,
  startRun,
} from "../../../src/testing/store-conformance/writes.ts";

const clock = nodeClock();
const PAID = "step:pay" as Path;
const error = runtimeError("EFFECT_UNKNOWN", "nobody knows whether it happened").toData();

function partsOf(store: Store): ReceiptParts {
  return { store, clock, pollMs: 5, closed: new AbortController().signal };
}

/** A run that has ended; its handler began anew `restarts` times after an effect of which nobody knows. */
async function endedRun(restarts: number): Promise<Store> {
  const store = memoryStore({ clock });
  const task = await startRun(store, ANNE);
  let version = 1;
  const add = async (events: Parameters<typeof encodeEvent>[0][], more = {}): Promise<void> => {
    await apply(store, ANNE, {
      ...append(task, version, [], more),
      events: events.map(encodeEvent),
    });
    version += events.length;
  };
  await add([
    { type: "intent", path: PAID, class: "once", key: "k", attempt: 1 },
    { type: "unknown", path: PAID, attempt: 1, policy: "once" },
    { type: "done", path: PAID, outcome: { type: "error", error } },
  ]);
  for (let generation = 1; generation <= restarts; generation++) {
    await add([{ type: "restarted", generation, taken: [], input: null }], { restart: true });
  }
  await add([{ type: "closed", outcome: { type: "value", value: null } }], CLOSE);
  await apply(store, ANNE, gate(RUN, ["open"], "ended"));
  return store;
}

test.each([0, 1, 1_000])(
  "an effect of which nobody knows is told of after %d restarts",
  async (restarts) => {
    await using store = await endedRun(restarts);
    const { unknown, finished, stopped } = await readReceipt(partsOf(store), RUN);
    expect(unknown).toMatchObject([{ name: "cook.boil", path: PAID }]);
    expect([finished.length, stopped.length]).toEqual([1, 0]);
  },
);

test("a run that is trimmed while its receipt is read has none", async () => {
  await using store = await endedRun(1);
  const trimmed: Store = Object.create(store, {
    find: {
      value: async (query: Parameters<Store["find"]>[0]) => {
        const rows = await store.find(query);
        await apply(store, ANNE, { type: "trim", run: RUN });
        return rows;
      },
    },
  });
  await expect(readReceipt(partsOf(trimmed), RUN)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a system that is closed while a receipt is read says so", async () => {
  await using store = await endedRun(1);
  const parts = { ...partsOf(store), closed: AbortSignal.abort() };
  await expect(readReceipt(parts, RUN)).rejects.toMatchObject({ code: "CLOSED" });
});
