import { deepEqual, equal } from "node:assert/strict";
import type { Store } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  blobNamed,
  CLOSE,
  expectRefusal,
  gate,
  keep,
  RUN,
  startRun,
} from "./writes.ts";

const ID = blobNamed("letter");

async function textOf(store: Store): Promise<string | undefined> {
  const bytes = await store.blob(ID);
  return bytes && new TextDecoder().decode(bytes);
}

/** What holds for blobs. */
export const blobCases: readonly StoreCase[] = [
  storeCase("a blob that nobody put is undefined", async (store) => {
    equal(await store.blob(ID), undefined);
  }),
  sharedCase("every store reads the bytes that one put", async (one, other) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await apply(one, ANNE, { type: "blob", id: ID, bytes, run: null });
    for (const store of [one, other]) deepEqual(await store.blob(ID), bytes);
    equal(await other.blob(blobNamed("other")), undefined);
  }),
  storeCase("a blob can be empty", async (store) => {
    await apply(store, ANNE, keep(ID, "", null));
    deepEqual(await store.blob(ID), new Uint8Array(0));
  }),
  storeCase("bytes that change in the caller's hands do not change the blob", async (store) => {
    const bytes = new Uint8Array([1, 2]);
    await apply(store, ANNE, { type: "blob", id: ID, bytes, run: null });
    bytes[0] = 9;
    const read = await store.blob(ID);
    deepEqual(read, new Uint8Array([1, 2]));
    if (read !== undefined) read[0] = 9;
    deepEqual(await store.blob(ID), new Uint8Array([1, 2]));
  }),
  storeCase("a view of a larger buffer is kept as the bytes it shows", async (store) => {
    const bytes = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    await apply(store, ANNE, { type: "blob", id: ID, bytes, run: null });
    deepEqual(await store.blob(ID), new Uint8Array([1, 2]));
  }),
  storeCase("keeping the same again changes nothing", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"));
    await apply(store, ANNE, keep(ID, "hello", RUN), keep(ID, "hello", RUN));
    await apply(store, BERT, keep(ID, "hello", null));
    equal(await textOf(store), "hello");
  }),
  storeCase("a blob of a refused batch is not kept", async (store) => {
    await expectRefusal(store, ANNE, [keep(ID, "x", null), gate(RUN, [], "open")], "absent", 1);
    equal(await store.blob(ID), undefined);
  }),
  storeCase("a refused put of what is there already leaves it", async (store) => {
    await apply(store, ANNE, gate(RUN, null, "open"), keep(ID, "x", RUN));
    const writes = [keep(ID, "x", RUN), keep(ID, "x", null), gate(RUN, null, "open")];
    await expectRefusal(store, ANNE, writes, "exists", 2);
    equal(await textOf(store), "x");
    await apply(store, ANNE, gate(RUN, ["open"], "ended"), { type: "trim", run: RUN });
    equal(await store.blob(ID), undefined);
  }),
  storeCase("a blob for a run that does not exist is refused as absent", async (store) => {
    await expectRefusal(store, ANNE, [keep(ID, "x", RUN)], "absent");
    equal(await store.blob(ID), undefined);
  }),
  storeCase("a blob for a run that has ended is refused as gate", async (store) => {
    const task = await startRun(store, ANNE);
    const writes = [append(task, 1, ["end"], CLOSE), gate(RUN, ["open"], "ended")];
    await apply(store, ANNE, keep(ID, "x", RUN), ...writes);
    await expectRefusal(store, ANNE, [keep(blobNamed("late"), "y", RUN)], "gate");
    equal(await textOf(store), "x");
  }),
];
