import { deepEqual, equal } from "node:assert/strict";
import { parseRunId } from "../../core/ids.ts";
import type { Gate, Store } from "../../ports/store.ts";
import { type StoreCase, storeCase } from "./store-case.ts";
import { ANNE, append, apply, CLOSE, claim, expectRefusal, gate, RUN, startRun } from "./writes.ts";

const GATES: readonly Gate[] = ["open", "paused", "cancelling", "ended"];

async function gateOf(store: Store): Promise<Gate | undefined> {
  const [row] = await store.runs({ run: RUN });
  return row?.gate;
}

/** What holds for the gates of runs. */
export const gateCases: readonly StoreCase[] = [
  storeCase("a run is created once", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    await expectRefusal(store, ANNE, [gate(RUN, null, "open")], "exists");
    equal((await store.runs({})).length, 1);
  }),
  storeCase("a gate of a run that does not exist is refused as absent", async (store) => {
    await expectRefusal(store, ANNE, [gate(RUN, GATES, "paused")], "absent");
    await expectRefusal(store, ANNE, [gate(RUN, GATES, "ended")], "absent");
  }),
  storeCase("a gate moves only from where it is expected to be", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    await expectRefusal(store, ANNE, [gate(RUN, ["paused", "cancelling"], "open")], "gate");
    await expectRefusal(store, ANNE, [gate(RUN, [], "paused")], "gate");
    await apply(store, ANNE, gate(RUN, ["cancelling", "open"], "paused"));
    equal(await gateOf(store), "paused");
    await apply(store, ANNE, gate(RUN, ["paused"], "open"));
    await apply(store, ANNE, gate(RUN, ["open"], "cancelling"));
    equal(await gateOf(store), "cancelling");
  }),
  storeCase("a run does not end while a task of it is open", async (store) => {
    const task = await startRun(store, ANNE);
    await expectRefusal(store, ANNE, [gate(RUN, ["open"], "ended")], "gate");
    await apply(store, ANNE, append(task, 1, ["end"], CLOSE));
    await apply(store, ANNE, gate(RUN, ["open"], "ended"));
    equal(await gateOf(store), "ended");
  }),
  storeCase("a run does not end while a task of it is stuck", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["x"], { ending: { type: "stick" } }));
    await expectRefusal(store, ANNE, [gate(RUN, ["open"], "ended")], "gate");
  }),
  storeCase("a run ends when its tasks are dead", async (store) => {
    const task = await startRun(store, ANNE);
    const ending = { type: "close", state: "dead" } as const;
    await apply(store, ANNE, append(task, 1, ["end"], { ending }));
    await apply(store, ANNE, gate(RUN, ["open"], "ended"));
  }),
  storeCase("open tasks of other runs do not keep a run from ending", async (store) => {
    await startRun(store, ANNE, {}, parseRunId("other"));
    await apply(store, ANNE, gate(RUN, null, "open"));
    await apply(store, ANNE, gate(RUN, ["open"], "ended"));
  }),
  storeCase("a run can end in the batch that closes its last task", async (store) => {
    const task = await startRun(store, ANNE);
    await apply(store, ANNE, append(task, 1, ["end"], CLOSE), gate(RUN, ["open"], "ended"));
    equal(await gateOf(store), "ended");
  }),
  storeCase("an ended run stays ended", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), gate(RUN, ["open"], "ended"));
    for (const to of GATES) await expectRefusal(store, ANNE, [gate(RUN, GATES, to)], "gate");
  }),
  storeCase("tasks of a paused run are not claimed until it is open again", async (store) => {
    const task = await startRun(store, null);
    await apply(store, ANNE, gate(RUN, ["open"], "paused"));
    deepEqual(await claim(store, ANNE), []);
    await apply(store, ANNE, gate(RUN, ["paused"], "open"));
    deepEqual(await claim(store, ANNE), [`claimed ${task}`]);
  }),
  storeCase("tasks of a cancelling run are claimed", async (store) => {
    const task = await startRun(store, null);
    await apply(store, ANNE, gate(RUN, ["open"], "cancelling"));
    deepEqual(await claim(store, ANNE), [`claimed ${task}`]);
  }),
];
