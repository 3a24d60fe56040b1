import { appendFileSync, writeSync } from "node:fs";
import { unisolatedSandbox } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { createSystem } from "../../../src/index.ts";
import { treeAgents } from "./tree-agents.ts";

// Serves trees of agents that run commands, until SIGTERM. Each command writes the name of its run to a file when it
// begins. Arguments: path of the store, that file, an empty folder for the commands.

const [path = "", begun = "", folder = ""] = process.argv.slice(2);
const sandbox = await unisolatedSandbox();

async function runCommand(run: string, signal: AbortSignal): Promise<void> {
  appendFileSync(begun, `${run}\n`);
  await using session = await sandbox.open(folder, { signal });
  // A background process, a child, and one that leaves its session; each names its run.
  const line = 'sleep 300 & setsid sleep 300 & sh -c "sleep 300; :"; wait';
  await session.run({ argv: ["sh", "-c", line], env: { WAGGLE_TREE: run } }, { signal });
}

const system = await createSystem({
  store: sqliteStore(path, { durability: "process" }),
  agents: treeAgents(runCommand),
  pollMs: 40,
  cancelGraceMs: 3_000,
  passivateAfterMs: 20,
});
process.on("SIGTERM", async () => {
  await system[Symbol.asyncDispose]();
  process.exit(0);
});
writeSync(1, "ready\n");
setInterval(() => {}, 1_000);
