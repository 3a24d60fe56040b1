import { writeSync } from "node:fs";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import type { HostId } from "../../src/core/ids.ts";

// Beats once in the name of a host, and lives on until it is ended. Arguments: path of the store, host.

const [path = "", host] = process.argv.slice(2);
const store = await sqliteStore(path)({ clock: nodeClock(), random: nodeRandom() });
await store.beat(host as HostId, "{}");
writeSync(1, "beaten\n");
process.on("SIGTERM", async () => {
  await store[Symbol.asyncDispose]();
  process.exit(0);
});
setInterval(() => {}, 1_000);
