import { deepEqual, equal } from "node:assert/strict";
import type { AddWrite, Cell, SetWrite, Store } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import { ANNE, apply, BERT, expectRefusal } from "./writes.ts";

function set(expect: number, value: string | null, cell = "cell"): SetWrite {
  return { type: "set", cell, expect, value };
}

function add(by: number, bounds: { min?: number; max?: number } = {}, cell = "cell"): AddWrite {
  return { type: "add", cell, by, ...bounds };
}

async function only(store: Store): Promise<Cell | undefined> {
  const cells = await store.cells("cell");
  return cells[0];
}

/** What holds for cells. */
export const cellCases: readonly StoreCase[] = [
  storeCase("a cell is made by a set that expects none", async (store) => {
    await apply(store, ANNE, set(0, '"x"'));
    deepEqual(await only(store), { cell: "cell", version: 1, value: '"x"', amount: 0 });
  }),
  storeCase("a set that expects another version is refused as conflict", async (store) => {
    await expectRefusal(store, ANNE, [set(1, "1")], "conflict");
    await apply(store, ANNE, set(0, "1"));
    for (const expect of [0, 2]) await expectRefusal(store, ANNE, [set(expect, "2")], "conflict");
    equal((await only(store))?.value, "1");
    await apply(store, BERT, set(1, "2"));
    await expectRefusal(store, ANNE, [set(1, "3")], "conflict");
    deepEqual(await only(store), { cell: "cell", version: 2, value: "2", amount: 0 });
  }),
  storeCase("a cell set to null is gone, and can be made again", async (store) => {
    await apply(store, ANNE, set(0, "1"));
    await expectRefusal(store, ANNE, [set(2, null)], "conflict");
    await apply(store, ANNE, set(1, null));
    equal(await only(store), undefined);
    await apply(store, ANNE, set(0, null));
    await apply(store, ANNE, set(0, "2"));
    equal((await only(store))?.version, 1);
    await expectRefusal(store, ANNE, [set(0, null)], "conflict");
  }),
  storeCase("an add to a cell that does not exist starts from 0", async (store) => {
    await apply(store, ANNE, add(-3));
    deepEqual(await only(store), { cell: "cell", version: 1, value: null, amount: -3 });
  }),
  storeCase(
    "each add and each set raises the version by 1 and keeps the other's half",
    async (store) => {
      await apply(store, ANNE, add(2));
      await apply(store, ANNE, set(1, "5"));
      await apply(store, ANNE, add(3));
      deepEqual(await only(store), { cell: "cell", version: 3, value: "5", amount: 5 });
    },
  ),
  storeCase("an add that would leave its bounds is refused as bound", async (store) => {
    await apply(store, ANNE, add(10));
    await expectRefusal(store, ANNE, [add(-11, { min: 0 })], "bound");
    await expectRefusal(store, ANNE, [add(1, { max: 10 })], "bound");
    await expectRefusal(store, ANNE, [add(0, { min: 11 })], "bound");
    await apply(store, ANNE, add(-10, { min: 0, max: 0 }));
    equal((await only(store))?.amount, 0);
  }),
  storeCase(
    "an add that would make a cell outside its bounds is refused as bound",
    async (store) => {
      await expectRefusal(store, ANNE, [add(-1, { min: 0 })], "bound");
      await expectRefusal(store, ANNE, [add(6, { max: 5 })], "bound");
      equal(await only(store), undefined);
    },
  ),
  storeCase("two adds in one batch keep the bound together", async (store) => {
    await apply(store, ANNE, add(1));
    await expectRefusal(store, ANNE, [add(-1, { min: 0 }), add(-1, { min: 0 })], "bound", 1);
    equal((await only(store))?.amount, 1);
  }),
  storeCase("an add never leaves the safe integers", async (store) => {
    await apply(store, ANNE, add(Number.MAX_SAFE_INTEGER));
    await expectRefusal(store, ANNE, [add(1)], "bound");
    await apply(store, ANNE, add(-1));
    equal((await only(store))?.amount, Number.MAX_SAFE_INTEGER - 1);
  }),
  storeCase(
    "an add of something that is no safe integer is not applied, for a reason",
    async (store) => {
      for (const by of [0.5, Number.NaN, 2 ** 60]) {
        const { type } = await store.commit({ host: ANNE, writes: [add(by)] });
        equal(type, "unknown");
      }
      equal(await only(store), undefined);
    },
  ),
  storeCase("cells are found by prefix, in code-unit order of their names", async (store) => {
    const names = [
      "b",
      "a/\u{1F600}",
      "a/\uFF5E",
      "a",
      "a/",
      "a/b",
      "a/a",
      "a0",
      "A/x",
      "a/\u0000",
    ];
    for (const name of names) await apply(store, ANNE, set(0, "1", name));
    const found = await store.cells("a/");
    deepEqual(
      found.map((cell) => cell.cell),
      ["a/", "a/\u0000", "a/a", "a/b", "a/\u{1F600}", "a/\uFF5E"],
    );
    equal((await store.cells("")).length, names.length);
  }),
  sharedCase("of two writers who read the same version one wins", async (one, other) => {
    await apply(one, ANNE, set(0, "0"));
    const results = await Promise.all([
      one.commit({ host: ANNE, writes: [set(1, "1")] }),
      other.commit({ host: BERT, writes: [set(1, "2")] }),
    ]);
    deepEqual(results.map((result) => result.type).sort(), ["committed", "refused"]);
    equal((await only(one))?.version, 2);
  }),
  sharedCase("adds of two writers at once are all counted", async (one, other) => {
    const adds = Array.from({ length: 100 }, (_, i) =>
      (i % 2 === 0 ? one : other).commit({ host: ANNE, writes: [add(i)] }),
    );
    for (const result of await Promise.all(adds)) equal(result.type, "committed");
    deepEqual(await only(other), { cell: "cell", version: 100, value: null, amount: 4_950 });
  }),
];
