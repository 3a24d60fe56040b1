import { z } from "zod";
import { agent, type Context, contract } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { type RunInWorld, runWorld, type Weather } from "./run-world.ts";

const boss = contract("boss", {
  race: { input: z.null(), output: z.json() },
  all: { input: z.null(), output: z.json() },
});
const helper = contract("helper", {
  work: { input: z.object({ name: z.string(), naps: z.boolean() }), output: z.string() },
});

/**
 * A race between a question, a step, a sleep and a race within; its losers ask on the same or another host, run
 * bodies and sleep. When it is decided nothing of the losers is left, in the ledger and in memory, and every life
 * of the handler sees the same happen in the same order.
 */
export function racedBranches(weather: Weather): Scenario {
  return runWorld(weather, () => scopes("raced branches", boss.race));
}

/**
 * Branches over items, two at a time, of which one fails, within one that fails itself: the others are given up and
 * waited for.
 */
export function failingBranches(weather: Weather): Scenario {
  return runWorld(weather, () => scopes("failing branches", boss.all));
}

function scopes(name: string, root: RunInWorld["root"]): RunInWorld {
  return { name, root, input: null, agents };
}

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  return [
    agent(boss, {
      async race(ctx) {
        const saw = kernel.life(`boss ${ctx.task}`);
        const first = await ctx.race("first", {
          ask: async (c) => `ask ${await c.ask(helper.work, { name: "a", naps: true })}`,
          step: (c) =>
            c.step("quick", () => kernel.act(self, c.task, "race:first[step]/step:quick", "quick")),
          inner: async (c) => {
            const within = await c.race("inner", {
              ask: (d) => d.ask(helper.work, { name: "b", naps: false }),
              nap: (d) => d.sleep("nap", 40),
            });
            saw(`inner ${within.winner}`);
            // Nothing may come of this once the branch was given up.
            return `inner ${await c.step("late", () => kernel.act(self, c.task, "race:first[inner]/step:late", "late"))}`;
          },
        });
        saw(`first ${first.winner}`);
        await after(kernel, self, ctx, "race:first", ["quick", "late"]);
        const second = await ctx.race("second", {
          step: (c) =>
            c.step("short", () =>
              kernel.act(self, c.task, "race:second[step]/step:short", "short"),
            ),
          stubborn: (c) => persist(kernel, self, c),
        });
        saw(`second ${second.winner}`);
        await after(kernel, self, ctx, "race:second", ["stubborn"]);
        return [first.winner, second.winner];
      },
      async all(ctx) {
        const saw = kernel.life(`boss ${ctx.task}`);
        const pages = (c: Context, within: string): Promise<string> => {
          const page = async (d: Context, i: number): Promise<string> => {
            if (i !== 1) return d.ask(helper.work, { name: `page-${i}`, naps: i === 2 });
            const path = `${within}all:pages[1]/step:bad`;
            await d.step("bad", () => kernel.act(self, d.task, path, "bad"));
            throw new Error("page 1 is bad");
          };
          const all = c.all("pages", [0, 1, 2], page, { concurrency: 2 });
          return all.then(String, (error: Error) => error.message);
        };
        saw(await pages(ctx, ""));
        await after(kernel, self, ctx, "all:pages", ["bad"]);
        const outer = await ctx
          .all("outer", ["x", "y"], async (c, item) => {
            if (item === "x") return pages(c, "all:outer[0]/");
            throw new Error(await c.ask(helper.work, { name: item, naps: false }));
          })
          .then(String, (error: Error) => error.message);
        saw(outer);
        await after(kernel, self, ctx, "all:outer", ["bad"]);
        return outer;
      },
    }),
    agent(helper, {
      async work(ctx, { name, naps }) {
        const saw = kernel.life(`helper ${ctx.task}`);
        if (naps) await ctx.sleep("nap", 30);
        const worked = ctx.step("work", () => kernel.act(self, ctx.task, "step:work", name));
        saw(await worked.then(String, () => "stopped"));
        return worked;
      },
    }),
  ];
}

/** A branch within a branch, which does not give up when its first effect is stopped. */
function persist(kernel: KernelWorld, self: Process, ctx: Context): Promise<string> {
  return ctx.branch("within", async (c) => {
    try {
      return await c.step("stubborn", async ({ signal }) => {
        await kernel.act(
          self,
          c.task,
          "race:second[stubborn]/branch:within/step:stubborn",
          "stubborn",
        );
        signal.throwIfAborted();
        return "done";
      });
    } catch {
      return await c.step("again", () => {
        kernel.report("a branch that was given up began something");
        return "";
      });
    }
  });
}

/** A step after a scope: nothing of the scope is left when its body begins (D1-D3). */
async function after(
  kernel: KernelWorld,
  self: Process,
  ctx: Context,
  scope: string,
  bodies: readonly string[],
): Promise<void> {
  await ctx.step(`after ${scope}`, () => {
    const open = kernel.outstanding(ctx.task, scope);
    if (open.length > 0) kernel.report(`${scope} was left with ${open.join(", ")} open`);
    const runs = kernel.running(self).filter((name) => bodies.includes(name));
    if (runs.length > 0) kernel.report(`${scope} was left while ${runs.join(", ")} ran`);
    const isGivenUp = kernel.events(ctx.task).some(({ type }) => type === "dropped");
    if (isGivenUp) kernel.mark("a branch was given up");
    for (const child of kernel.ledger.find({ parent: ctx.task })) {
      const inScope = child.path?.startsWith(scope) === true;
      if (inScope && child.state === "open")
        kernel.report(`${scope} was left before ${child.path} ended`);
    }
    return null;
  });
}
