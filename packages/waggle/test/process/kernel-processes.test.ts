import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cancelTrees } from "./cancel/cancel-trees.ts";
import { overload } from "./overload/overload.ts";
import { recoverRuns } from "./recovery/recover-runs.ts";
import { disturbWorkers } from "./workers/disturb-workers.ts";

// Small; `npm run proof` does the same with the figures that count.

const timeout = 120_000;
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "waggle-kernel-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("workers that are killed lose nothing and do nothing twice", { timeout }, async () => {
  const figures = await disturbWorkers(folder, { kills: 6, stops: 0 });
  expect(figures.faults).toEqual([]);
  expect(figures.executions).toBeGreaterThan(20);
});

test("a worker that stood still past its lease writes nothing more", { timeout }, async () => {
  const figures = await disturbWorkers(folder, { kills: 0, stops: 1 });
  expect(figures.faults).toEqual([]);
  expect(figures.executions).toBeGreaterThan(20);
});

test("a new process ends what a dead one has begun", { timeout }, async () => {
  const figures = await recoverRuns(folder, 100, { restarts: 1 });
  expect(figures.faults).toEqual([]);
});

test("an agent that gets too much refuses it, and keeps what it accepted", {
  timeout,
}, async () => {
  const figures = await overload(folder, 2);
  expect(figures.faults).toEqual([]);
});

test.skipIf(process.platform !== "linux")(
  "a cancelled tree of agents leaves no process behind",
  { timeout },
  async () => {
    const figures = await cancelTrees(folder, 4);
    expect(figures.faults).toEqual([]);
    expect(figures.commands).toBeGreaterThan(0);
  },
);
