import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryLedger, memoryStore } from "../../src/adapters/memory/index.ts";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Store } from "../../src/ports/store.ts";
import type { StoreSubject } from "../../src/testing/store-conformance/store-case.ts";

/** A subject with something to clear away. */
export interface OwnedSubject extends StoreSubject, Disposable {}

/** 2026-01-01: any start will do. */
const START = 1_767_225_600_000;

/** The machine's clock, but for the wall clock, which stands still until it is moved. */
function movableClock(): { readonly clock: Clock; advance(ms: number): void } {
  let now = START;
  return {
    clock: { ...nodeClock(), now: () => now },
    advance: (ms) => {
      now += ms;
    },
  };
}

/** Memory stores on one ledger. */
export function memorySubject(): OwnedSubject {
  const { clock, advance } = movableClock();
  const ledger = new MemoryLedger({ now: () => clock.now() });
  return {
    open: async () => memoryStore({ clock, ledger }),
    now: () => clock.now(),
    advance,
    [Symbol.dispose]: () => {},
  };
}

/** SQLite stores on one file in a folder of its own. */
export function sqliteSubject(durability: "power" | "process" = "process"): OwnedSubject {
  const { clock, advance } = movableClock();
  const folder = mkdtempSync(join(tmpdir(), "waggle-store-"));
  const open: () => Promise<Store> = () =>
    sqliteStore(join(folder, "store.db"), { durability })({ clock, random: nodeRandom() });
  return {
    open,
    now: () => clock.now(),
    advance,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
