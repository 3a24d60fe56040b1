import { equal } from "node:assert/strict";
import type { Store } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import { ANNE, apply, BERT, create, gate, RUN, taskNamed } from "./writes.ts";

/** Makes `count` tasks claimable, a commit each. */
async function createMany(store: Store, count: number, prefix: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    await apply(store, ANNE, create(0, { id: taskNamed(`${prefix}${i}`) }));
  }
}

/** What holds for watching. */
export const watchCases: readonly StoreCase[] = [
  storeCase("a watch is not told within a call of its store", async (store) => {
    let isWithin = false;
    let toldWithin = 0;
    const end = store.watch(() => {
      toldWithin += Number(isWithin);
    });
    const calls = [
      () => store.commit({ host: ANNE, writes: [gate(RUN, null, "open")] }),
      () => store.commit({ host: ANNE, writes: [create(0, { id: taskNamed("a") })] }),
      () => store.beat(ANNE, "{}"),
      () => store.claim({ host: BERT, agents: [{ agent: "cook", free: 1 }] }),
    ];
    for (const call of calls) {
      isWithin = true;
      const done = call();
      isWithin = false;
      await done;
    }
    end();
    equal(toldWithin, 0);
  }),
  sharedCase("a watch that was ended, twice even, is told nothing more", async (one, other) => {
    await apply(one, ANNE, gate(RUN, null, "open"));
    let told = 0;
    const ends = [one, other].map((store) =>
      store.watch(() => {
        told += 1;
      }),
    );
    await createMany(one, 20, "before");
    const last = one.commit({ host: ANNE, writes: [create(0, { id: taskNamed("last") })] });
    for (const end of [...ends, ...ends]) end();
    const before = told;
    equal((await last).type, "committed");
    await createMany(one, 20, "after");
    await createMany(other, 20, "later");
    equal(told, before);
  }),
  sharedCase("a disposed store tells its watches nothing more", async (one, other) => {
    await apply(other, ANNE, gate(RUN, null, "open"));
    let told = 0;
    const end = one.watch(() => {
      told += 1;
    });
    await one[Symbol.asyncDispose]();
    const before = told;
    await createMany(other, 20, "after");
    equal(told, before);
    end();
  }),
];
