import { beforeEach, expect, test } from "vitest";
import type { Path, TaskId } from "../../../src/core/ids.ts";
import { seeFromLedger } from "../../../src/runtime/ledger-view.ts";
import { findDeadlock, type SeeTask, type WaitNode } from "../../../src/runtime/wait-graph.ts";
import { ANNE, BERT, WaitingLedger } from "../telemetry/waiting-ledger.ts";

let ledger: WaitingLedger;
let see: SeeTask;
beforeEach(() => {
  ledger = new WaitingLedger();
  see = seeFromLedger(ledger.store, { now: () => ledger.now });
});

async function seen(task: TaskId): Promise<Partial<WaitNode> | undefined> {
  const node = await see(task);
  if (node === undefined) return undefined;
  const { moves, waitsFor, queuedOnKey } = node;
  return { moves, waitsFor, queuedOnKey };
}

const MOVES: Partial<WaitNode> = { moves: true, waitsFor: [], queuedOnKey: false };

function waitsFor(...tasks: readonly TaskId[]): Partial<WaitNode> {
  return { moves: false, waitsFor: tasks, queuedOnKey: false };
}

test("a task moves while a host has it, and while it may be claimed", async () => {
  const root = await ledger.start("r", ANNE);
  const child = await ledger.ask(root, "one");
  expect((await see(root))?.moves).toBe(true);
  expect(await seen(child)).toEqual(MOVES);
});

test("a task that only waits for answers waits for the children it asked", async () => {
  const root = await ledger.start("r", ANNE);
  const [one, two] = [await ledger.ask(root, "one"), await ledger.ask(root, "two")];
  await ledger.release(root);
  expect(await seen(root)).toEqual(waitsFor(one, two));
});

test("an answer, or giving up, ends a wait; a child that was told to stop is waited for", async () => {
  const root = await ledger.start("r", ANNE);
  const [one, two, three] = [
    await ledger.ask(root, "one"),
    await ledger.ask(root, "two", { until: 5_000_000 }),
    await ledger.ask(root, "three"),
  ];
  const outcome = { type: "value", value: 1 } as const;
  await ledger.append(root, [
    { type: "received", path: "ask:one" as Path, child: one, outcome },
    { type: "dropped", path: "ask:two" as Path, why: "timeout" },
    { type: "dropped", path: "ask:three" as Path, why: "lost" },
  ]);
  await ledger.release(root);
  expect(await seen(root)).toEqual(waitsFor(three));
  expect(two).not.toBe(three);
});

test("that an ask will be given up is no movement before its time has come", async () => {
  const root = await ledger.start("r", ANNE);
  const child = await ledger.ask(root, "one", { until: 1_005_000 });
  await ledger.release(root, 1_005_000);
  expect(await seen(root)).toEqual(waitsFor(child));
  ledger.now = 1_005_000;
  expect((await seen(root))?.moves).toBe(true);
});

test("mail makes it move, also before its ask is given up and by another clock", async () => {
  const root = await ledger.start("r", ANNE);
  await ledger.ask(root, "one", { until: 1_005_000 });
  await ledger.release(root, 1_005_000);
  await ledger.signal(root);
  expect((await seen(root))?.moves).toBe(true);
  const slow = seeFromLedger(ledger.store, { now: () => ledger.now - 60_000 });
  expect((await slow(root))?.moves).toBe(true);
});

test("a timer or signal is movement, a run that is not open too, and a stuck task", async () => {
  const outside = await ledger.start("outside", ANNE);
  await ledger.ask(outside, "one");
  await ledger.release(outside, null, true);
  const paused = await ledger.start("paused", ANNE);
  await ledger.ask(paused, "one");
  await ledger.release(paused);
  await ledger.gate("paused", "paused");
  const stuck = await ledger.start("stuck", ANNE);
  await ledger.ask(stuck, "one");
  const left = { expected: "step:a", actual: "step:b", hint: "the code changed" };
  await ledger.append(stuck, [{ type: "stuck", ...left }], { type: "stick" });
  for (const task of [outside, paused, stuck]) expect((await seen(task))?.moves).toBe(true);
});

