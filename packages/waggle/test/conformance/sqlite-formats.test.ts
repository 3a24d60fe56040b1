import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { HostLocks } from "../../src/adapters/sqlite/host-locks.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { RuntimeError } from "../../src/core/errors.ts";
import type { HostId } from "../../src/core/ids.ts";
import { agent, contract, createSystem, verifyRuns } from "../../src/index.ts";

/** A store as Waggle wrote it with format 1: a run that has ended, and one that waits for a signal. */
const FORMAT_1 = readFileSync(join(import.meta.dirname, "format-1.sql"), "utf8");

const baker = contract("baker", { bake: { input: z.string(), output: z.string() } });
const bakerAgent = agent(
  baker,
  {
    async bake(ctx, what) {
      await ctx.step("heat", () => {
        throw new Error("the oven is heated already");
      });
      await ctx.waitFor("dough", z.null(), { timeoutMs: null });
      return ctx.step("bake", () => `one ${what}`);
    },
  },
  { version: "2" },
);

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "waggle-format-"));
  path = join(folder, "store.db");
  const database = new DatabaseSync(path);
  database.exec(`begin; ${FORMAT_1} commit`);
  database.close();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function schemaOf(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  const names = "name not like 'sqlite_%'";
  const objects = database.prepare(`select name from sqlite_schema where ${names}`).all();
  const columns = objects.map(({ name }) => {
    const kind = /^(tasks|mail|hosts|runs|records|blob_keepers)_/.test(String(name));
    const info = kind && name !== "blob_keepers" ? "index_info" : "table_info";
    return [name, database.prepare(`select * from pragma_${info}(?)`).all(String(name))];
  });
  database.close();
  return Object.fromEntries(columns);
}

test("a run that was begun in a file of format 1 goes on, in any version of its agent", async () => {
  await using system = await createSystem({ store: sqliteStore(path), agents: [bakerAgent] });
  expect(await system.run("order-1").result()).toBe("one roll");
  await system.signal({ run: "order-2" }, "dough", null);
  expect(await system.run("order-2").result()).toBe("one bread");
});

test("a file of format 1 holds the same tables and indexes afterwards as a new one", async () => {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  const fresh = join(folder, "fresh.db");
  for (const file of [path, fresh]) await (await sqliteStore(file)(machine))[Symbol.asyncDispose]();
  expect(schemaOf(path)).toEqual(schemaOf(fresh));
});

test("a file of format 1 that is to be opened as it is found is refused, and left as it is", async () => {
  const before = readFileSync(path);
  const store = sqliteStore(path, { asFound: true });
  const error = await verifyRuns({ store, agents: [bakerAgent] }).catch((thrown) => thrown);
  expect(RuntimeError.is(error, "STORE_FORMAT") && error.details).toEqual({
    found: "1",
    readable: 2,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder)).toEqual(["store.db"]);
  const agents = [bakerAgent];
  const verdict = await verifyRuns({ store: sqliteStore(path), agents });
  expect(verdict).toEqual({ replayed: 1, diverged: [], unserved: [] });
  expect(await verifyRuns({ store, agents })).toEqual(verdict);
});

test("a store that is to be opened as it is found is not made", async () => {
  const open = (name: string): Promise<unknown> =>
    verifyRuns({ store: sqliteStore(join(folder, name), { asFound: true }), agents: [] }).catch(
      (thrown) => RuntimeError.is(thrown) && `${thrown.code} ${thrown.message}`,
    );
  expect(await open("stroe.db")).toBe(`NOT_FOUND there is no store ${join(folder, "stroe.db")}`);
  writeFileSync(join(folder, "empty.db"), "");
  expect(await open("empty.db")).toBe(`NOT_FOUND there is no store ${join(folder, "empty.db")}`);
  expect(readdirSync(folder)).toEqual(["empty.db", "store.db"]);
  expect(readFileSync(join(folder, "empty.db")).length).toBe(0);
});

test("a file of format 1 is left as it is while a process of an older Waggle works on it", async () => {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  const host = `host-${"a".repeat(32)}` as HostId;
  const database = new DatabaseSync(path);
  database.prepare("insert into hosts(id, beat, dead, report) values (?, 1, 0, '{}')").run(host);
  const locks = new HostLocks(path, machine.clock, machine.random);
  await locks.hold(host);
  const error = await sqliteStore(path)(machine).catch((thrown: unknown) => thrown);
  expect(RuntimeError.is(error, "STORE_FORMAT") && error.details).toEqual({
    found: "1",
    readable: 2,
    living: [host],
  });
  const format = database.prepare("select value from meta where key = 'format'").get();
  expect(format?.["value"]).toBe("1");
  database.close();
  locks.dropAll();
  await (await sqliteStore(path)(machine))[Symbol.asyncDispose]();
});
