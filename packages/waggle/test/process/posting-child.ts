import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { parseRunId } from "../../src/core/ids.ts";
import {
  ANNE,
  apply,
  create,
  gate,
  taskNamed,
} from "../../src/testing/store-conformance/writes.ts";

// Creates tasks for anybody, one after the other with a pause, and then has nothing left to do: it ends by itself,
// though its store is open and watched. Arguments: path of the store, number of tasks, ms between them.

const [path = "", tasks, pauseMs] = process.argv.slice(2);
const store = await sqliteStore(path, { durability: "process" })({
  clock: nodeClock(),
  random: nodeRandom(),
});
store.watch(() => {});
const run = parseRunId("posted");
await apply(store, ANNE, gate(run, null, "open"));
for (let i = 0; i < Number(tasks); i++) {
  await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
  await apply(store, ANNE, create(0, { id: taskNamed(`${i}`), run }));
}
