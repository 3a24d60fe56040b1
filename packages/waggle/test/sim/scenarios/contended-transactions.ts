import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { StoreReads, Write } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { RUN, runWorld, type Weather } from "./run-world.ts";

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
      const written = kernel.ledger.records({ log: "numbers" }).records.map(({ data }) => Number(data));
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

/** A handler whose code changes with each crash of its host: what was recorded before goes on as it was. */
export function changedCode(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "changed code",
    root: boss.run,
    input: null,
    agents: changing,
    check: (kernel, ended) => {
      const paths = kernel.record(RUN).flatMap(({ event }) => (event.type === "done" ? event.path : []));
      const isOld = paths.includes("step:both" as (typeof paths)[number]);
      const isNew = paths.includes("step:second half" as (typeof paths)[number]);
      if (isNew && kernel.outside.counts.has("changed over")) kernel.mark("the new code took over");
      if (isOld) kernel.mark("the old code was kept");
      return isOld === isNew ? `both ways or none: ${paths.join(", ")}, result ${String(ended)}` : undefined;
    },
  }));
}

function changing(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  const knowsChange = self.incarnation > 1;
  if (knowsChange) kernel.outside.note("changed over");
  return [
    agent(boss, {
      async run(ctx) {
        const act = (name: string): Promise<string> =>
          ctx.step(name, () => kernel.act(self, ctx.task, `step:${name}`, name));
        await act("before");
        if (knowsChange && ctx.changed("halves")) {
          await act("first half");
          await act("second half");
        } else {
          await act("both");
        }
        await act("after");
        // Asked again at the end: the answer is still the same.
        if (knowsChange && ctx.changed("halves") !== !kernel.isRecorded(ctx.task, "step:both")) {
          kernel.report("the answer of changed was another one later");
        }
        return [];
      },
    }),
  ];
}
