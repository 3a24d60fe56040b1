import { expect, test } from "vitest";
import { memoryStore } from "../../src/adapters/memory/index.ts";
import { nodeClock } from "../../src/adapters/node/index.ts";
import { parseRunId } from "../../src/core/ids.ts";
import { type RunsVerdict, verifyRuns } from "../../src/index.ts";
import { CODE_CHANGES } from "./code-changes.ts";
import { readCorpus } from "./corpus.ts";
import { type GoldenHandler, goldenAgents, HANDLERS } from "./golden-handlers.ts";
import type { History } from "./history.ts";
import { RUN_ID } from "./record-history.ts";
import { ReplayLedger } from "./replay-history.ts";

const corpus = readCorpus();

/** Verifies a history after `cut` calls; no body of a step may run. */
async function verify(
  history: History,
  cut: number,
  handlers: Readonly<Record<string, GoldenHandler>> = HANDLERS,
  finished = false,
): Promise<RunsVerdict> {
  const ledger = new ReplayLedger();
  ledger.perform(history.calls.slice(0, cut));
  const before = ledger.eventsAfter(parseRunId(RUN_ID), 0, 1_000_000).length;
  const body = () => () => {
    throw new Error("a body ran");
  };
  const agents = goldenAgents({ body }, handlers);
  const store = memoryStore({ clock: nodeClock(), ledger });
  const verdict = await verifyRuns({ store, agents, finished });
  expect(ledger.eventsAfter(parseRunId(RUN_ID), 0, 1_000_000)).toHaveLength(before);
  return verdict;
}

for (const kind of Object.keys(HANDLERS)) {
  test(`histories of '${kind}' fit, wherever they were cut`, async () => {
    for (const history of corpus.filter((one) => one.kind === kind)) {
      for (const cut of [...history.cuts, history.calls.length]) {
        const { diverged, unserved } = await verify(history, cut, HANDLERS, true);
        expect({ cut, diverged, unserved }).toEqual({ cut, diverged: [], unserved: [] });
      }
    }
  });
}

for (const change of CODE_CHANGES) {
  test(`a change is ${change.is === "caught" ? "told" : "not told"} before it is deployed: ${change.name}`, async () => {
    const handlers = { ...HANDLERS, [change.kind]: change.handler };
    for (const history of corpus.filter(({ kind }) => kind === change.kind)) {
      const { replayed, diverged } = await verify(history, history.cuts.at(-1) ?? 0, handlers);
      expect(replayed).toBeGreaterThan(0);
      expect(diverged.length > 0).toBe(change.is === "caught");
    }
  });
}
