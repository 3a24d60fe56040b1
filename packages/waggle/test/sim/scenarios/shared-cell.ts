import { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import { hostIdFrom } from "../../../src/core/ids.ts";
import {
  type Process,
  type Scenario,
  simulatedStore,
  type World,
} from "../../../src/testing/index.ts";

/** Agents that read a cell and write it back by compare-and-set, with unknown outcomes: no update is lost (R3). */
export function sharedCell(agents: number, faults: number): Scenario {
  return {
    name: `shared cell (${agents} agents, ${faults} faults)`,
    faults,
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      for (let i = 0; i < agents; i++)
        world.process(`agent-${i}`, (self) => addMark(self, ledger, world));
      world.invariant(() => {
        const [cell] = ledger.cells("counter");
        const marks = JSON.parse(cell?.value ?? "[]") as string[];
        return marks.length === agents ? undefined : `an update was lost: ${marks.join(", ")}`;
      });
    },
  };
}

async function addMark(self: Process, ledger: MemoryLedger, world: World): Promise<void> {
  const store = simulatedStore(self, ledger);
  const host = hostIdFrom(self.name);
  for (;;) {
    const [cell] = await store.cells("counter");
    const marks = new Set<string>(JSON.parse(cell?.value ?? "[]") as string[]);
    if (marks.has(self.name)) return; // an unknown outcome was applied
    const value = JSON.stringify([...marks, self.name]);
    const expect = cell?.version ?? 0;
    const write = { type: "set", cell: "counter", expect, value } as const;
    const result = await store.commit({ host, writes: [write] });
    if (result.type === "committed") return;
    world.mark(result.type === "unknown" ? "outcome unknown" : "refused as conflict");
  }
}
