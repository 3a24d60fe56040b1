// Carries out what another process starts on the ledger in argv[2], and sends when each task reached its handler.
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { createSystem } from "../packages/waggle/src/index.ts";
import { wokenAgent } from "./wake-up-work.ts";

const [path = ""] = process.argv.slice(2);

const noted = (n: number): null => {
  // The monotonic clock of the machine, which both processes read.
  process.send?.({ n, at: Number(process.hrtime.bigint()) / 1e6 });
  return null;
};
await createSystem({ store: sqliteStore(path), agents: [wokenAgent(noted)] });
process.on("message", (message) => {
  if (message === "ping") process.send?.("pong");
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
