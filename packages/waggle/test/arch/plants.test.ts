import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROMISES } from "../../../../proof/promises.ts";

const source = new URL("../../src/", import.meta.url);

const plants = PROMISES.flatMap(({ id, plants }) => plants.map((plant) => ({ id, plant })));

test("every planted bug still has one place in the source, so that the proof can plant it", () => {
  const stale = plants.flatMap(({ id, plant }) =>
    plant.edits.flatMap(({ file, find }) => {
      const places = readFileSync(new URL(file, source), "utf8").split(find).length - 1;
      return places === 1 ? [] : [`${id} '${plant.name}': ${places} places in ${file} of: ${find}`];
    }),
  );
  expect(stale).toEqual([]);
  expect(plants.length).toBeGreaterThan(90);
});
