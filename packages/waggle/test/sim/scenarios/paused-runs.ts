import { z } from "zod";
import type { TaskEvent } from "../../../src/core/event.ts";
import { decodeEventOnly } from "../../../src/core/event-codec.ts";
import type { TaskId } from "../../../src/core/ids.ts";
import { agent, type Context, contract, type RunId } from "../../../src/index.ts";
import type { Batch } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { System } from "../../../src/system/create-system.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { codeOf, RUN, runWorld, someMoment, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.json() } });
const helper = contract("helper", { work: { input: z.number(), output: z.string() } });

/** Events of the whole run when nobody pauses it. */
const WHOLE = 24;

/** Far longer than anything in the run takes, and than a host needs to hear of a pause. */
const PAUSE_MS = 25_000;

/** By then each host has looked for news, whichever wake-up was lost. */
const HEARD_MS = 10_000;

/** How somebody plays with the gate of a run. */
export type PausePlay = "pause" | "briefly" | "twice" | "cancel";

/**
 * A run with effects, questions, sleeps and waits that is paused at any moment of it and goes on later. `briefly`: it
 * goes on while its hosts are still about to do as they were told. `twice`: it is paused, resumed and paused again.
 * `cancel`: it is cancelled while it is paused. Nothing begins in between, paused time counts nowhere, and nothing is
 * forgotten.
 */
export function pausedRuns(weather: Weather, play: PausePlay): Scenario {
  return runWorld(weather, () => {
    const times = new Times();
    const isHeardInTime = (weather.earlyTimers ?? 0) === 0;
    return {
      name: `paused runs (${play})`,
      root: boss.run,
      input: null,
      agents: (kernel, self) => agents(kernel, self, times),
      outside: [
        (kernel, self, system) => pauser(kernel, self, system, { play, isHeardInTime, times }),
      ],
      check: (_, ended) => {
        if (play === "cancel" && ended === "CANCELLED") return undefined;
        const right = JSON.stringify(["first", "WAIT_TIMEOUT", "last"]);
        if (JSON.stringify(ended) === right) return undefined;
        return `the result is ${JSON.stringify(ended)}`;
      },
    };
  });
}

/** The times of a run: when each began, in run time, and how long it is. */
class Times {
  readonly #begun = new Map<string, number>();

  /** `ctx` is about to wait `ms` at `path`, for the first time or again after a crash. */
  begin(kernel: KernelWorld, ctx: Context, path: string, ms: number): void {
    const place = `${ctx.task} ${path}`;
    if (!this.#begun.has(place)) this.#begun.set(place, runTime(kernel) + ms);
  }

  /** By how much it is over too early now; not above 0 if it is not. */
  earlyMs(kernel: KernelWorld, task: TaskId, path: string): number {
    return (this.#begun.get(`${task} ${path}`) ?? 0) - runTime(kernel);
  }
}

function runTime(kernel: KernelWorld): number {
  const [run] = kernel.ledger.runs({ run: RUN as RunId });
  return (run?.pausedAt ?? kernel.now()) - (run?.pausedMs ?? 0);
}

function agents(kernel: KernelWorld, self: Process, times: Times): readonly AgentDefinition[] {
  const act = (ctx: Context, path: string, name: string): Promise<string> =>
    ctx.step(name, () => kernel.act(self, ctx.task, path, name));
  return [
    agent(boss, {
      async run(ctx) {
        const saw = kernel.life(`boss ${ctx.task}`);
        /** Begun before a pause, it lasts until the end of it. */
        const slowly = async (): Promise<string> => {
          await kernel.act(self, ctx.task, "all:parts[2]/step:slow", "slow");
          const isOpen = (): boolean => kernel.gate(RUN) !== "paused";
          return await self.effect("slow", () => "slow", { ready: isOpen });
        };
        const first = await act(ctx, "step:first", "first");
        await ctx.all("parts", ["nap", "ask", "slow"], async (c, part) => {
          times.begin(kernel, ctx, "all:parts[0]/sleep:nap", 60);
          times.begin(kernel, ctx, "all:parts[1]/ask:helper.work", 500);
          if (part === "nap") await c.sleep("nap", 60);
          if (part === "ask") saw(await c.ask(helper.work, 1, { timeoutMs: 500 }).catch(codeOf));
          if (part === "slow") await c.step("slow", slowly);
          saw(part);
        });
        times.begin(kernel, ctx, "wait:nobody", 80);
        const waited = ctx.waitFor("nobody", z.null(), { timeoutMs: 80 }).catch(codeOf);
        return [first, await waited, await act(ctx, "step:last", "last")];
      },
    }),
    agent(helper, {
      async work(ctx, number) {
        times.begin(kernel, ctx, "sleep:nap", 40);
        await ctx.sleep("nap", 40);
        return await ctx.step(
          "pay",
          () => kernel.act(self, ctx.task, "step:pay", `pay ${number}`),
          { class: "keyed" },
        );
      },
    }),
  ];
}

async function pauser(
  kernel: KernelWorld,
  self: Process,
  system: System,
  how: { readonly play: PausePlay; readonly isHeardInTime: boolean; readonly times: Times },
): Promise<void> {
  const { play, isHeardInTime, times } = how;
  let pausedAt: number | undefined;
  kernel.whenCommitted = (batch) => check(kernel, times, batch);
  kernel.whenBodyBegins = (name) => {
    const since = pausedAt === undefined ? 0 : kernel.now() - pausedAt;
    return isHeardInTime && since > HEARD_MS
      ? `${name} began ${since} ms after the pause`
      : undefined;
  };
  await someMoment(kernel, self, WHOLE);
  for (let i = 0; i < (play === "twice" ? 2 : 1); i++) {
    const isPaused = await system.pause(RUN).then(
      () => true,
      () => false,
    );
    if (!isPaused) return; // It has ended before.
    kernel.mark("a run was paused");
    if (play === "briefly" || (i === 0 && play === "twice")) {
      await someSteps(self);
      await system.resume(RUN).catch(codeOf);
      continue;
    }
    pausedAt = kernel.now();
    await self.clock.sleep(PAUSE_MS);
    pausedAt = undefined;
  }
  if (play === "cancel") await system.cancel(RUN);
  else if (play !== "briefly") await system.resume(RUN).catch(codeOf);
}

/** A few moments in which others may do something. */
async function someSteps(self: Process): Promise<void> {
  for (let left = Math.floor(self.random.next() * 8); left > 0; left--) {
    await self.effect("waits", () => {});
  }
}

/** Nothing begins while the run is paused, and no time is over before it is over in run time. */
function check(kernel: KernelWorld, times: Times, { writes }: Batch): void {
  for (const write of writes) {
    if (write.type !== "append") continue;
    for (const stored of write.events) {
      checkEvent(kernel, times, write.task, decodeEventOnly(stored));
    }
  }
}

function checkEvent(kernel: KernelWorld, times: Times, task: TaskId, event: TaskEvent): void {
  const [run] = kernel.ledger.runs({ run: RUN as RunId });
  const begins = event.type === "asked" || event.type === "intent";
  if (begins && run?.gate === "paused") {
    kernel.report(`${event.path} began while the run was paused`);
  }
  if (event.type !== "fired" && (event.type !== "dropped" || event.why !== "timeout")) return;
  const earlyMs = times.earlyMs(kernel, task, event.path);
  if (earlyMs > 0) kernel.report(`${event.path} was over ${earlyMs} ms of run time too early`);
  if (run !== undefined && run.pausedMs > 0) kernel.mark("a time was over after a pause");
}
