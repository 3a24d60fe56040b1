// Starts argv[3] runs on the ledger in argv[2] and says so when each of them stands within its second step.
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { createSystem } from "../packages/waggle/src/index.ts";
import { recoveringAgent, startWork } from "./recovery-work.ts";

const LANES = 100;
const [path = "", countText = ""] = process.argv.slice(2);
const count = Number(countText);

let within = 0;
const system = await createSystem({
  store: sqliteStore(path),
  agents: [
    recoveringAgent({
      first: () => 1,
      second: () => {
        within++;
        if (within === count) process.send?.({ within });
        return new Promise(() => {});
      },
      movedOn: () => {},
      concurrency: count,
    }),
  ],
});
process.on("disconnect", () => process.exit());
let next = 0;
const lane = async (): Promise<void> => {
  while (next < count) await startWork(system, next++);
};
await Promise.all(Array.from({ length: LANES }, lane));
