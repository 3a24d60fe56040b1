import { writeSync } from "node:fs";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { hostIdFrom, parseRunId, rootTaskId } from "../../src/core/ids.ts";
import { append, apply, create, gate } from "../../src/testing/store-conformance/writes.ts";

// Appends to streams of its own, and writes a line `<run> <version>` once an append is acknowledged.
// Arguments: path of the store, power or process, prefix of run names, streams, appends per stream.

const [path = "", durability, prefix = "", streams, appends] = process.argv.slice(2);
const random = nodeRandom();
const host = hostIdFrom(random.id());
await using store = await sqliteStore(path, {
  durability: durability === "process" ? "process" : "power",
})({ clock: nodeClock(), random });

async function stream(number: number): Promise<void> {
  const run = parseRunId(`${prefix}-${number}`);
  const task = rootTaskId(run);
  await apply(store, host, gate(run, null, "open"), create(1, { id: task, run }, host));
  writeSync(1, `${run} 1\n`);
  for (let version = 1; version <= Number(appends); version++) {
    await apply(store, host, append(task, version, [`${run} ${version}`]));
    writeSync(1, `${run} ${version + 1}\n`);
  }
}

await Promise.all(Array.from({ length: Number(streams) }, (_, number) => stream(number)));
