import { expect, test } from "vitest";
import { CODE_CHANGES, changeFaults } from "./code-changes.ts";
import { extendCorpus, historyFaults, readCorpus } from "./corpus.ts";
import { HANDLERS } from "./golden-handlers.ts";

// WAGGLE_RECORD=1 adds recordings of handlers that are new in golden-handlers.ts.
if (process.env["WAGGLE_RECORD"] === "1") await extendCorpus();
const corpus = readCorpus();

test("the corpus holds at least 200 histories, and some of every handler", () => {
  const histories = corpus.flatMap(({ cuts }) => cuts);
  expect(histories.length).toBeGreaterThanOrEqual(200);
  expect(new Set(corpus.map(({ kind }) => kind))).toEqual(new Set(Object.keys(HANDLERS)));
});

for (const kind of Object.keys(HANDLERS)) {
  test(`histories of '${kind}' go on as they were recorded`, async () => {
    for (const history of corpus.filter((one) => one.kind === kind)) {
      expect(await historyFaults(history)).toEqual([]);
    }
  });
}

for (const change of CODE_CHANGES) {
  const verdict = change.is === "caught" ? "before anything new happens" : "as harmless";
  test(`under recorded runs a change is known ${verdict}: ${change.name}`, async () => {
    expect(await changeFaults(change, corpus)).toEqual([]);
  });
}
