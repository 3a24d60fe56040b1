import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { refuseNetworkFileSystem } from "../../src/adapters/sqlite/network-file-system.ts";
import { RuntimeError } from "../../src/core/errors.ts";
import { parseRunId, rootTaskId } from "../../src/core/ids.ts";
import type { Store } from "../../src/ports/store.ts";
import { storeContents } from "../../src/testing/store-conformance/contents.ts";
import {
  ANNE,
  append,
  apply,
  BERT,
  create,
  gate,
  RUN,
  rowOf,
  startRun,
  taskNamed,
} from "../../src/testing/store-conformance/writes.ts";
import { perform, randomWork } from "./random-work.ts";
import { memorySubject, sqliteSubject } from "./subjects.ts";

const ROOT = rootTaskId(RUN);
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "waggle-engine-"));
  path = join(folder, "store.db");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(durability: "power" | "process" = "process"): Promise<Store> {
  return sqliteStore(path, { durability })({ clock: nodeClock(), random: nodeRandom() });
}

async function codeOf(opening: Promise<unknown>): Promise<string | undefined> {
  return opening.then(
    () => undefined,
    (error: unknown) => (RuntimeError.is(error) ? error.code : "foreign"),
  );
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("says what it promises", async () => {
  await using power = await open("power");
  expect(power.capabilities).toEqual({ durability: "power", shared: "machine" });
  await using process = await open("process");
  expect(process.capabilities).toEqual({ durability: "process", shared: "machine" });
});

test("keeps everything when it is closed and opened again", async () => {
  const first = await open();
  const { id } = first;
  await startRun(first, ANNE);
  await apply(first, ANNE, append(ROOT, 1, ["x"]));
  await first[Symbol.asyncDispose]();
  await using second = await open();
  expect(second.id).toBe(id);
  expect((await second.load(ROOT))?.events).toHaveLength(2);
  await apply(second, ANNE, append(ROOT, 2, ["y"]));
});

test("refuses a file that is no database, and leaves it as it is", async () => {
  const text = "these are notes, and long enough to be no SQLite header at all ".repeat(40);
  writeFileSync(path, text);
  expect(await codeOf(open())).toBe("STORE_FORMAT");
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("refuses a database of somebody else, and leaves it as it is", async () => {
  for (const schema of [
    "create table notes(text)",
    "create table meta(x); create table tasks(x)",
    "create table meta(key, value); create table tasks(x)",
  ]) {
    rmSync(path, { force: true });
    const foreign = new DatabaseSync(path);
    foreign.exec(schema);
    foreign.close();
    const before = readFileSync(path);
    expect(await codeOf(open())).toBe("STORE_FORMAT");
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

test("refuses a store of a newer format, naming both", async () => {
  await (await open())[Symbol.asyncDispose]();
  const raw = new DatabaseSync(path);
  raw.exec("update meta set value = '3' where key = 'format'");
  raw.close();
  const error = await open().catch((thrown: unknown) => thrown);
  expect(RuntimeError.is(error, "STORE_FORMAT") && error.details).toEqual({
    found: "3",
    readable: 2,
  });
});

test("cannot be opened in a folder that does not exist", async () => {
  path = join(folder, "none", "store.db");
  expect(await codeOf(open())).toBe("STORE_UNAVAILABLE");
});

test("can be made by several openers at once", async () => {
  const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
  expect(new Set(stores.map((store) => store.id)).size).toBe(1);
  for (const store of stores) await store[Symbol.asyncDispose]();
});

test("a batch that no engine can store harms no neighbour of its group", async () => {
  await using store = await open();
  await startRun(store, ANNE);
  const good = append(ROOT, 2, ["y"]);
  const unstorable = { ...good, events: [{ type: "done" as const, data: {} as string }] };
  const results = await Promise.all([
    store.commit({ host: ANNE, writes: [append(ROOT, 1, ["x"])] }),
    store.commit({ host: ANNE, writes: [create(0, { id: taskNamed("t") }), unstorable] }),
    store.commit({ host: ANNE, writes: [unstorable] }),
    store.commit({ host: ANNE, writes: [good] }),
  ]);
  const types = results.map((result) => result.type);
  expect(types).toEqual(["committed", "unknown", "unknown", "committed"]);
  expect((await rowOf(store, ROOT)).version).toBe(3);
  expect(await store.load(taskNamed("t"))).toBeUndefined();
});

test("waits for a lock that another process holds, while the event loop turns", async () => {
  await using store = await open();
  await startRun(store, ANNE);
  const other = new DatabaseSync(path);
  other.exec("begin immediate");
  let settled = false;
  const commit = store.commit({ host: ANNE, writes: [append(ROOT, 1, ["x"])] });
  void commit.then(() => {
    settled = true;
  });
  for (let i = 0; i < 50; i++) await turn();
  expect(settled).toBe(false);
  other.exec("rollback");
  other.close();
  expect((await commit).type).toBe("committed");
});

test("gives up on a lock after 30 s, saying that nothing was applied", async () => {
  let passed = 0;
  const clock = { ...nodeClock(), monotonic: () => passed };
  await using store = await sqliteStore(path, { durability: "process" })({
    clock,
    random: nodeRandom(),
  });
  await apply(store, ANNE, gate(RUN, null, "open"));
  const other = new DatabaseSync(path);
  other.exec("begin immediate");
  const commit = store.commit({ host: ANNE, writes: [gate(RUN, ["open"], "paused")] });
  const claim = store.beat(ANNE, "{}").catch((error: unknown) => error);
  await turn();
  passed = 30_000;
  const result = await commit;
  expect(result.type === "unknown" && RuntimeError.is(result.cause, "STORE_UNAVAILABLE")).toBe(
    true,
  );
  expect(result.type === "unknown" && (result.cause as RuntimeError).outcome).toBe("not-applied");
  expect(RuntimeError.is(await claim, "STORE_UNAVAILABLE")).toBe(true);
  other.exec("rollback");
  other.close();
  await apply(store, ANNE, gate(RUN, ["open"], "paused"));
});

test("refuses a host id that is none, for it names a file", async () => {
  await using store = await open();
  expect(await codeOf(store.beat("host-../../x" as typeof ANNE, "{}"))).toBe("USAGE");
});

test("refuses a host that another store goes by", async () => {
  let passed = 0;
  const clock = { ...nodeClock(), monotonic: () => passed++ * 1_000 };
  await using one = await open();
  await one.beat(ANNE, "{}");
  await using other = await sqliteStore(path)({ clock, random: nodeRandom() });
  expect(await codeOf(other.beat(ANNE, "{}"))).toBe("STORE_UNAVAILABLE");
});

test("what exists is the reason of a refusal, whatever else is wrong with the batch", async () => {
  await using store = await open();
  await startRun(store, ANNE);
  await using other = await open();
  const wrong = append(ROOT, 9, ["x"]);
  for (const there of [create(0, { id: ROOT }, ANNE), gate(RUN, null, "open")]) {
    const results = await Promise.all([
      other.commit({ host: ANNE, writes: [create(0, { id: taskNamed(`beside ${there.type}`) })] }),
      other.commit({ host: ANNE, writes: [there, wrong] }),
      other.commit({ host: ANNE, writes: [there] }),
      other.commit({ host: ANNE, writes: [wrong] }),
    ]);
    expect(results).toMatchObject([
      { type: "committed" },
      { type: "refused", write: 0, reason: "exists" },
      { type: "refused", write: 0, reason: "exists" },
      { type: "refused", write: 0, reason: "fenced" },
    ]);
  }
  expect(await store.find({})).toHaveLength(3);
});

test("a host that is freed leaves no lock behind, whatever is refused beside it", async () => {
  await using store = await open();
  await startRun(store, ANNE);
  await store.beat(BERT, "{}");
  expect(existsSync(`${path}-${BERT}`)).toBe(true);
  const results = await Promise.all([
    store.commit({ host: ANNE, writes: [{ type: "free", host: BERT, beat: 1 }] }),
    store.commit({
      host: ANNE,
      writes: [gate(RUN, ["open"], "paused"), append(ROOT, 9, ["x"])],
    }),
  ]);
  expect(results.map(({ type }) => type)).toEqual(["committed", "refused"]);
  expect(existsSync(`${path}-${BERT}`)).toBe(false);
});

test("refuses a network file system by its name, and no other", () => {
  for (const [type, name] of [
    [0x6969, "NFS"],
    [0x517b, "SMB"],
    [0xff534d42, "CIFS"],
    // The same with a sign.
    [0xff534d42 | 0, "CIFS"],
    [0xfe534d42, "SMB2"],
  ] as const) {
    const refuse = (): void => refuseNetworkFileSystem("/mnt/store.db", () => type);
    expect(refuse).toThrow(`store /mnt/store.db lies on a network file system (${name})`);
  }
  // ext4, tmpfs, overlay, 9p, FUSE.
  for (const type of [0xef53, 0x01021994, 0x794c7630, 0x01021997, 0x65735546]) {
    refuseNetworkFileSystem("/mnt/store.db", () => type);
  }
});

test("two stores on one file, used in turn, answer as one", { timeout: 600_000 }, async () => {
  const turns = fc.infiniteStream(fc.nat(1));
  const names = { logs: ["log"], blobs: [] };
  await fc.assert(
    fc.asyncProperty(randomWork, turns, async (work, turn) => {
      using memory = memorySubject();
      using sqlite = sqliteSubject();
      await using expected = await memory.open();
      await using one = await sqlite.open();
      await using other = await sqlite.open();
      for (const action of work) {
        // A host beats through one store only.
        const isOne = turn.next().value === 0 || action.type === "beat";
        const answer = await perform(action, isOne ? one : other, sqlite);
        expect(answer).toEqual(await perform(action, expected, memory));
      }
      expect(await storeContents(other, names)).toEqual(await storeContents(expected, names));
    }),
    { numRuns: process.env["WAGGLE_NIGHTLY"] === "1" ? 2_000 : 60 },
  );
});

test("finds everything of a run, whatever of it is entered in the indexes", async () => {
  await using store = await open();
  await using other = await open();
  const run = parseRunId("wide");
  const tasks = Array.from({ length: 1_100 }, (_, i) => taskNamed(`${i}`));
  await apply(store, ANNE, gate(run, null, "open"));
  for (let i = 0; i < tasks.length; i += 100) {
    const some = tasks.slice(i, i + 100);
    await apply(store, ANNE, ...some.map((id, at) => create(at, { id, run }, ANNE)));
  }
  const texts = Array.from({ length: 600 }, (_, i) => `${i}`);
  const [first = ROOT, last = ROOT] = [tasks[0], tasks.at(-1)];
  for (const task of [first, last]) {
    await apply(store, ANNE, append(task, 1, texts));
    await apply(other, ANNE, append(task, 601, ["last"]));
  }
  for (const reader of [store, other]) {
    const found = await reader.find({ run, limit: 2_000 });
    expect(found.map(({ id }) => id)).toEqual(tasks);
    expect(found.map(({ version }) => version)).toEqual(
      tasks.map((id) => (id === first || id === last ? 602 : 1)),
    );
    for (const task of [first, last]) {
      const events = (await reader.load(task))?.events ?? [];
      expect(events.map(({ position }) => position)).toEqual(
        events.map(({ position }) => position).toSorted((a, b) => a - b),
      );
      expect(events).toHaveLength(602);
    }
    const tailed = [];
    for await (const event of reader.tail(run, 0, AbortSignal.timeout(5_000))) {
      if (tailed.push(event.position) === 2_302) break;
    }
    expect(new Set(tailed).size).toBe(2_302);
  }
});

test("positions and places of a trimmed run are not given again", async () => {
  await using store = await open();
  await startRun(store, ANNE);
  const other = parseRunId("other");
  const task = await startRun(store, ANNE, {}, other);
  await apply(
    store,
    ANNE,
    append(task, 1, ["end"], { ending: { type: "close", state: "closed" } }),
    gate(other, ["open"], "ended"),
  );
  const before = (await store.load(task))?.events.at(-1)?.position ?? Number.NaN;
  await apply(store, ANNE, { type: "trim", run: other });
  await using reopened = await open();
  await apply(reopened, ANNE, append(ROOT, 1, ["x"]), create(1, { id: task }));
  const { events, row } = (await store.load(ROOT)) ?? {};
  expect(events?.at(-1)?.position).toBeGreaterThan(before);
  expect([row?.version, (await rowOf(store, task)).version]).toEqual([2, 1]);
});
