import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROMISES } from "../../../../proof/promises.ts";

const source = new URL("../../src/", import.meta.url);

/** Everything that a proof changes in the source: planted bugs, and what its checks need to see more. */
const changes = PROMISES.flatMap(({ id, plants, processPlants = [], processChecks = [] }) =>
  [...plants, ...processPlants, ...processChecks].map(({ name, edits = [] }) => ({
    name: `${id} '${name}'`,
    edits,
  })),
);

// A process whose source cannot be changed so ends at once: a check of real processes could take that for the bug.
test("everything that a proof changes has one place in the source", () => {
  const stale = changes.flatMap(({ name, edits }) =>
    edits.flatMap(({ file, find }) => {
      const places = readFileSync(new URL(file, source), "utf8").split(find).length - 1;
      return places === 1 ? [] : [`${name}: ${places} places in ${file} of: ${find}`];
    }),
  );
  expect(stale).toEqual([]);
  expect(changes.flatMap(({ edits }) => edits).length).toBeGreaterThan(90);
});
