import type { Operation } from "../../../src/core/contract.ts";
import { RuntimeError, type Subscription } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { System } from "../../../src/system/create-system.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "./kernel-world.ts";

/** How rough the world of one run is. */
export interface Weather {
  readonly hosts: number;
  /** Crashes of each host. */
  readonly crashes: number;
  readonly faults: number;
  /** How often a process may stand still for longer than its timers. Default 0. */
  readonly earlyTimers?: number;
  /** 0: whoever waits leaves memory at once. */
  readonly passivateAfterMs: number;
  /** True: the engine knows when a process has ended. Default: others wait until it has been silent for long. */
  readonly knowsGone?: boolean;
  /** `always`: what handlers have done is replayed, and has to fit. Default `never`. */
  readonly verifyReplay?: "always" | "never";
  /** Default: none, a cancelled task may take for ever. */
  readonly cancelGraceMs?: number;
}

/** What somebody does who has a system without agents. */
export type Outsider = (kernel: KernelWorld, self: Process, system: System) => Promise<void>;

/** The run in it. */
export interface RunInWorld {
  readonly name: string;
  readonly root: Operation;
  readonly input: unknown;
  /** Draws another input for each schedule, in the place of `input`. @param next - Uniform in [0, 1). */
  draw?(next: () => number): unknown;
  agents(kernel: KernelWorld, self: Process): readonly AgentDefinition[];
  /** Which events these handle. Default: none. */
  readonly subscriptions?: readonly Subscription[];
  /** What others do meanwhile, each in a process of its own with a system without agents. */
  readonly outside?: readonly Outsider[];
  /** What goes on beside the hosts, in processes without a system that need not end. */
  readonly beside?: readonly ((kernel: KernelWorld, self: Process) => Promise<void>)[];
  /** True when the hosts may stop. Default: when the run has ended. */
  isOver?(kernel: KernelWorld): boolean;
  /** Crashes of each of them. Default 0. */
  readonly outsideCrashes?: number;
  /** What is wrong at the end; `ended` is the run's result, or the code of its error. */
  check?(kernel: KernelWorld, ended: unknown): string | undefined;
  readonly maxSteps?: number;
}

/** Id of the run in every such world. */
export const RUN = "run";

/**
 * One run on one or more hosts: its root is started by the first host, again after each of its crashes. At the end
 * the run has ended, every task of it is closed, no replay diverged, and whoever asked got the same result.
 */
export function runWorld(weather: Weather, make: () => RunInWorld): Scenario {
  const { hosts, crashes, faults, earlyTimers = 0 } = weather;
  const { name, maxSteps = 4_000 } = make();
  return {
    name: `${name} (${JSON.stringify(weather)})`,
    faults,
    earlyTimers,
    maxSteps,
    setup(world) {
      const kernel = new KernelWorld(world);
      kernel.knowsGone = weather.knowsGone ?? false;
      const parts = make();
      const results = new Set<string>();
      // Polls about as often as it beats: there are others to hear of, and whoever waits for them waits less.
      const { subscriptions = [] } = parts;
      const options = {
        pollMs: 4_000,
        cancelGraceMs: Number.POSITIVE_INFINITY,
        ...weather,
        subscriptions,
      };
      let drawn: unknown;
      const starter = async (self: Process): Promise<void> => {
        drawn ??= parts.draw?.(() => self.random.next()) ?? parts.input;
        const system = await kernel.system(self, parts.agents(kernel, self), options);
        const run = await system.start(parts.root, drawn, { id: RUN });
        results.add(JSON.stringify(await run.result().catch(codeOf)));
        // Work that was sent may go on; whoever serves the run stays until its end.
        const isOver = (): boolean =>
          kernel.gate(RUN) === "ended" && (parts.isOver?.(kernel) ?? true);
        await self.effect("the run has ended", () => {}, { ready: isOver });
        await system[Symbol.asyncDispose]();
      };
      world.process("starter", starter, { crashes });
      for (let i = 1; i < hosts; i++) {
        const worker = async (self: Process): Promise<void> => {
          await kernel.system(self, parts.agents(kernel, self), options);
          await self.effect("never", () => {}, { ready: () => false });
        };
        world.process(`worker-${i}`, worker, { crashes, daemon: true });
      }
      for (const [i, outside] of (parts.outside ?? []).entries()) {
        const main = async (self: Process): Promise<void> => {
          const system = await kernel.system(self, [], { ...options, subscriptions: [] });
          await outside(kernel, self, system);
          await system[Symbol.asyncDispose]();
        };
        world.process(`outside-${i}`, main, { crashes: parts.outsideCrashes ?? 0 });
      }
      for (const [i, beside] of (parts.beside ?? []).entries()) {
        world.process(`beside-${i}`, (self) => beside(kernel, self), { daemon: true });
      }
      world.invariant(() => {
        const problem = kernel.problems(RUN);
        if (problem !== undefined) return problem;
        if (results.size !== 1) return `the results were ${[...results].join(" and ")}`;
        const [ended] = results;
        return parts.check?.(kernel, JSON.parse(ended ?? "null"));
      });
    },
  };
}

/** The code of a runtime error; anything else is thrown on. */
export function codeOf(error: unknown): string {
  if (error instanceof RuntimeError) return error.code;
  throw error;
}

/**
 * Passes over that a signal came too late, if nobody knows whether it did: the task may have taken it and ended before
 * the commit with the unknown outcome was tried again. Anything else is thrown on.
 */
export function lateOrUnknown(error: unknown): void {
  if (!RuntimeError.is(error, "TOO_LATE") || error.outcome !== "unknown") throw error;
}

/** Resolves at a moment of the run that is drawn anew for each schedule: when so much of it is recorded. */
export async function someMoment(
  kernel: KernelWorld,
  self: Process,
  atMost: number,
): Promise<void> {
  const recorded = Math.floor(self.random.next() * (atMost + 1));
  const isReached = (): boolean =>
    kernel.gate(RUN) === "ended" || kernel.recorded(RUN) >= Math.max(1, recorded);
  await self.effect(`moment ${recorded}`, () => {}, { ready: isReached });
}
