import { deepEqual, equal } from "node:assert/strict";
import { parseRunId, type TaskId } from "../../core/ids.ts";
import type { CreateWrite, Store } from "../../ports/store.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  claim,
  create,
  expectRefusal,
  gate,
  RUN,
  release,
  startRun,
  taskNamed,
} from "./writes.ts";

/** A message for the cook that may only be one of `mailbox`. */
function message(index: number, name: string, mailbox?: number): CreateWrite {
  const made = create(index, { id: taskNamed(name) });
  return mailbox === undefined ? made : { ...made, mailbox };
}

async function waiting(store: Store, agent = "cook"): Promise<number | undefined> {
  const cells = await store.cells(`mailbox.${agent}`);
  return cells[0]?.amount;
}

async function claimOne(store: Store): Promise<TaskId | undefined> {
  const claimed = await store.claim({ host: ANNE, agents: [{ agent: "cook", free: 1 }] });
  return claimed[0]?.task;
}

/** What holds for mailboxes. */
export const mailboxCases: readonly StoreCase[] = [
  storeCase("messages without owner are counted until they are first claimed", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), message(1, "a"), message(2, "b", 9));
    equal(await waiting(store), 2);
    const task = (await claimOne(store)) ?? taskNamed("none");
    equal(await waiting(store), 1);
    await apply(store, ANNE, append(task, 1, ["x"], { ending: release(0) }));
    equal(await waiting(store), 1);
    equal((await claim(store, ANNE)).length, 2);
    equal(await waiting(store), 0);
  }),
  storeCase("the count is a cell like any other", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), message(1, "a"));
    const cell = { cell: "mailbox.cook", value: null };
    deepEqual(await store.cells(""), [{ ...cell, version: 1, amount: 1 }]);
    await claim(store, ANNE);
    deepEqual(await store.cells(""), [{ ...cell, version: 2, amount: 0 }]);
  }),
  storeCase("a message that has an owner at first is not counted", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["x"], { ending: release(0) }));
    await claim(store, BERT);
    deepEqual(await store.cells(""), []);
  }),
  storeCase("the tasks of a freed host do not count again", async (store) => {
    await store.beat(ANNE, "{}");
    await startRun(store, null);
    await claim(store, ANNE);
    await apply(store, BERT, { type: "free", host: ANNE, beat: 1 });
    equal(await waiting(store), 0);
    await claim(store, BERT);
    equal(await waiting(store), 0);
  }),
  storeCase("a message past the limit is refused as full until one is claimed", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), message(1, "a", 2), message(2, "b", 2));
    await expectRefusal(store, ANNE, [message(0, "c", 2)], "full");
    equal(await store.load(taskNamed("c")), undefined);
    equal(await waiting(store), 2);
    await claimOne(store);
    await apply(store, ANNE, message(0, "c", 2));
    equal(await waiting(store), 2);
  }),
  storeCase("the messages of one batch keep the limit together", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    const writes = [message(0, "a", 2), message(1, "b", 2), message(2, "c", 2)];
    await expectRefusal(store, ANNE, writes, "full", 2);
    deepEqual(await store.cells(""), []);
  }),
  storeCase("messages sent without a limit fill the mailbox for others", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), message(1, "a"), message(2, "b"));
    await expectRefusal(store, ANNE, [message(0, "c", 2)], "full");
    await apply(store, ANNE, message(0, "c"));
    equal(await waiting(store), 3);
  }),
  storeCase("each agent has a mailbox of its own, in all runs together", async (store) => {
    const other = parseRunId("other");
    await apply(store, ANNE, gate(RUN, null, "open"), gate(other, null, "open"));
    const waiter = { id: taskNamed("w"), agent: "waiter", run: other };
    await apply(store, ANNE, message(0, "a", 1), { ...create(1, waiter), mailbox: 1 });
    deepEqual([await waiting(store), await waiting(store, "waiter")], [1, 1]);
    const elsewhere = { ...create(0, { id: taskNamed("b"), run: other }), mailbox: 1 };
    await expectRefusal(store, ANNE, [elsewhere], "full");
  }),
  storeCase("messages that are queued or not due yet are counted", async (store, world) => {
    const keyed = (index: number, name: string): CreateWrite =>
      create(index, { id: taskNamed(name), key: "cart" });
    const later = { ...create(3, { id: taskNamed("c") }), due: world.now() + 10 };
    await apply(store, ANNE, gate(RUN, null, "open"), keyed(1, "a"), keyed(2, "b"), later);
    equal(await waiting(store), 3);
    equal((await claim(store, ANNE)).length, 1);
    equal(await waiting(store), 2);
  }),
  storeCase("a mailbox of 0 takes nothing, and owners do not need it", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    await expectRefusal(store, ANNE, [message(0, "a", 0)], "full");
    await apply(store, ANNE, { ...create(0, { id: taskNamed("a") }, ANNE), mailbox: 0 });
  }),
];
