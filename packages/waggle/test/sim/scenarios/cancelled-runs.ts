import { z } from "zod";
import type { TaskEvent } from "../../../src/core/event.ts";
import { decodeEventOnly } from "../../../src/core/event-codec.ts";
import type { TaskId } from "../../../src/core/ids.ts";
import {
  agent,
  type CancelReceipt,
  type Context,
  contract,
  type RunId,
  RuntimeError,
} from "../../../src/index.ts";
import type { Batch } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { type Outsider, RUN, runWorld, someMoment, type Weather } from "./run-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.string() } });
const helper = contract("helper", {
  work: { input: z.object({ name: z.string() }), output: z.string() },
});
const leaf = contract("leaf", {
  nap: { input: z.object({ name: z.string() }), output: z.string() },
});

/** Events of the whole run when nobody cancels it. */
const WHOLE = 46;

/**
 * A run with children, grandchildren, effects that must not run twice, sleeps and a message, cancelled from another
 * process at any moment of it. When that resolves: the run has ended, nobody owns a task of it, nothing of it begins
 * any more, whoever had begun has heard of it and undone what it did, and the receipt says what is so, of former
 * generations of a handler too.
 * @param hangs - The bodies of the effects do not end before the run is cancelled: the grace ends them.
 */
export function cancelledRuns(weather: Weather, hangs: boolean = false): Scenario {
  return runWorld(weather, () => {
    // A body that hangs keeps the rest from being recorded.
    const witness = new CancelWitness(hangs ? 4 : WHOLE);
    return {
      name: `cancelled runs${hangs ? " with bodies that hang" : ""}`,
      root: boss.run,
      input: null,
      agents: (kernel, self) => agents(kernel, self, witness, hangs),
      outside: [witness.canceller],
      outsideCrashes: weather.crashes,
      check: (kernel) => witness.problem(kernel, !hangs),
    };
  });
}

/** What is noted of one run while it is cancelled. */
class CancelWitness {
  readonly heard = new Set<TaskId>();
  /** Effects that must not run twice and happened, by task and path. */
  readonly paid = new Set<string>();
  receipt: CancelReceipt | undefined;
  readonly #lastMoment: number;

  constructor(lastMoment: number) {
    this.#lastMoment = lastMoment;
  }

  readonly canceller: Outsider = async (kernel, self, system) => {
    kernel.whenBodyBegins = (name) =>
      this.receipt === undefined ? undefined : `${name} began after the run was cancelled`;
    kernel.whenCommitted = (batch) => this.#committed(kernel, batch);
    await someMoment(kernel, self, this.#lastMoment);
    if (kernel.gate(RUN) !== "ended") kernel.mark("a run was cancelled");
    this.receipt = await system.cancel(RUN);
    if (kernel.gate(RUN) !== "ended") kernel.report(`the cancelled run is ${kernel.gate(RUN)}`);
    for (const { agent, state, owner } of kernel.ledger.find({ run: RUN as RunId })) {
      const isLeft = state === "open" || state === "stuck" || owner !== null;
      if (isLeft) kernel.report(`a task of ${agent} is ${state} and of ${owner} after the cancel`);
    }
  };

  /** Outcomes may come while the run is cancelled; nothing may begin but clean-up. */
  #committed(kernel: KernelWorld, { writes }: Batch): void {
    const gate = kernel.gate(RUN);
    for (const write of writes) {
      if (write.type !== "append" || gate === "open") continue;
      for (const stored of write.events) {
        const event = decodeEventOnly(stored);
        const begins = event.type === "asked" || event.type === "intent";
        if (begins && !event.path.includes("cleanup:"))
          kernel.report(`${event.path} began while the run was ${gate}`);
        if (this.receipt !== undefined)
          kernel.report(`'${event.type}' was recorded after the cancel`);
      }
    }
  }

  problem(kernel: KernelWorld, waits: boolean): string | undefined {
    const { receipt } = this;
    if (receipt === undefined) return "nobody got a receipt";
    for (const { id, agent } of kernel.ledger.find({ run: RUN as RunId })) {
      const events = kernel.events(id);
      const problem = this.#taskProblem(kernel, id, events, receipt, waits);
      if (problem !== undefined) return `${agent}: ${problem}`;
    }
    return undefined;
  }

