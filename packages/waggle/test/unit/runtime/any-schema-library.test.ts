import { expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { agent, contract, createSystem } from "../../../src/index.ts";
import { numberOr, record, text, words } from "../../types/hand-made-schema.ts";

const librarian = contract("librarian", {
  lookup: { input: record({ device: text(), limit: numberOr(3) }), output: words() },
});
const librarianAgent = agent(librarian, {
  lookup: (_ctx, { device, limit }) => `${device} ${limit}`,
});

test("schemas of a library that Waggle does not know parse inputs and results", async () => {
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [librarianAgent],
  });
  const run = await system.start(librarian.lookup, { device: "kettle", limit: undefined });
  expect(await run.result()).toEqual(["kettle", "3"]);
  await expect(
    system.start(librarian.lookup, { device: 1 as never, limit: 1 }),
  ).rejects.toMatchObject({
    code: "SCHEMA",
    message: "input of librarian.lookup does not match its schema: device: no text",
  });
});
