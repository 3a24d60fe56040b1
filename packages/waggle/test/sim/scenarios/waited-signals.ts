import { z } from "zod";
import { decodeEventOnly } from "../../../src/core/event-codec.ts";
import { rootTaskId } from "../../../src/core/ids.ts";
import { agent, contract, type RunId, RuntimeError } from "../../../src/index.ts";
import type { Batch, Mail } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { codeOf, lateOrUnknown, type Outsider, RUN, runWorld, type Weather } from "./run-world.ts";

const waiter = contract("waiter", {
  numbers: { input: z.object({ signals: z.number() }), output: z.json() },
  answer: { input: z.null(), output: z.json() },
});

/** How long one wait takes at most. */
const TIMEOUT_MS = 100;

/** Waits after which a signal counts as lost. */
const MAX_WAITS = 30;

/**
 * A task that waits for numbered signals, each up to a time, with sleeps in between; they come before, at and after
 * the time-outs. Each is taken once, in their order, and none is passed over by a time-out (K3).
 */
export function waitedSignals(weather: Weather, signals: number): Scenario {
  return runWorld(weather, () => ({
    name: `waited signals (${signals} signals)`,
    root: waiter.numbers,
    input: { signals },
    agents: numberAgents,
    outside: [sender(signals)],
    check: (_, ended) => {
      const wanted = JSON.stringify(Array.from({ length: signals }, (_, i) => i));
      return JSON.stringify(ended) === wanted ? undefined : `signals taken: ${String(ended)}`;
    },
  }));
}

function numberAgents(kernel: KernelWorld): readonly AgentDefinition[] {
  kernel.whenCommitted = (batch) => reportPassedOver(kernel, batch);
  return [
    agent(waiter, {
      async numbers(ctx, { signals }) {
        const saw = kernel.life(`waiter ${ctx.task}`);
        const taken: number[] = [];
        for (let i = 0; i < MAX_WAITS && taken.length < signals; i++) {
          const number = ctx.waitFor("number", z.number(), { timeoutMs: TIMEOUT_MS });
          const got = await number.catch(codeOf);
          saw(String(got));
          if (typeof got === "number") taken.push(got);
          if (i % 2 === 1) await ctx.sleep("pause", TIMEOUT_MS / 2);
        }
        return taken;
      },
      answer: async () => null,
    }),
  ];
}

function sender(signals: number): Outsider {
  return async (kernel, self, system) => {
    await self.effect("started", () => {}, { ready: () => kernel.gate(RUN) !== undefined });
    for (let i = 0; i < signals; i++) {
      // At the same moments at which waits end, and between them.
      await self.clock.sleep((TIMEOUT_MS / 2) * Math.floor(self.random.next() * 4));
      const before = kernel.events(rootTaskId(RUN as RunId)).length;
      await system.signal({ run: RUN }, "number", i).catch(lateOrUnknown);
      if (kernel.events(rootTaskId(RUN as RunId)).length > before)
        kernel.mark("a signal came beside other news");
    }
  };
}

/** No wait is over by a time-out in the commit before which its signal was there. */
export function reportPassedOver(kernel: KernelWorld, { writes }: Batch): void {
  for (const write of writes) {
    if (write.type !== "append") continue;
    for (const stored of write.events) {
      const event = decodeEventOnly(stored);
      if (event.type !== "dropped" || event.why !== "timeout") continue;
      kernel.mark("a wait timed out");
      const events = kernel.events(write.task);
      const taken = new Set(
        events.flatMap((one) => (one.type === "received" ? (one.seq ?? []) : [])),
      );
      const wanted = events.flatMap((one) =>
        one.type === "armed" && one.path === event.path ? (one.signal ?? []) : [],
      );
      const left = kernel.ledger
        .load(write.task)
        ?.inbox.filter((mail) => wanted.includes(nameOf(mail)) && !taken.has(mail.seq));
      if (left !== undefined && left.length > 0)
        kernel.report(`${event.path} timed out over signal ${left[0]?.seq}`);
    }
  }
}

/** Name of a signal; of any other mail an empty one. */
function nameOf({ kind, data }: Mail): string {
  return kind === "signal" ? (JSON.parse(data) as { readonly name: string }).name : "";
}

/**
 * Two people answer one question, once: exactly one answer is taken, its sender is told so, and the other one is
 * told that he was late.
 */
export function answeredOnce(weather: Weather): Scenario {
  return runWorld(weather, () => {
    const told = new Map<string, string>();
    const answer =
      (name: string): Outsider =>
      async (kernel, self, system) => {
        await self.effect("started", () => {}, { ready: () => kernel.gate(RUN) !== undefined });
        const sent = system.signal({ run: RUN }, "answer", name, { once: true });
        const how = await sent.then(() => "accepted", outcomeOf);
        if (how === "ALREADY_ANSWERED") kernel.mark("an answer came too late");
        told.set(name, how);
      };
    return {
      name: "answered once",
      root: waiter.answer,
      input: null,
      agents: answerAgents,
      outside: [answer("anne"), answer("bert")],
      check: (_, ended) => {
        // Whose commit was cut, and who was then too late to look, cannot be told.
        const wrong = [...told].some(([name, how]) =>
          how === "unknown" ? false : (how === "accepted") !== (name === ended),
        );
        return wrong ? `taken: ${String(ended)}; told: ${JSON.stringify([...told])}` : undefined;
      },
    };
  });
}

function outcomeOf(error: unknown): string {
  const isUnknown = error instanceof RuntimeError && error.outcome === "unknown";
  return isUnknown ? "unknown" : codeOf(error);
}

function answerAgents(kernel: KernelWorld, _self: Process): readonly AgentDefinition[] {
  return [
    agent(waiter, {
      numbers: async () => null,
      async answer(ctx) {
        const saw = kernel.life(`waiter ${ctx.task}`);
        const answer = await ctx.waitFor("answer", z.string(), { timeoutMs: null });
        saw(answer);
        // Another answer must not come to a later question.
        const again = ctx.waitFor("answer", z.string(), { timeoutMs: TIMEOUT_MS });
        const second = await again.catch(codeOf);
        if (second !== "WAIT_TIMEOUT") kernel.report(`a second answer was taken: ${second}`);
        return answer;
      },
    }),
  ];
}
