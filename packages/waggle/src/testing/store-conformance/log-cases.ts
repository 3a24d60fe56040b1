import { deepEqual, equal } from "node:assert/strict";
import type { LogRecord, NewRecord, RecordQuery, Store } from "../../ports/store.ts";
import { type StoreCase, sharedCase, storeCase } from "./store-case.ts";
import { ANNE, apply, BERT, expectRefusal, gate, publish, RUN } from "./writes.ts";

/** A record in a few words: its version, key and data. */
function brief({ version, key, data }: LogRecord): string {
  return `${version} ${key} ${data}`;
}

async function read(store: Store, query: Partial<RecordQuery> = {}): Promise<readonly string[]> {
  return (await store.records({ log: "log", ...query })).records.map(brief);
}

const put = (key: string | null, data: string | null, expect?: number): NewRecord =>
  expect === undefined ? { key, data } : { key, data, expect };
const add = (key: string, by: number): NewRecord => ({ key, add: by });

/** What holds for logs. */
export const logCases: readonly StoreCase[] = [
  storeCase("a log nobody wrote to is empty and has version 0", async (store) => {
    deepEqual(await store.records({ log: "log" }), { version: 0, records: [] });
  }),
  storeCase(
    "records are numbered from 1 and carry the time of their commit",
    async (store, world) => {
      await apply(store, ANNE, publish("log", put(null, "1"), put("k", '{"a":2}')));
      const first = world.now();
      world.advance(5);
      await apply(store, BERT, publish("log", put("k", null)));
      deepEqual(await store.records({ log: "log" }), {
        version: 3,
        records: [
          { version: 1, at: first, key: null, data: "1" },
          { version: 2, at: first, key: "k", data: '{"a":2}' },
          { version: 3, at: world.now(), key: "k", data: null },
        ],
      });
    },
  ),
  storeCase("each log counts for itself", async (store) => {
    await apply(store, ANNE, publish("log", put("k", "1")), publish("other", put("k", "2", 0)));
    await apply(store, ANNE, publish("other", put("k", "3", 1)));
    equal((await store.records({ log: "log" })).version, 1);
    equal((await store.records({ log: "other" })).version, 2);
    deepEqual(await store.records({ log: "lo" }), { version: 0, records: [] });
  }),
  storeCase("a batch can write to a log several times", async (store) => {
    await apply(store, ANNE, publish("log", put("k", "1")), publish("log", put("k", "2", 1)));
    deepEqual(await read(store), ["1 k 1", "2 k 2"]);
  }),
  storeCase("nothing published is no record", async (store) => {
    await apply(store, ANNE, publish("log"));
    deepEqual(await store.records({ log: "log" }), { version: 0, records: [] });
  }),
  storeCase("a record that expects another version of its key conflicts", async (store) => {
    await expectRefusal(store, ANNE, [publish("log", put("k", "1", 1))], "conflict");
    await apply(store, ANNE, publish("log", put("k", "1", 0), put("other", "2")));
    for (const expect of [0, 2, 3]) {
      await expectRefusal(store, ANNE, [publish("log", put("k", "2", expect))], "conflict");
    }
    await apply(store, ANNE, publish("log", put("k", "2", 1)));
    deepEqual(await read(store), ["1 k 1", "2 other 2", "3 k 2"]);
  }),
  storeCase("a key without a value has a version all the same", async (store) => {
    await apply(store, ANNE, publish("log", put("k", "1"), put("k", null)));
    await expectRefusal(store, ANNE, [publish("log", put("k", "2", 0))], "conflict");
    await apply(store, ANNE, publish("log", put("k", "2", 2)));
  }),
  storeCase(
    "a record is checked against what those before it in the write leave",
    async (store) => {
      await apply(store, ANNE, publish("log", put("k", "1", 0), put("k", "2", 1), add("k", 3)));
      deepEqual(await read(store), ["1 k 1", "2 k 2", "3 k 5"]);
      const twice = publish("log", put("new", "1", 0), put("new", "2", 0));
      await expectRefusal(store, ANNE, [twice], "conflict");
      equal((await store.records({ log: "log" })).version, 3);
    },
  ),
  storeCase("adding starts from 0 where there is no value", async (store) => {
    await apply(store, ANNE, publish("log", add("a", -3), put("b", null), add("b", 4)));
    await apply(store, ANNE, publish("log", add("a", 3), { key: "b", add: 1, expect: 3 }));
    deepEqual(await read(store, { after: 2 }), ["3 b 4", "4 a 0", "5 b 5"]);
  }),
  storeCase("adding to what is no number conflicts", async (store) => {
    for (const data of ['"1"', "true", "[1]", "{}", "null", "0.5"]) {
      await apply(store, ANNE, publish("log", put("k", data)));
      await expectRefusal(store, ANNE, [publish("log", add("k", 1))], "conflict");
    }
    for (const data of ["41", " 41 ", "4.1e1", "41.0"]) {
      await apply(store, ANNE, publish("log", put("k", data)));
      await apply(store, ANNE, publish("log", add("k", 1)));
      deepEqual((await read(store, { latest: true })).at(0)?.split(" ").at(-1), "42");
    }
  }),
  storeCase("adding never leaves the safe integers", async (store) => {
    const most = Number.MAX_SAFE_INTEGER;
    await apply(store, ANNE, publish("log", add("k", most), put("huge", "1e300")));
    await expectRefusal(store, ANNE, [publish("log", add("k", 1))], "conflict");
    await expectRefusal(store, ANNE, [publish("log", add("huge", 1))], "conflict");
    await apply(store, ANNE, publish("log", add("k", -most)));
    deepEqual((await read(store)).at(-1), "3 k 0");
  }),
  storeCase("a record that is wrong in itself is not applied, for a reason", async (store) => {
    const wrong: readonly NewRecord[] = [
      { key: "k" },
      { key: "k", data: "1", add: 1 },
      { key: null, add: 1 },
      { key: null, data: "1", expect: 0 },
      { key: "k", add: 0.5 },
      { key: "\ud800", data: "1" },
    ];
    for (const record of wrong) {
      const { type } = await store.commit({ host: ANNE, writes: [publish("log", record)] });
      equal(type, "unknown");
    }
    equal((await store.commit({ host: ANNE, writes: [publish("\ud800")] })).type, "unknown");
    deepEqual(await store.records({ log: "log" }), { version: 0, records: [] });
  }),
  storeCase("a refused batch leaves its logs as they were", async (store) => {
    await apply(store, ANNE, publish("log", put("k", "1")));
    const before = await store.records({ log: "log" });
    const writes = [
      publish("log", put("k", "2"), put("new", "3"), add("n", 1)),
      publish("made", put("k", "1")),
      gate(RUN, [], "open"),
    ];
    await expectRefusal(store, ANNE, writes, "absent", 2);
    deepEqual(await store.records({ log: "log" }), before);
    deepEqual(await store.records({ log: "made" }), { version: 0, records: [] });
    await apply(store, ANNE, publish("log", put("k", "2", 1), put("new", "1", 0), add("n", 1)));
    deepEqual(await read(store), ["1 k 1", "2 k 2", "3 new 1", "4 n 1"]);
  }),
  storeCase("records are found by version", async (store) => {
    await apply(store, ANNE, publish("log", ...["1", "2", "3", "4"].map((n) => put(null, n))));
    deepEqual(await read(store, { after: 2 }), ["3 null 3", "4 null 4"]);
    deepEqual(await read(store, { upTo: 2 }), ["1 null 1", "2 null 2"]);
    deepEqual(await read(store, { after: 1, upTo: 3 }), ["2 null 2", "3 null 3"]);
    deepEqual(await read(store, { after: 1, limit: 1 }), ["2 null 2"]);
    deepEqual(await read(store, { limit: 0 }), []);
    deepEqual(await read(store, { after: 4 }), []);
    equal((await store.records({ log: "log", upTo: 1 })).version, 4);
  }),
  storeCase("records are found by key and by prefix of it", async (store) => {
    const keys = ["a/1", "a/2", "b", "a/1", null, "a"];
    await apply(store, ANNE, publish("log", ...keys.map((key) => put(key, "0"))));
    deepEqual(await read(store, { key: "a/1" }), ["1 a/1 0", "4 a/1 0"]);
    deepEqual(await read(store, { prefix: "a/" }), ["1 a/1 0", "2 a/2 0", "4 a/1 0"]);
    deepEqual(await read(store, { prefix: "a/", after: 1, limit: 1 }), ["2 a/2 0"]);
    equal((await read(store, { prefix: "" })).length, 5);
    deepEqual(await read(store, { prefix: "a/", key: "b" }), []);
    deepEqual(await read(store, { key: "none" }), []);
  }),
  storeCase("a prefix is taken as it is written", async (store) => {
    const keys = ["a%b", "aXb", "a_b", "A%b", "a*b", "a\u{1F600}", "a\uFFFF"];
    await apply(store, ANNE, publish("log", ...keys.map((key) => put(key, "0"))));
    for (const [i, key] of keys.entries()) {
      deepEqual(await read(store, { prefix: key }), [`${i + 1} ${key} 0`]);
    }
    equal((await read(store, { prefix: "a" })).length, 6);
  }),
  storeCase("the latest records are one of each key with a value, by key", async (store) => {
    const names = ["b", "\u{1F600}", "\uFF5E", "a", "B", "gone"];
    await apply(store, ANNE, publish("log", put(null, "x"), ...names.map((key) => put(key, "1"))));
    await apply(store, ANNE, publish("log", put("a", "2"), put("gone", null)));
    const latest = true;
    const all = ["6 B 1", "8 a 2", "2 b 1", "3 \u{1F600} 1", "4 \uFF5E 1"];
    deepEqual(await read(store, { latest }), all);
    deepEqual(await read(store, { latest, limit: 2 }), all.slice(0, 2));
    deepEqual(await read(store, { latest, key: "a" }), ["8 a 2"]);
    deepEqual(await read(store, { latest, key: "gone" }), []);
    deepEqual(await read(store, { latest, prefix: "\u{1F600}" }), ["3 \u{1F600} 1"]);
    deepEqual(await read(store, { latest, after: 5 }), ["6 B 1", "8 a 2"]);
  }),
  storeCase("the latest records are those of the version that is asked for", async (store) => {
    const records = [put("a", "1"), put("b", "1"), put("a", null), put("a", "2"), put("b", "2")];
    await apply(store, ANNE, publish("log", ...records, put(null, "x"), put("c", "3")));
    const at = (upTo: number): Promise<readonly string[]> => read(store, { latest: true, upTo });
    deepEqual(await at(0), []);
    deepEqual(await at(2), ["1 a 1", "2 b 1"]);
    deepEqual(await at(3), ["2 b 1"]);
    deepEqual(await at(4), ["4 a 2", "2 b 1"]);
    deepEqual(await at(6), ["4 a 2", "5 b 2"]);
    deepEqual(await at(99), ["4 a 2", "5 b 2", "7 c 3"]);
    deepEqual(await read(store, { latest: true, upTo: 4, key: "b" }), ["2 b 1"]);
  }),
  storeCase("at most 1,000 records are read unless more are asked for", async (store) => {
    const many = Array.from({ length: 1_001 }, (_, i) => put(`k${i}`, "0"));
    await apply(store, ANNE, publish("log", ...many));
    equal((await read(store)).length, 1_000);
    equal((await read(store, { latest: true })).length, 1_000);
    equal((await read(store, { limit: 2_000 })).length, 1_001);
  }),
  sharedCase("of two writers of a log both get versions without gaps", async (one, other) => {
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const writes = [publish("log", put(null, `${i}`), add("n", 1))];
        return (i % 2 === 0 ? one : other).commit({ host: ANNE, writes });
      }),
    );
    for (const result of results) equal(result.type, "committed");
    const { version, records } = await one.records({ log: "log" });
    deepEqual(
      records.map((record) => record.version),
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
    equal(version, 120);
    deepEqual(await read(other, { latest: true }), ["120 n 60"]);
  }),
];
