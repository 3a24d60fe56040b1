import { writeSync } from "node:fs";
import { nodeClock } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { createSystem } from "../../../src/index.ts";
import { heldOf, patientAgents, startPatient } from "./patient-agents.ts";

// Holds or recovers runs until it is killed. Arguments: path of the store, number of runs to start and hold
// half-way; 0: hold nothing, go on with what is there. Writes `begun` when it serves, `held` when all stand.

const [path = "", number] = process.argv.slice(2);
const runs = Number(number);
// Neither the system nor a promise that nothing will resolve keeps a process alive.
setInterval(() => {}, 1_000);
let held = 0;
let allHeld: () => void = () => {};
const standing = new Promise<void>((resolve) => {
  allHeld = resolve;
});

async function hold(): Promise<void> {
  if (runs === 0) return;
  held++;
  if (held >= heldOf(runs)) allHeld();
  await new Promise(() => {});
}

const system = await createSystem({
  store: sqliteStore(path, { durability: "process" }),
  agents: patientAgents(hold),
  // Those who wait leave memory, as they would in a long run.
  passivateAfterMs: 50,
});
writeSync(1, "begun\n");
if (runs > 0) {
  await Promise.all(Array.from({ length: runs }, (_, i) => startPatient(system, i)));
  await standing;
  await nodeClock().sleep(200);
  writeSync(1, "held\n");
}
