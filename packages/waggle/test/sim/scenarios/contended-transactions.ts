import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { StoreReads, Write } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { runWorld, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.array(z.number()) } });
const adder = contract("adder", { add: { input: z.number(), output: z.array(z.number()) } });

const ADDERS = 3;
const EACH = 2;

/**
 * Agents that each read a cell, write one more, and note it in a log, all in the commit that records the number they
 * got. With crashes and unknown outcomes: each number is recorded once, and written once.
 */
export function contendedTransactions(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "contended transactions",
    root: boss.run,
    input: null,
    agents,
    check: (kernel, ended) => {
      const wanted = JSON.stringify(Array.from({ length: ADDERS * EACH }, (_, i) => i + 1));
      const counted = [...(ended as number[])].sort((a, b) => a - b);
      const [cell] = kernel.ledger.cells("counter");
      const written = kernel.ledger
        .records({ log: "numbers" })
        .records.map(({ data }) => Number(data));
      if (JSON.stringify(counted) !== wanted) return `recorded: ${JSON.stringify(ended)}`;
      if (JSON.stringify(written) !== wanted) return `written: ${JSON.stringify(written)}`;
      return cell?.value === String(ADDERS * EACH) ? undefined : `the cell holds ${cell?.value}`;
    },
  }));
}

function agents(kernel: KernelWorld, _self: Process): readonly AgentDefinition[] {
  return [
    agent(boss, {
      async run(ctx) {
        const items = Array.from({ length: ADDERS }, (_, i) => i);
        const all = await ctx.all("adders", items, (c, i) => c.ask(adder.add, i));
        return all.flat();
      },
    }),
    agent(adder, {
      async add(ctx) {
        const saw = kernel.life(`adder ${ctx.task}`);
        const got: number[] = [];
        for (let i = 0; i < EACH; i++) {
          const number = await ctx.transact("board", "counter", (reads, tries) => {
            if (tries > 0) kernel.mark("a transaction was tried again");
            return next(reads);
          });
          saw(String(number));
          got.push(Number(number));
        }
        return got;
      },
    }),
  ];
}

async function next(reads: StoreReads): Promise<{ value: number; writes: readonly Write[] }> {
  const [cell] = await reads.cells("counter");
  const value = Number(cell?.value ?? 0) + 1;
  return {
    value,
    writes: [
      { type: "set", cell: "counter", expect: cell?.version ?? 0, value: String(value) },
      { type: "publish", log: "numbers", records: [{ key: null, data: String(value) }] },
    ],
  };
}
