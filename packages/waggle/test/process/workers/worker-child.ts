import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { createSystem, RuntimeError } from "../../../src/index.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { FAST_HEART } from "./fast-heart.ts";
import { startChain, workerAgents } from "./worker-agents.ts";

// Serves chains until SIGTERM. For each line `start <run> <rounds>` on standard input it starts a run, and writes
// `started <run>` once that is acknowledged. What steps do outside goes to a file that all workers append to.
// Arguments: path of the store, path of that file, how long one step in 20 takes in ms (the others: up to 5).

const [path = "", outside = "", slowMs] = process.argv.slice(2);
const marks = openSync(outside, "a");
let lastReadingAt = 0;
const machine = nodeClock();

/** Notes when the kernel last looked at the clock: right before a body starts, to see whether its host is fresh. */
const clock: Clock = {
  ...machine,
  monotonic: () => {
    lastReadingAt = machine.monotonic();
    return lastReadingAt;
  },
};

/** One step in 20. */
function isSlow(step: string): boolean {
  return createHash("sha256").update(step).digest().readUInt16LE() % 20 === 0;
}

const system = await createSystem({
  store: sqliteStore(path, { durability: "process" }),
  agents: workerAgents({
    ran: ({ task }, name, key) => {
      const sinceMs = Math.round(machine.monotonic() - lastReadingAt);
      writeSync(marks, `ran ${task} ${name} ${key} ${sinceMs}\n`);
    },
    seen: ({ task }, name) => writeSync(marks, `seen ${task} ${name}\n`),
    // Some steps take so long that their process can stand still within them, and go on while another host is in
    // them: the same ones in each process.
    dawdle: ({ task }, name) =>
      machine.sleep(isSlow(`${task} ${name}`) ? Number(slowMs) : 1 + Math.random() * 4),
    by: process.pid,
  }),
  clock,
  pollMs: 40,
  heart: FAST_HEART,
  passivateAfterMs: 20,
});
const commands = createInterface({ input: process.stdin });
commands.on("line", (line) => {
  const [, run = "", rounds] = line.split(" ");
  startChain(system, run, Number(rounds)).then(
    ({ id }) => writeSync(1, `started ${id}\n`),
    (error: unknown) => {
      // It was told to leave meanwhile: somebody else is asked.
      if (!RuntimeError.is(error, "CLOSED")) throw error;
    },
  );
});
process.on("SIGTERM", async () => {
  commands.close();
  await system[Symbol.asyncDispose]();
  process.exit(0);
});
writeSync(1, "ready\n");
