import { z } from "zod";
import { type AgentDefinition, agent, type Context, contract } from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.string() } });
const helper = contract("helper", { help: { input: z.null(), output: z.string() } });

/** How the world of {@link versionedCode} is made. */
export interface VersionedWorld {
  /**
   * `apart`: two versions stand side by side, and neither fits what the other has recorded. `deploy`: the second can
   * continue the first, which leaves for good after a while.
   */
  readonly how: "apart" | "deploy";
  readonly crashes: number;
  readonly faults: number;
  readonly passivateAfterMs: number;
}

const RUNS = ["first", "second"];
/** Virtual ms after which the first version leaves. */
const DEPLOYED_AFTER_MS = 70_000;

/**
 * Two versions of the same agents on two hosts of one ledger: what one has recorded the other never replays, unless it
 * says that it can; then the first never gets it back. All runs end.
 */
export function versionedCode(parts: VersionedWorld): Scenario {
  return {
    name: `versioned code (${JSON.stringify(parts)})`,
    faults: parts.faults,
    maxSteps: 4_000,
    setup(world) {
      const kernel = new KernelWorld(world);
      const haveEnded = (): boolean => RUNS.every((run) => kernel.gate(run) === "ended");
      const old = async (self: Process): Promise<void> => {
        const system = await kernel.system(self, oldAgents(kernel, self), parts);
        const own = parts.how === "apart" ? RUNS.slice(0, 1) : RUNS;
        for (const id of own) await system.start(boss.run, null, { id });
        if (parts.how === "apart")
          await self.effect("all runs have ended", () => {}, { ready: haveEnded });
        else await self.clock.sleep(DEPLOYED_AFTER_MS);
        await system[Symbol.asyncDispose]();
      };
      const fresh = async (self: Process): Promise<void> => {
        const agents = newAgents(kernel, self, parts.how);
        const system = await kernel.system(self, agents, parts);
        if (parts.how === "apart") {
          for (const id of RUNS.slice(1)) await system.start(boss.run, null, { id });
        }
        await self.effect("all runs have ended", () => {}, { ready: haveEnded });
        await system[Symbol.asyncDispose]();
      };
      world.process("old", old, { crashes: parts.crashes });
      world.process("new", fresh, { crashes: parts.crashes });
      world.invariant(() => RUNS.map((run) => kernel.problems(run)).find(Boolean));
    },
  };
}

/** Steps, and between them times in which the task belongs to nobody; a child. */
async function handle(
  ctx: Context,
  act: (name: string) => Promise<string>,
  version: (place: string) => string,
): Promise<string> {
  const begun = await act(`begin ${version("begin")}`);
  await ctx.sleep("a while", 2_000);
  await act(`go on ${version("go on")}`);
  await ctx.sleep("a while more", 2_000);
  const asked = ctx.agent === "boss" ? await ctx.ask(helper.help, null) : "";
  return `${begun} ${asked} ${await act(`end ${version("end")}`)}`;
}

function agentsOf(
  kernel: KernelWorld,
  self: Process,
  options: { readonly version: string; readonly continues?: readonly string[] },
  versionIn: (ctx: Context, place: string) => string,
): readonly AgentDefinition[] {
  const run = (ctx: Context): Promise<string> => {
    const act = (name: string): Promise<string> =>
      ctx.step(name, () => kernel.act(self, ctx.task, `step:${name}`, `${name} ${ctx.task}`));
    return handle(ctx, act, (place) => versionIn(ctx, place));
  };
  return [agent(boss, { run }, options), agent(helper, { help: run }, options)];
}

function oldAgents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  return agentsOf(kernel, self, { version: "1" }, () => {
    kernel.mark("version 1 ran a task");
    return "1";
  });
}

function newAgents(
  kernel: KernelWorld,
  self: Process,
  how: VersionedWorld["how"],
): readonly AgentDefinition[] {
  const options = how === "deploy" ? { version: "2", continues: ["1"] } : { version: "2" };
  return agentsOf(kernel, self, options, (ctx, place) => {
    kernel.mark("version 2 ran a task");
    if (how === "apart" || ctx.changed(place)) return "2";
    kernel.mark("version 2 continued a task of version 1");
    return "1";
  });
}
