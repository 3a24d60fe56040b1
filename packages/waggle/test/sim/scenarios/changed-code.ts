import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { RUN, runWorld, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.null() } });

/** A handler whose code changes with each crash of its host: what was recorded before goes on as it was. */
export function changedCode(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "changed code",
    root: boss.run,
    input: null,
    agents: changing,
    check: (kernel, ended) => {
      const paths = kernel
        .record(RUN)
        .flatMap(({ event }) => (event.type === "done" ? event.path : []));
      const isOld = paths.includes("step:both" as (typeof paths)[number]);
      const isNew = paths.includes("step:second half" as (typeof paths)[number]);
      if (isNew && kernel.outside.counts.has("changed over")) kernel.mark("the new code took over");
      if (isOld) kernel.mark("the old code was kept");
      return isOld === isNew
        ? `both ways or none: ${paths.join(", ")}, result ${String(ended)}`
        : undefined;
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
        return null;
      },
    }),
  ];
}
