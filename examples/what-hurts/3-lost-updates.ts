// Row 3: two agents change one value at the same time. Whose change is lost?
import { agent, boardIn, boardKey, contract, createSystem } from "waggledance";
import { memoryStore } from "waggledance/memory";
import { nodeClock } from "waggledance/node";
import { z } from "zod";

const TIMES = 100;
const Way = z.enum(["set", "update", "add"]);
const found = boardKey("found", z.int());
const counted = boardKey("counted", z.int(), { merge: "counter" });

const Search = { search: { input: Way, output: z.null() } };
const searchers = [contract("anna", Search), contract("bert", Search)];
const chief = contract("chief", { compare: { input: Way, output: z.int() } });

const searcherAgents = searchers.map((searcher) =>
  agent(searcher, {
    async search(ctx, way) {
      const board = boardIn(ctx);
      for (let i = 0; i < TIMES; i++) {
        switch (way) {
          case "set": {
            const now = (await board.get(found)) ?? 0;
            await board.set(found, now + 1); // whatever the other one wrote meanwhile is gone
            break;
          }
          case "update":
            await board.update(found, (now = 0) => now + 1); // runs again if somebody was faster
            break;
          case "add":
            await board.add(counted, 1); // never conflicts
        }
      }
      return null;
    },
  }),
);

const chiefAgent = agent(chief, {
  async compare(ctx, way) {
    await ctx.all("searchers", searchers, (branch, searcher) => branch.ask(searcher.search, way));
    return (await boardIn(ctx).get(way === "add" ? counted : found)) ?? 0;
  },
});

await using system = await createSystem({
  store: memoryStore({ clock: nodeClock() }),
  agents: [...searcherAgents, chiefAgent],
});
console.log(`two agents add 1 to one key, ${TIMES} times each:`);
for (const way of Way.options) {
  const run = await system.start(chief.compare, way);
  const sum = await run.result();
  const lost = 2 * TIMES - sum;
  const how = way === "set" ? "get, then set" : way;
  console.log(`${how}: ${sum}${lost === 0 ? ", nothing lost" : `, ${lost} LOST`}`);
}
