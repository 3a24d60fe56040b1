import { z } from "zod";
import type { TaskEvent } from "../../../src/core/event.ts";
import { type Path, rootTaskId, type TaskId } from "../../../src/core/ids.ts";
import {
  type AgentDefinition,
  agent,
  type CancelReceipt,
  type Context,
  contract,
  type EffectClass,
  type RunId,
  RuntimeError,
  type StepContext,
  type StepOptions,
} from "../../../src/index.ts";
import { RECORDED_FROM_MS } from "../../../src/runtime/step-retry.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { Provider } from "./provider.ts";
import { type Outsider, RUN, runWorld, someMoment, type Weather } from "./run-world.ts";

const payer = contract("payer", { pay: { input: z.null(), output: z.array(z.string()) } });

/** How payments are made in {@link retriedEffects}. */
export interface Payments {
  readonly effect: EffectClass;
  readonly names: readonly string[];
  /** True: the provider is asked about a payment in doubt. */
  readonly isReconciled?: boolean;
  /** What somebody does at any moment of the run. */
  readonly play?: "pause" | "cancel";
}

/** More than the provider fails for one payment, so that who tries to the end gets through. */
const ATTEMPTS = 4;

/** The first back-off is short and stays in memory; the later ones are recorded. */
const RETRY = { attempts: ATTEMPTS, backoffMs: 9_000 };

/** Events of most runs that nobody disturbs. */
const WHOLE = 16;

const PAUSE_MS = 25_000;

/** What the provider needs at most; a step waits for longer. */
const REQUEST_MS = 30_000;

/**
 * Payments that are tried again, by hosts that crash or stand still, with a provider that refuses, loses requests and
 * loses answers. It is charged at most once for each payment; what the handler is told of a payment is true; a recorded
 * back-off is neither lost nor cut short; attempts are bounded; and a refusal does not stand for ever.
 */
export function retriedEffects(weather: Weather, payments: Payments): Scenario {
  return runWorld(weather, () => {
    const provider = new Provider(payments.effect !== "once");
    const player = new Player(provider, payments.play);
    // A crash forgets the attempt that runs and, of a step that may be repeated, the one before: it backed off for a
    // short time only. Who stands still loses attempts too, and nobody has counted how often.
    const standsStill = weather.earlyTimers !== undefined;
    const forgotten = payments.effect === "repeatable" ? 2 : 1;
    const most = standsStill ? Number.POSITIVE_INFINITY : weather.crashes * forgotten;
    return {
      name: `retried effects (${JSON.stringify(payments)})`,
      root: payer.pay,
      input: null,
      maxSteps: 8_000,
      outside: payments.play === undefined ? [] : [player.play],
      beside: [(kernel, self) => provider.serve(kernel, self)],
      agents: (kernel, self) => [payerOf(kernel, self, provider, payments, standsStill)],
      check: (kernel, ended) =>
        payments.play === "cancel" && ended === "CANCELLED"
          ? player.receiptProblem(kernel, payments)
          : toldProblem(provider, payments, most, ended),
    };
  });
}

/** Somebody who pauses the run for a while, or cancels it. */
class Player {
  readonly #provider: Provider;
  readonly #play: Payments["play"];
  #receipt: CancelReceipt | undefined;

  constructor(provider: Provider, play: Payments["play"]) {
    this.#provider = provider;
    this.#play = play;
  }

  readonly play: Outsider = async (kernel, self, system) => {
    await someMoment(kernel, self, WHOLE);
    if (this.#play === "cancel") {
      this.#receipt = await system.cancel(RUN);
      return;
    }
    try {
      await system.pause(RUN);
      await self.clock.sleep(PAUSE_MS);
      await system.resume(RUN);
      kernel.mark("a run with retries was paused");
    } catch (error) {
      if (!RuntimeError.is(error, "TOO_LATE")) throw error;
    }
  };

  /** What was charged and is not recorded as done is among the unknown effects. */
  receiptProblem(kernel: KernelWorld, { names }: Payments): string | undefined {
    kernel.mark("a run with retries was cancelled");
    const task = rootTaskId(RUN as RunId);
    const missing = names.find((name) => {
      const path = `step:${name}`;
      const isKnown = this.#receipt?.unknown.some((one) => one.path === path) ?? false;
      return this.#provider.hasCharged(name) && !kernel.isRecorded(task, path) && !isKnown;
    });
    return missing === undefined ? undefined : `${missing} was charged and is in no receipt`;
  }
}

function runTime(kernel: KernelWorld): number {
  const [run] = kernel.ledger.runs({ run: RUN as RunId });
  return kernel.now() - (run?.pausedMs ?? 0);
}

