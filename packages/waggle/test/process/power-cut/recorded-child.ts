import { openSync, writeSync } from "node:fs";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { hostIdFrom } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/seeded-random.ts";
import type { Store, Write } from "../../../src/ports/store.ts";
import {
  ANNE,
  append,
  apply,
  create,
  gate,
} from "../../../src/testing/store-conformance/writes.ts";
import { recordedRoot, recordedRun, recordedText, SUM_CELL } from "./recorded-work.ts";

// Appends to several streams at once, in sessions that each open and close the store, and writes a line
// `<stream> <version>` to a file once an append is acknowledged. It runs under the file recorder.
// Arguments: path of the store, path of the acknowledgements, power or process, streams, appends, sessions, seed.

const [path = "", acks = "", durability, ...numbers] = process.argv.slice(2);
const [streams = 0, appends = 0, sessions = 1, seed = 0] = numbers.map(Number);
const acknowledgements = openSync(acks, "a");
const random = seededRandom(seed);
const versions = Array.from({ length: streams }, () => 0);

async function writeOnce(store: Store, stream: number): Promise<void> {
  const version = versions[stream] ?? 0;
  const count: Write = { type: "add", cell: SUM_CELL, by: 1 };
  if (version === 0) {
    const run = recordedRun(stream);
    const root = create(1, { id: recordedRoot(stream), run }, ANNE);
    await apply(store, ANNE, gate(run, null, "open"), root, count);
  } else {
    const text = recordedText(stream, version);
    await apply(store, ANNE, append(recordedRoot(stream), version, [text]), count);
  }
  versions[stream] = version + 1;
  writeSync(acknowledgements, `${stream} ${version + 1}\n`);
}

/** Streams move at different speeds, so that groups of commits differ in size. */
async function write(store: Store, stream: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (let pause = Math.floor(random() * 4); pause > 0; pause--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writeOnce(store, stream);
  }
}

const times = Math.ceil(appends / streams / sessions);
for (let session = 0; session < sessions; session++) {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(path, {
    durability: durability === "process" ? "process" : "power",
  })(machine);
  await store.beat(hostIdFrom(machine.random.id()), "{}");
  await Promise.all(versions.map((_, stream) => write(store, stream, times)));
}
