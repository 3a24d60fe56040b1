import { writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { RuntimeError } from "../../src/core/errors.ts";
import { hostIdFrom } from "../../src/core/ids.ts";
import { openBoard } from "../../src/state/open-board.ts";
import { apply } from "../../src/testing/store-conformance/writes.ts";
import { ADDED, COUNT_BOARD, UPDATED } from "./count-keys.ts";

// Adds 1 to two cells and two keys of a board again and again: by read and set, by add; by update, by add.
// Arguments: path of the store, number of times. Writes the longest stop of its event loop in ms.

const [path = "", times] = process.argv.slice(2);
const random = nodeRandom();
const host = hostIdFrom(random.id());
await using store = await sqliteStore(path, { durability: "process" })({
  clock: nodeClock(),
  random,
});
const board = openBoard(store, COUNT_BOARD, { clock: nodeClock(), random });
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
for (let i = 0; i < Number(times); ) {
  const [cell] = await store.cells("compared");
  const [expect, value] = [cell?.version ?? 0, `${Number(cell?.value ?? 0) + 1}`];
  const write = { type: "set", cell: "compared", expect, value } as const;
  const result = await store.commit({ host, writes: [write] });
  if (result.type === "unknown") throw result.cause;
  if (result.type === "refused") continue;
  await apply(store, host, { type: "add", cell: "added", by: 1 });
  await board.add(ADDED, 1);
  await updateOnce();
  i += 1;
}
writeSync(1, `${Math.round(delay.max / 1e6)}\n`);
await board[Symbol.asyncDispose]();

/** An update gives up after a number of conflicts, and has written nothing then. */
async function updateOnce(): Promise<void> {
  for (;;) {
    try {
      await board.update(UPDATED, (now) => (now ?? 0) + 1);
      return;
    } catch (error) {
      if (!RuntimeError.is(error, "CONFLICT")) throw error;
    }
  }
}
