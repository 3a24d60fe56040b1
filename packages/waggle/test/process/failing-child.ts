import { writeSync } from "node:fs";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { RuntimeError } from "../../src/core/errors.ts";
import { parseRunId, rootTaskId } from "../../src/core/ids.ts";
import type { CommitResult } from "../../src/ports/store.ts";
import { ANNE, append, startRun } from "../../src/testing/store-conformance/writes.ts";

// Appends until the disk fails, then tries on. Argument: path of the store. Writes one line of JSON: how many
// events were acknowledged, and the error codes of that append, the next one and a read.

function codeOf(error: unknown): string {
  return RuntimeError.is(error) ? error.code : String(error);
}

function outcome(result: CommitResult): string {
  return result.type === "unknown" ? codeOf(result.cause) : result.type;
}

const [path = "", name = ""] = process.argv.slice(2);
const run = parseRunId(name);
const task = rootTaskId(run);
await using store = await sqliteStore(path)({ clock: nodeClock(), random: nodeRandom() });
await startRun(store, ANNE, {}, run);
const commit = async (version: number): Promise<string> =>
  outcome(await store.commit({ host: ANNE, writes: [append(task, version, ["x".repeat(5_000)])] }));
let acknowledged = 1;
let failed = await commit(acknowledged);
while (failed === "committed" && acknowledged < 10_000) {
  acknowledged += 1;
  failed = await commit(acknowledged);
}
const next = await commit(acknowledged);
const read = await store.load(task).then(() => "loaded", codeOf);
writeSync(1, `${JSON.stringify({ acknowledged, failed, next, read })}\n`);
