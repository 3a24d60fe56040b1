import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { memoryStore } from "../packages/waggle/src/adapters/memory/index.ts";
import { nodeClock } from "../packages/waggle/src/adapters/node/index.ts";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import type { Store, StoreFactory } from "../packages/waggle/src/ports/index.ts";
import type { Durability } from "./measure.ts";

/** A new ledger of that durability: in a folder of its own below `folder`, or in memory. */
export function newStore(folder: string, durability: Durability): Store | StoreFactory {
  if (durability === "none") return memoryStore({ clock: nodeClock() });
  return sqliteStore(newLedger(folder), { durability });
}

/** The path of a file that is not there yet, in a folder of its own below `folder`. */
export function newLedger(folder: string): string {
  return join(mkdtempSync(join(folder, "ledger-")), "bench.db");
}
