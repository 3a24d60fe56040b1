import { z } from "zod";
import type { TaskEvent } from "../../../src/core/event.ts";
import { rootTaskId } from "../../../src/core/ids.ts";
import { agent, contract, type RunId, RuntimeError } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { System } from "../../../src/system/create-system.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { codeOf, RUN, runWorld, someMoment, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.json() } });
const helper = contract("helper", {
  work: { input: z.object({ name: z.string(), waits: z.boolean() }), output: z.string() },
});

/** Events of the whole run. */
const WHOLE = 34;

const FORK = "fork";

/** How many signals the run takes. */
const SIGNALS = 2;

/** What the run, and each fork of it, comes to. */
const RESULT = JSON.stringify(["first", "go", "a", "fast", "go", "paid"]);

/**
 * A run that is forked at any place of what is recorded of it, while it goes on or when it has ended: the fork comes to
 * the same result, and does nothing again that was recorded up to there.
 */
export function forkedRuns(weather: Weather): Scenario {
  return runWorld(weather, () => {
    const fork = new Fork();
    return {
      name: "forked runs",
      root: boss.run,
      input: null,
      agents,
      outside: [
        async (_, self, system) => {
          await signal(self, system, RUN, SIGNALS);
        },
        (kernel, self, system) => fork.make(kernel, self, system),
      ],
      isOver: () => fork.result !== undefined,
      check: (kernel, ended) => {
        if (JSON.stringify(ended) !== RESULT) return `the run came to ${JSON.stringify(ended)}`;
        if (fork.result === "none") return undefined;
        if (fork.result !== RESULT) return `the fork ${fork.where} came to ${fork.result}`;
        return kernel.problems(FORK);
      },
    };
  });
}

/** One fork of the run. */
class Fork {
  where = "";
  result: string | undefined;

  async make(kernel: KernelWorld, self: Process, system: System): Promise<void> {
    await someMoment(kernel, self, WHOLE);
    const events = kernel.ledger.eventsAfter(RUN as RunId, 0, Number.POSITIVE_INFINITY);
    const chosen = events[Math.floor(self.random.next() * events.length)];
    if (chosen === undefined) throw new Error("nothing is recorded at this moment");
    const isBefore = self.random.next() < 0.3;
    this.where = isBefore ? `before ${chosen.task}` : `after ${chosen.position} (${chosen.type})`;
    const at = isBefore ? { before: chosen.task } : { after: chosen.position };
    try {
      const run = await system.fork(RUN, at, { id: FORK });
      kernel.mark(isBefore ? "a task was run again" : "a run was forked");
      // Those that the original had taken up to there are not copied, and need not come again.
      const taken = kernel.events(rootTaskId(FORK as RunId)).filter(isSignal).length;
      await signal(self, system, FORK, SIGNALS - taken);
      this.result = JSON.stringify(await run.result());
    } catch (error) {
      // The root had ended there.
      if (!RuntimeError.is(error, "USAGE")) throw error;
      this.result = "none";
    }
  }
}

function isSignal(event: TaskEvent): boolean {
  return event.type === "received" && event.child === null;
}

async function signal(self: Process, system: System, run: string, times: number): Promise<void> {
  for (let sent = 0; sent < times; ) {
    const told = await system.signal({ run }, "go", "go").then(() => "sent", codeOf);
    // It may have taken what it needs, and ended.
    if (told === "TOO_LATE") return;
    if (told === "sent") sent++;
    else await self.clock.sleep(10);
  }
}

function agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  return [
    agent(boss, {
      async run(ctx) {
        const saw = kernel.life(`boss ${ctx.task}`);
        const first = await ctx.step("first", () =>
          kernel.act(self, ctx.task, "step:first", "first"),
        );
        const go = await ctx.waitFor("go", z.string(), { timeoutMs: null });
        saw(go);
        const worked = await ctx.ask(helper.work, { name: "a", waits: false });
        const { winner } = await ctx.race("race", {
          fast: (c) =>
            c.step("fast", () => kernel.act(self, c.task, "race:race[fast]/step:fast", "fast")),
          slow: (c) => c.ask(helper.work, { name: "b", waits: true }),
        });
        saw(winner);
        await ctx.sleep("nap", 20);
        const again = await ctx.waitFor("go", z.string(), { timeoutMs: null });
        const paid = await ctx.step("pay", () => kernel.act(self, ctx.task, "step:pay", "paid"), {
          class: "keyed",
        });
        return [first, go, worked, winner, again, paid];
      },
    }),
    agent(helper, {
      async work(ctx, { name, waits }) {
        // Nobody sends it: who waits ends when it is told to stop.
        if (waits) await ctx.waitFor("never", z.null(), { timeoutMs: null });
        return await ctx.step("work", () => kernel.act(self, ctx.task, "step:work", name));
      },
    }),
  ];
}
