import fc from "fast-check";
import { expect, test } from "vitest";
import { storeContents } from "../../src/testing/store-conformance/contents.ts";
import { RANDOM_NAMES } from "./random-batch.ts";
import { type Action, perform, randomWork } from "./random-work.ts";
import { memorySubject, sqliteSubject } from "./subjects.ts";

const numRuns = process.env["WAGGLE_NIGHTLY"] === "1" ? 5_000 : 150;

test("the SQLite store answers random work as the memory ledger does, and holds the same", {
  timeout: 600_000,
}, async () => {
  await compareStores({ numRuns });
});

test("the work reaches every outcome that it is meant to reach", { timeout: 600_000 }, async () => {
  // A fixed seed: whether random work meets a rare outcome must not decide whether the tests pass.
  const reached = await compareStores({ numRuns: 150, seed: 1 });
  expect([...reached.keys()].sort()).toEqual([
    "absent",
    "behind",
    "bound",
    "claimed",
    "closed",
    "committed",
    "conflict",
    "duplicate",
    "exists",
    "fenced",
    "full",
    "gate",
    "mail",
  ]);
});

/** Does random work on both stores and compares every answer and the contents; returns how often each outcome came. */
async function compareStores(
  parameters: fc.Parameters<[readonly Action[]]>,
): Promise<ReadonlyMap<string, number>> {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(randomWork, async (work) => {
      using memory = memorySubject();
      using sqlite = sqliteSubject();
      await using expected = await memory.open();
      await using actual = await sqlite.open();
      for (const action of work) {
        const answer = await perform(action, expected, memory);
        expect(await perform(action, actual, sqlite)).toEqual(answer);
        count(outcomes, answer);
      }
      expect(await storeContents(actual, RANDOM_NAMES)).toEqual(
        await storeContents(expected, RANDOM_NAMES),
      );
    }),
    parameters,
  );
  return outcomes;
}

function count(outcomes: Map<string, number>, answer: unknown): void {
  if (!Array.isArray(answer)) return;
  for (const each of answer as { type?: string; reason?: string; why?: string }[]) {
    const key = each.reason ?? each.why ?? each.type;
    if (key !== undefined) outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  }
}