test("a closed task cannot be seen, nor one that is not there", async () => {
  const root = await ledger.start("r", ANNE);
  await ledger.close(root);
  expect(await see(root)).toBeUndefined();
  expect(await see("none" as TaskId)).toBeUndefined();
});

test("a task behind a key waits for the oldest unfinished task of that key, whatever its run", async () => {
  const other = await ledger.start("other", ANNE);
  const past = await ledger.ask(other, "past", { key: "k" });
  await ledger.claim(BERT);
  await ledger.close(past);
  const holder = await ledger.ask(other, "holder", { key: "k" });
  const root = await ledger.start("r", ANNE);
  const second = await ledger.ask(root, "second", { key: "k" });
  const third = await ledger.ask(root, "third", { key: "k" });
  for (const task of [second, third]) {
    expect(await seen(task)).toEqual({ moves: false, waitsFor: [holder], queuedOnKey: true });
  }
  expect((await seen(holder))?.moves).toBe(true);
  await ledger.claim(BERT);
  const left = { expected: "step:a", actual: "step:b", hint: "the code changed" };
  await ledger.append(holder, [{ type: "stuck", ...left }], { type: "stick" });
  expect((await seen(second))?.waitsFor).toEqual([holder]);
  await ledger.signal(holder);
  await ledger.claim(BERT);
  await ledger.close(holder);
  expect((await seen(second))?.moves).toBe(true);
  expect((await seen(third))?.waitsFor).toEqual([second]);
});

test("a task that holds its key waits for its own children", async () => {
  const root = await ledger.start("r", ANNE);
  const holder = await ledger.ask(root, "holder", { key: "k" });
  await ledger.claim(ANNE);
  const child = await ledger.ask(holder, "child");
  await ledger.release(holder);
  expect(await seen(holder)).toEqual(waitsFor(child));
});

test("order is that of creation, and what changes is read otherwise", async () => {
  const root = await ledger.start("r", ANNE);
  const [one, two] = [await ledger.ask(root, "one"), await ledger.ask(root, "two")];
  const [first, second] = [await see(one), await see(two)];
  expect(Number(first?.order)).toBeLessThan(Number(second?.order));
  const readings = [(await see(one))?.reading];
  await ledger.signal(one);
  readings.push((await see(one))?.reading);
  await ledger.claim(BERT);
  readings.push((await see(one))?.reading);
  expect(readings).toEqual([
    { version: 0, inbox: 0, owner: null, gate: "open" },
    { version: 0, inbox: 1, owner: null, gate: "open" },
    { version: 1, inbox: 1, owner: BERT, gate: "open" },
  ]);
});

test("two runs that take two keys in opposite order are found deadlocked, from wherever one looks", async () => {
  const tasks: TaskId[] = [];
  for (const key of ["left", "right"]) {
    const root = await ledger.start(key, ANNE);
    const holder = await ledger.ask(root, "holder", { key });
    await ledger.release(root);
    tasks.push(root, holder);
  }
  const [firstRoot, first, secondRoot, second] = tasks;
  if (first === undefined || second === undefined) throw new Error("four tasks");
  await ledger.claim(ANNE);
  expect(await findDeadlock(first, see)).toBeUndefined();
  const behindRight = await ledger.ask(first, "other", { key: "right", until: 9_000_000 });
  await ledger.release(first, 9_000_000);
  const behindLeft = await ledger.ask(second, "other", { key: "left", until: 9_000_000 });
  expect(await findDeadlock(first, see)).toBeUndefined();
  await ledger.release(second, 9_000_000);
  const cycle = [behindLeft, first, behindRight, second];
  for (const task of [...cycle, firstRoot, secondRoot]) {
    if (task === undefined) throw new Error("six tasks");
    const found = await findDeadlock(task, see);
    expect(found?.cycle.map((node) => node.task)).toEqual(cycle);
  }
});
