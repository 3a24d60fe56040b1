import { DatabaseSync, type StatementSync } from "node:sqlite";
import { expect, test } from "vitest";
import { TaskFinder } from "../../../../src/adapters/sqlite/find-tasks.ts";
import { SCHEMA } from "../../../../src/adapters/sqlite/schema.ts";
import { prepareStatements } from "../../../../src/adapters/sqlite/statements.ts";
import { hostIdFrom, parseRunId } from "../../../../src/core/ids.ts";
import type { TaskQuery } from "../../../../src/ports/store.ts";
import { taskNamed } from "../../../../src/testing/store-conformance/writes.ts";

// What grows with the age of a store; the others stay small or are read by their key.
const GROWS = /\bSCAN (t|tasks|e|events|p|event_places|task_places|mail|runs|records|r|blobs)\b/;

/** The steps of the plan that read a growing table from end to end. */
function scans(database: DatabaseSync, text: string): readonly string[] {
  const plan = database.prepare(`explain query plan ${text}`).all();
  return plan.map((row) => String(row["detail"])).filter((step) => GROWS.test(step));
}

test("no statement reads a growing table from end to end", () => {
  using database = new DatabaseSync(":memory:");
  database.exec(SCHEMA);
  const texts = Object.values(prepareStatements(database)).map((one) => one.sourceSQL);
  const planned = texts.filter((text) => /^(select|insert|update|delete)/.test(text));
  expect(planned.length).toBeGreaterThan(50);
  expect(planned.flatMap((text) => scans(database, text))).toEqual([]);
  expect(scans(database, "select data from events")).toEqual(["SCAN events"]);
});

test("tasks are found through an index, but by agent, parent or closed state alone", () => {
  using database = new DatabaseSync(":memory:");
  database.exec(SCHEMA);
  let text = "";
  const spy = {
    prepare: (sql: string): StatementSync => {
      text = sql;
      return database.prepare(sql);
    },
  } as DatabaseSync;
  const run = parseRunId("run");
  const owner = hostIdFrom("a");
  const scanned = (query: TaskQuery): readonly string[] => {
    new TaskFinder(spy, () => 1).find(query);
    return scans(database, text);
  };
  for (const query of [
    { run },
    { owner },
    { run, owner },
    { run, state: "open" },
    { run, state: "closed" },
    { run, parent: taskNamed("a") },
    { state: "stuck" },
    { state: "dead" },
    { agent: "a", key: "k", state: "open" },
    { agent: "a", key: "k", state: "stuck" },
  ] as const) {
    expect([query, scanned(query)]).toEqual([query, []]);
  }
  // Only those that are not finished.
  expect(scanned({ state: "open" })).toEqual(["SCAN tasks USING COVERING INDEX tasks_unfinished"]);
  for (const query of [
    {},
    { agent: "a" },
    { parent: taskNamed("a") },
    { state: "closed" },
  ] as const) {
    expect([query, scanned(query)]).toEqual([query, ["SCAN tasks"]]);
  }
});