function payerOf(
  kernel: KernelWorld,
  self: Process,
  provider: Provider,
  { effect, names, play, isReconciled = false }: Payments,
  standsStill: boolean,
): AgentDefinition {
  /** When attempts failed, in this life of the process. Who stands still or is paused may take longer than any back-off. */
  const failedAt = new Map<string, number>();
  const options = (name: string): StepOptions<string> => ({
    class: effect,
    retry: RETRY,
    timeoutMs: 2 * REQUEST_MS,
    ...(isReconciled ? { reconcile: () => provider.find(kernel, self, name) } : {}),
  });
  const pay = async (ctx: Context, name: string): Promise<string> => {
    const body = (step: StepContext): Promise<string> => {
      const path = `step:${name}` as Path;
      const wrong = attemptProblem(kernel, ctx.task, path, step, effect);
      if (wrong !== undefined) kernel.report(wrong);
      if (step.attempt > 1) kernel.mark("a step was tried again");
      const waited = kernel.now() - (failedAt.get(`${name} ${step.attempt - 1}`) ?? kernel.now());
      if (waited >= RECORDED_FROM_MS && !isWaitRecorded(kernel, ctx.task, path, step.attempt - 1)) {
        kernel.report(`${name} was waited for ${waited} ms, and no record says so`);
      }
      return provider
        .charge(self, name, step, kernel.now() + REQUEST_MS)
        .catch((error: unknown) => {
          if (!standsStill && play === undefined)
            failedAt.set(`${name} ${step.attempt}`, kernel.now());
          throw error;
        });
    };
    try {
      return await ctx.step(name, body, options(name));
    } catch (error) {
      if (!RuntimeError.is(error) || error.code === "CANCELLED") throw error;
      return `${error.outcome}: ${error.code}`;
    }
  };
  return agent(payer, {
    async pay(ctx) {
      const told: string[] = [];
      for (const name of names) told.push(await pay(ctx, name));
      return told;
    },
  });
}

function isWaitRecorded(kernel: KernelWorld, task: TaskId, path: Path, attempt: number): boolean {
  return kernel
    .events(task)
    .some((one) => one.type === "retrying" && one.path === path && one.attempt === attempt);
}

/**
 * What is wrong with what the handler was told in the end.
 * @param forgotten - How many attempts its lives may have forgotten.
 */
function toldProblem(
  provider: Provider,
  payments: Payments,
  forgotten: number,
  ended: unknown,
): string | undefined {
  if (!Array.isArray(ended)) return `the run ended with ${JSON.stringify(ended)}`;
  const problems = payments.names.map((name, i) =>
    provider.problemOf(name, String(ended[i]), forgotten, payments),
  );
  const { repetitions } = provider;
  const repeated = repetitions > forgotten ? `${repetitions} attempts were made again` : undefined;
  return problems.find((problem) => problem !== undefined) ?? repeated;
}

/** What is wrong with an attempt that begins now, by what is recorded. */
function attemptProblem(
  kernel: KernelWorld,
  task: TaskId,
  path: Path,
  step: StepContext,
  effect: EffectClass,
): string | undefined {
  if (kernel.isRecorded(task, path)) return `${path} is recorded and ran again`;
  const events = kernel.events(task);
  const own = events.filter((event) => "path" in event && event.path === path);
  const problem = backOffProblem(kernel, events, own, step) ?? keyProblem(own, step, effect);
  return problem === undefined ? undefined : `attempt ${step.attempt} of ${path} ${problem}`;
}

/** A recorded back-off is waited for to its end, over crashes, and counts. */
function backOffProblem(
  kernel: KernelWorld,
  all: readonly TaskEvent[],
  own: readonly TaskEvent[],
  { attempt }: StepContext,
): string | undefined {
  const retrying = own.findLast((event) => event.type === "retrying");
  if (retrying?.type !== "retrying") return undefined;
  if (attempt <= retrying.attempt) return "began twice";
  if (runTime(kernel) < retrying.until) return "began too early";
  const resumed = all.findLastIndex(({ type }) => type === "resumed");
  if (resumed > all.indexOf(retrying)) kernel.mark("a back-off was longer than a life");
  return undefined;
}

/** An effect begins after its intent, under a new key if nothing was done under the old one, and only then. */
function keyProblem(
  own: readonly TaskEvent[],
  { attempt, key }: StepContext,
  effect: EffectClass,
): string | undefined {
  if (effect === "repeatable") return undefined;
  const intents = own.flatMap((event) => (event.type === "intent" ? [event] : []));
  const [before, intent] = [intents.at(-2), intents.at(-1)];
  if (intent?.attempt !== attempt || intent.key !== key) return "began without its intent";
  if (before === undefined) return undefined;
  const isInDoubt = own.some(({ type }) => type === "unknown");
  if (isInDoubt && before.key !== key) return "has a new key";
  return isInDoubt || before.key !== key ? undefined : "has no new key";
}
