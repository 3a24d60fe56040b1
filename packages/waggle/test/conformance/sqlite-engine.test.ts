import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { RuntimeError } from "../../src/core/errors.ts";
import { rootTaskId } from "../../src/core/ids.ts";
import type { Store } from "../../src/ports/store.ts";
import {
  ANNE,
  append,
  apply,
  create,
  gate,
  RUN,
  rowOf,
  startRun,
  taskNamed,
} from "../../src/testing/store-conformance/writes.ts";

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

test("refuses a store of another format, naming both", async () => {
  await (await open())[Symbol.asyncDispose]();
  const raw = new DatabaseSync(path);
  raw.exec("update meta set value = '2' where key = 'format'");
  raw.close();
  const error = await open().catch((thrown: unknown) => thrown);
  expect(RuntimeError.is(error, "STORE_FORMAT") && error.details).toEqual({
    found: "2",
    readable: 1,
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
