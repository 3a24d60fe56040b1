import { expect, test } from "vitest";
import { whyText } from "../../src/cli/why-text.ts";
import { type Path, parseRunId } from "../../src/core/ids.ts";
import { explainRun } from "../../src/telemetry/why.ts";
import { ANNE, BERT, WaitingLedger } from "../unit/telemetry/waiting-ledger.ts";

async function text(ledger: WaitingLedger, run = "r"): Promise<string> {
  const { store, now } = ledger;
  return whyText(await explainRun(store, parseRunId(run), now), now);
}

async function ledgerOfAnne(): Promise<WaitingLedger> {
  const ledger = new WaitingLedger();
  await ledger.beat(ANNE, ["cook"], { pid: 11 });
  return ledger;
}

test("says first what it all comes down to, then shows each task below the one that asked it", async () => {
  const ledger = await ledgerOfAnne();
  const root = await ledger.start("r", ANNE, { input: { question: "Is\u001b[31m it soup?" } });
  const path = "wait:taste" as Path;
  await ledger.append(root, [{ type: "armed", path, until: 3_600_000, signal: "taste" }]);
  const child = await ledger.ask(root, "stock", { isOwned: true });
  await ledger.ask(child, "bread", { agent: "baker", until: 90_000_000 });
  await ledger.release(child);
  await ledger.release(root, 3_600_000, true);
  ledger.now += 180_000;
  expect(await text(ledger)).toBe(
    `
run   r  idle: it waits for a time, or for somebody outside
why   baker.boil: no living process runs agent 'baker' for it: start one (for 3 min)
why   cook.boil (${root.slice(0, 8)}): it waits for signal 'taste' (Is it soup?) until 1970-01-01T01:00:00Z (for 3 min)

tasks:
  idle     cook.boil (${root.slice(0, 8)}): it waits for signal 'taste' (Is it soup?) until 1970-01-01T01:00:00Z (for 3 min); waits for 1 answer
  idle       cook.boil (${child.slice(0, 8)}): waits for 1 answer until 1970-01-02T01:00:00Z
  blocked      baker.boil: no living process runs agent 'baker' for it: start one (for 3 min)
`.trim(),
  );
});

test("a run that moves is not explained by what works, only by what does not", async () => {
  const ledger = await ledgerOfAnne();
  const root = await ledger.start("r", ANNE);
  await ledger.ask(root, "one", { agent: "baker" });
  ledger.now += 5_000;
  const lines = (await text(ledger)).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "run   r  moving",
    "why   baker.boil: no living process runs agent 'baker' for it: start one (for 5 s)",
    "",
  ]);
  expect(lines).toContain("  moving   cook.boil: process 11 has it (for 5 s); waits for 1 answer");
});

test("names who holds a key, in whatever run, and the tasks of a deadlock", async () => {
  const ledger = await ledgerOfAnne();
  const other = await ledger.start("other", ANNE);
  const holder = await ledger.ask(other, "holder", { key: "k" });
  await ledger.release(other);
  await ledger.claim(ANNE);
  const root = await ledger.start("r", ANNE);
  await ledger.ask(root, "queued", { agent: "cook", key: "k" });
  await ledger.release(root);
  expect(await text(ledger)).toMatch(
    /queued behind cook\.boil\[k\] \([0-9a-f]{8}\), which has key 'k' \(for 0 s\)/,
  );
  const inner = await ledger.ask(holder, "inner", { key: "k" });
  await ledger.release(holder);
  const [first, last] = [inner, holder].map((task) => `cook.boil[k] (${task.slice(0, 8)})`);
  expect(await text(ledger)).toContain(
    `why   deadlock: ${first} waits for ${last} waits for ${first}`,
  );
});

test("tells what a dead process leaves, and what a paused run waits for", async () => {
  const ledger = await ledgerOfAnne();
  await ledger.start("r", ANNE);
  ledger.endProcess(ANNE);
  expect(await text(ledger)).toContain("process 11 had it and has ended");
  await ledger.beat(BERT, ["cook"]);
  const paused = await ledger.start("p", BERT);
  await ledger.ask(paused, "one");
  await ledger.release(paused);
  await ledger.gate("p", "paused");
  ledger.now += 7_200_000;
  const shown = await text(ledger, "p");
  expect(shown).toContain("(paused)");
  expect(shown).toContain("its run is paused: resume it (for 2 h)");
});

test("names the version of the code that a task waits for", async () => {
  const ledger = await ledgerOfAnne();
  await ledger.start("r", null, { codeVersion: "1" });
  expect(await text(ledger)).toContain(
    "no living process runs agent 'cook' in version '1', which has begun it, or in one that continues that, for it: start one",
  );
});

test("a finished run has nothing to explain", async () => {
  const ledger = await ledgerOfAnne();
  await ledger.close(await ledger.start("r", ANNE));
  expect(await text(ledger)).toBe("run   r  finished: nothing of it is left to do");
});

test("prints 200 tasks at most, and says how many it left out", async () => {
  const ledger = await ledgerOfAnne();
  const root = await ledger.start("r", ANNE);
  for (let i = 0; i < 300; i++) await ledger.ask(root, `bread-${i}`, { agent: "baker" });
  const lines = (await text(ledger)).split("\n");
  expect(lines.filter((line) => line.startsWith("  "))).toHaveLength(201);
  expect(lines.at(-1)).toBe("... and 101 more tasks: --json has them");
  expect(lines).toContain("      and 290 more reasons");
});