  #taskProblem(
    kernel: KernelWorld,
    id: TaskId,
    events: readonly TaskEvent[],
    receipt: CancelReceipt,
    waits: boolean,
  ): string | undefined {
    const closed = events.find((event) => event.type === "closed");
    const code = closed?.outcome.type === "error" ? closed.outcome.error.code : "";
    const isStopped = receipt.stopped.some(({ task }) => task === id);
    const isFinished = receipt.finished.some(({ task }) => task === id);
    if (isStopped !== (code === "CANCELLED") || isFinished === isStopped) {
      return `it ended with '${code}'; stopped: ${isStopped}, finished: ${isFinished}`;
    }
    const wrong = [...this.#unsure(id, events)].find(
      (path) => !receipt.unknown.some((one) => one.task === id && one.path === path),
    );
    if (wrong !== undefined) return `${wrong} is not among the unknown`;
    const early = receipt.unknown.find(
      (one) =>
        one.task === id &&
        !events.some((event) => event.type === "intent" && event.path === one.path),
    );
    if (early !== undefined && waits) return `${early.path} had not begun and is unknown`;
    // A handler that was to begin anew, and did not come to it, has nothing to hear and to undo.
    const anew = events.findLastIndex(({ type }) => type === "restarted") + 1;
    const hasBegun = events
      .slice(anew)
      .some(({ type }) => !["started", "resumed", "closed"].includes(type));
    if (!waits || code === "" || !hasBegun) return undefined;
    if (code === "CANCELLED" && !this.heard.has(id)) return "it was not told";
    const undone = events.some(
      (event) => event.type === "done" && event.path.endsWith("cleanup:undo/step:undo"),
    );
    if (!undone) return "it was not undone";
    kernel.mark("a task was undone");
    return undefined;
  }

  /** Effects that happened, or may have, and have no outcome. */
  *#unsure(id: TaskId, events: readonly TaskEvent[]): Iterable<string> {
    for (const event of events) {
      if (event.type === "unknown" && !isKnown(events, event.path)) yield event.path;
      if (event.type !== "intent" || !this.paid.has(`${id} ${event.path}`)) continue;
      if (!events.some((other) => other.type === "done" && other.path === event.path))
        yield event.path;
    }
  }
}

/** True if a later attempt has told what happened. */
function isKnown(events: readonly TaskEvent[], path: string): boolean {
  return events.some(
    (event) => event.type === "done" && event.path === path && event.outcome.type === "value",
  );
}

/** What a handler goes on with that does not know whether it paid. */
function unsure(error: unknown): string {
  if (RuntimeError.is(error, "EFFECT_UNKNOWN")) return "perhaps";
  throw error;
}

function agents(
  kernel: KernelWorld,
  self: Process,
  witness: CancelWitness,
  hangs: boolean,
): readonly AgentDefinition[] {
  const act = (ctx: Context, path: string, name: string): Promise<string> =>
    kernel.act(self, ctx.task, path, name);
  /** An effect that happens before its body ends; a body that was told to stop throws. */
  const pay = (ctx: Context, path: string): Promise<string> =>
    ctx.step(
      "pay",
      async ({ signal }) => {
        await act(ctx, path, "pay");
        witness.paid.add(`${ctx.task} ${path}`);
        if (hangs)
          await self.effect("hangs", () => {}, { ready: () => witness.receipt !== undefined });
        await self.effect("after paying", () => {});
        signal.throwIfAborted();
        return "paid";
      },
      { class: "once" },
    );
  const listen = async <T>(
    ctx: Context,
    body: () => Promise<T>,
    generation: string = "",
  ): Promise<T> => {
    ctx.cleanup("undo", async (c) => {
      await c.step("undo", () => act(c, `${generation}cleanup:undo/step:undo`, "undo"));
    });
    try {
      return await body();
    } catch (error) {
      if (RuntimeError.is(error, "CANCELLED")) witness.heard.add(ctx.task);
      throw error;
    }
  };
  return [
    agent(boss, {
      run: (ctx) =>
        listen(ctx, async () => {
          await ctx.send(helper.work, { name: "sent" });
          await ctx.step("first", () => act(ctx, "step:first", "first"));
          await ctx.all("parts", ["ask", "pay"], (c, part) =>
            part === "ask"
              ? c.ask(helper.work, { name: "asked" })
              : pay(c, "all:parts[1]/step:pay"),
          );
          await ctx.sleep("nap", 50);
          return await ctx.step("last", () => act(ctx, "step:last", "last"));
        }),
    }),
    agent(
      helper,
      {
        work: (ctx, { name }) =>
          listen(
            ctx,
            async () => {
              if (name === "anew") {
                await ctx.sleep("rest", 20);
                return name;
              }
              await ctx.step("work", () => act(ctx, "step:work", name));
              if (name === "asked") return await ctx.ask(leaf.nap, { name });
              const paid = await pay(ctx, "step:pay").catch(unsure);
              if (paid === "perhaps")
                kernel.mark("begun anew after an effect of which nobody knows");
              return await ctx.restart({ name: "anew" });
            },
            name === "anew" ? "~1/" : "",
          ),
      },
      { concurrency: 1 },
    ),
    agent(leaf, {
      nap: (ctx, { name }) =>
        listen(ctx, async () => {
          await ctx.sleep("nap", 30);
          return await ctx.step("nod", () => act(ctx, "step:nod", name));
        }),
    }),
  ];
}
