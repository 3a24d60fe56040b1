import { deepEqual } from "node:assert/strict";
import type { Store, TaskRow } from "../../ports/store.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  CARL,
  CLOSE,
  cancel,
  claim,
  create,
  deliver,
  expecting,
  expectRefusal,
  gate,
  RUN,
  release,
  rowOf,
  startRun,
  taskNamed,
} from "./writes.ts";

const CELL = { type: "set", cell: "c", expect: 0, value: "1" } as const;

/** Expects that `task` is as `row` says. */
function asRead({ id, version, inbox, owner }: TaskRow): ReturnType<typeof expecting> {
  return expecting(id, { version, inbox, owner });
}

/** Expects that what is read of `task` now is what a commit may expect. */
async function expectKept(store: Store, row: TaskRow): Promise<void> {
  await apply(store, CARL, asRead(row));
}

/** What holds for batches that are written only if tasks are as they were read. */
export const expectCases: readonly StoreCase[] = [
  storeCase("a batch whose expectation holds is applied, whoever commits it", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, BERT, expecting(task), CELL);
    deepEqual(
      (await store.cells("c")).map(({ value }) => value),
      ["1"],
    );
  }),
  storeCase("an expectation changes nothing", async (store) => {
    const task = await startRun(store, ANNE);
    const before = await store.load(task);
    await apply(store, BERT, expecting(task));
    deepEqual(await store.load(task), before);
    deepEqual(await claim(store, ANNE), []);
  }),
  storeCase("a batch that expects another version is refused as conflict", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["x"]));
    await expectRefusal(store, BERT, [CELL, expecting(task)], "conflict", 1);
    await expectRefusal(store, BERT, [expecting(task, { version: 3 }), CELL], "conflict");
    deepEqual(await store.cells("c"), []);
    await apply(store, BERT, expecting(task, { version: 2 }), CELL);
  }),
  storeCase(
    "a batch that expects another number of mails is refused as conflict",
    async (store) => {
      const task = await startRun(store, ANNE);
      await apply(store, BERT, deliver(task, null));
      await expectRefusal(store, BERT, [expecting(task), CELL], "conflict");
      await apply(store, BERT, expecting(task, { inbox: 1 }), CELL);
    },
  ),
  storeCase("a batch that expects another owner is refused as conflict", async (store) => {
    const task = await startRun(store, ANNE);
    await store.beat(BERT, "{}");
    for (const owner of [BERT, CARL, null]) {
      await expectRefusal(store, ANNE, [expecting(task, { owner })], "conflict");
    }
    await apply(store, ANNE, append(task, 1, [], { inbox: 0, ending: release(null) }));
    await expectRefusal(store, ANNE, [expecting(task)], "conflict");
    await expectRefusal(store, ANNE, [expecting(task, { owner: CARL })], "conflict");
    await apply(store, BERT, expecting(task, { owner: null }));
  }),
  storeCase("a batch that expects another gate is refused as conflict", async (store) => {
    const task = await startRun(store, ANNE);
    const queued = taskNamed("queued");
    await apply(store, ANNE, create(0, { id: queued }));
    await expectRefusal(store, BERT, [expecting(task, { gate: "paused" })], "conflict");
    const row = await rowOf(store, queued);
    await expectKept(store, row);
    // Its own numbers stay as they are.
    await apply(store, BERT, gate(RUN, ["open"], "paused"));
    await expectRefusal(store, BERT, [asRead(row)], "conflict");
    await apply(store, BERT, { ...asRead(row), gate: "paused" });
    await apply(store, BERT, gate(RUN, ["paused"], "cancelling"));
    await expectRefusal(store, BERT, [asRead(row)], "conflict");
  }),
  storeCase("claiming, freeing and closing a task end what was expected of it", async (store) => {
    const task = await startRun(store, null);
    const row = await rowOf(store, task);
    await expectKept(store, row);
    await store.beat(ANNE, "{}");
    await claim(store, ANNE);
    await expectRefusal(store, BERT, [asRead(row)], "conflict");
    const owned = await rowOf(store, task);
    await expectKept(store, owned);
    await apply(store, BERT, { type: "free", host: ANNE, beat: 1 });
    await expectRefusal(store, BERT, [asRead(owned)], "conflict");
    await store.beat(BERT, "{}");
    await claim(store, BERT);
    const again = await rowOf(store, task);
    await apply(store, BERT, append(task, 1, ["end"], CLOSE));
    await expectRefusal(store, BERT, [asRead(again)], "conflict");
  }),
  storeCase("nothing can be expected of a task that has ended", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["end"], CLOSE));
    await expectRefusal(store, BERT, [asRead(await rowOf(store, task))], "conflict");
  }),
  storeCase(
    "a batch that expects something of a task that is not there is refused as absent",
    async (store) => {
      await startRun(store, ANNE);
      await expectRefusal(store, BERT, [CELL, expecting(taskNamed("none"))], "absent", 1);
    },
  ),
  storeCase("what is expected is compared with what the writes before it leave", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, ANNE, [append(task, 1, ["x"]), expecting(task)], "conflict", 1);
    await expectRefusal(store, ANNE, [cancel(task), expecting(task)], "conflict", 1);
    await apply(
      store,
      ANNE,
      expecting(task),
      append(task, 1, ["x"]),
      cancel(task),
      expecting(task, { version: 2, inbox: 1 }),
    );
  }),
];
