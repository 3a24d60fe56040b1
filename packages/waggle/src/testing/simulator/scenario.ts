import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";

/** Choices after which a schedule counts as a livelock, when a scenario does not say itself. */
export const DEFAULT_MAX_STEPS: number = 2_000;

/** A small closed world to be explored: processes, what they share, and what must hold. */
export interface Scenario {
  /** Names it in reports. */
  readonly name: string;
  /** Choices after which a schedule is reported as a livelock. Default {@link DEFAULT_MAX_STEPS}. */
  readonly maxSteps?: number;
  /** How many outcomes other than ok one schedule may contain. Default 1. */
  readonly faults?: number;
  /**
   * How often per schedule the earliest timer may fire although effects are pending. That is what a process
   * looks like that stands still beyond its lease. Default 0: timers fire only when nothing else can happen.
   */
  readonly earlyTimers?: number;
  /**
   * Builds the world; called afresh for each schedule. Whatever the processes share is made here, never at
   * module level: state that outlives a schedule makes schedules depend on each other.
   */
  setup(world: World): void;
}

/** What {@link Scenario.setup} builds with. */
export interface World {
  /**
   * Declares a process. All start when `setup` has returned, in the order of declaration.
   * @param name - Unique in the scenario; names it in traces and in `waitsFor`.
   * @param main - Called for each incarnation. What it throws fails the schedule.
   * @throws RuntimeError `USAGE` for a name declared before, or after `setup` has returned.
   */
  process(name: string, main: (self: Process) => Promise<unknown>, options?: ProcessOptions): void;
  /**
   * Adds a condition: `check` returns what is wrong, or undefined; throwing fails as well.
   * @param when - After each choice, or when all processes have ended. Default "end".
   * @throws RuntimeError `USAGE` after `setup` has returned.
   */
  invariant(check: () => string | undefined, when?: "step" | "end"): void;
  /**
   * Notes that something worth reaching was reached in this schedule, such as a crash window. Reports count the
   * schedules that reached it: a window that is never hit proves nothing.
   */
  mark(name: string): void;
  /** Virtual wall clock in ms since 1970. The same for every process. */
  now(): number;
}

/** What may happen to a process. */
export interface ProcessOptions {
  /** How often the scheduler may crash it in one schedule. Default 0. */
  readonly crashes?: number;
  /** True: it never ends by design, and the schedule ends without it. Default false. */
  readonly daemon?: boolean;
}

/**
 * One incarnation of a process, and its only way to the world. After a crash the former incarnation is dead:
 * its pending calls never settle, new ones neither settle nor do anything.
 */
export interface Process {
  readonly name: string;
  /** 1, then 1 more after each crash. */
  readonly incarnation: number;
  /** Virtual time. `monotonic` starts at 0 with each incarnation. */
  readonly clock: Clock;
  /** Seeded by the schedule's seed, the process name and the incarnation. */
  readonly random: Random;
  /** Loses, repeats and reorders, within {@link Scenario.faults}. */
  readonly bus: Bus;
  /**
   * Something that happens outside the process: a read, a write, a message. Happens when the scheduler chooses it.
   * @param label - Shown in traces; give it the values that make a trace readable.
   * @param apply - Runs at once and to its end, without interruption. Its result is the effect's result.
   * @throws whatever `apply` throws.
   */
  effect<T>(label: string, apply: () => T, options?: EffectOptions<T>): Promise<T>;
}

/** How an effect may be delayed, and how else it may end. */
export interface EffectOptions<T> {
  /** The effect cannot be chosen while this is false. Must only read shared state. Default: always true. */
  readonly ready?: () => boolean;
  /** Name of the process that has to do something first; makes deadlocks readable. */
  readonly waitsFor?: string;
  /** Outcomes instead of the usual one; each costs one of {@link Scenario.faults}. Default: none. */
  readonly alternatives?: readonly Alternative<T>[];
}

/** An outcome of an effect other than the usual one: a conflict, an error after the effect happened, a loss. */
export interface Alternative<T> {
  /** Shown in traces in brackets, such as `unknown, applied`. */
  readonly label: string;
  readonly apply: () => T;
}
