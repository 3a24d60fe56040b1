import { waitCycle } from "./deadlock.ts";
import { EffectPool, messageOf } from "./effect-pool.ts";
import { nextIncarnation, type Surroundings } from "./incarnation.ts";
import { type Budget, CRASH, Menu, USUAL } from "./menu.ts";
import type { PendingEffect } from "./pending-effect.ts";
import type { ProcessState } from "./process-state.ts";
import { DEFAULT_MAX_STEPS, type Scenario } from "./scenario.ts";
import { BusHub } from "./sim-bus.ts";
import type { Choose, ScheduleResult, Strategy } from "./strategy.ts";
import { traceLine } from "./trace.ts";
import { SimWorld } from "./world.ts";

/** Turns that may run between two choices; more count as a livelock. */
const MAX_TURNS = 100_000;

const NO_MARKS: ReadonlySet<string> = new Set();

// One schedule of a scenario, from setup to verdict. Owns: the order in which things happen. Doesn't own: draining.
// Whoever drives it calls start(), drains, and then calls advance() and drains until advance() returns false.
// Invariants: S1 between two calls of advance() all microtasks have run. S2 at most one thing happens per call: one
// turn, or one choice with its consequences. S3 once it is over every incarnation is dead: nothing of this schedule
// can reach another.

/** One schedule being run. */
export class ScheduleRun {
  readonly #scenario: Scenario;
  readonly #choose: Choose;
  readonly #pool: EffectPool = new EffectPool();
  readonly #hub: BusHub = new BusHub(this.#pool);
  readonly #world: SimWorld = new SimWorld(this.#pool);
  readonly #around: Surroundings;
  readonly #menu: Menu = new Menu();
  readonly #budget: Budget;
  readonly #maxSteps: number;
  readonly #choices: number[] = [];
  readonly #trace: string[] | undefined;
  readonly #widths: number[] = [];
  #last: ProcessState | undefined;
  #unfinished = 0;
  #turns = 0;
  #failure: string | undefined;

  constructor(scenario: Scenario, strategy: Strategy, isTraced: boolean) {
    this.#scenario = scenario;
    this.#choose = strategy.begin();
    this.#around = { pool: this.#pool, hub: this.#hub, seed: strategy.seed };
    this.#budget = { faults: scenario.faults ?? 1, earlyTimers: scenario.earlyTimers ?? 0 };
    this.#maxSteps = scenario.maxSteps ?? DEFAULT_MAX_STEPS;
    this.#trace = isTraced ? [] : undefined;
  }

  /** Builds the world and starts its processes. */
  start(): void {
    this.#scenario.setup(this.#world);
    this.#world.seal(this.#scenario.name);
    for (const process of this.#world.processes) {
      if (!process.daemon) this.#unfinished += 1;
      this.#startMain(process);
    }
  }

  /**
   * Lets the next thing happen.
   * @returns false if the schedule is over; {@link result} is complete then.
   */
  advance(): boolean {
    if (this.#pool.runTurn()) {
      this.#turns += 1;
      if (this.#turns <= MAX_TURNS) return true;
      return this.#end(`livelock: ${MAX_TURNS} turns without a choice`);
    }
    this.#turns = 0;
    const failure = this.#pool.thrown ?? this.#world.violation("step") ?? this.#leak();
    if (failure !== undefined) return this.#end(failure);
    if (this.#unfinished === 0) return this.#end(this.#world.violation("end"));
    this.#menu.fill(this.#pool, this.#budget, this.#last);
    if (this.#menu.length === 0) return this.#end(this.#standstill());
    if (this.#menu.step >= this.#maxSteps)
      return this.#end(`livelock: step limit ${this.#maxSteps}`);
    this.#takeChoice();
    return true;
  }

  /** Makes the schedule fail with `text` at its next advance, unless something failed before. */
  fail(text: string): void {
    this.#pool.thrown ??= text;
  }

  /** What the schedule came to. */
  result(): ScheduleResult {
    return {
      failure: this.#failure,
      choices: this.#choices,
      trace: this.#trace ?? [],
      widths: this.#widths,
      marks: this.#world.marks ?? NO_MARKS,
      elapsedMs: this.#pool.elapsedMs,
    };
  }

  #takeChoice(): void {
    const menu = this.#menu;
    const wanted = this.#choose(menu);
    const index = wanted >= 0 && wanted < menu.length ? wanted : menu.length - 1;
    this.#choices.push(index);
    if (this.#trace !== undefined) this.#widths.push(menu.length);
    menu.step += 1;
    const effect = menu.effects[index] as PendingEffect;
    const outcome = menu.outcomes[index] as number;
    if (index >= menu.ok && effect.kind === "timer" && outcome === USUAL)
      this.#budget.earlyTimers -= 1;
    this.#last = effect.process;
    this.#happen(effect, outcome);
  }

  #happen(effect: PendingEffect, outcome: number): void {
    const pool = this.#pool;
    pool.remove(effect);
    if (effect.at > pool.elapsedMs) pool.elapsedMs = effect.at;
    const alternative = outcome > 0 ? effect.alternatives?.[outcome - 1] : undefined;
    if (alternative !== undefined) this.#budget.faults -= 1;
    const crashed = outcome === CRASH;
    let result: unknown;
    let threw = false;
    try {
      result = alternative === undefined ? effect.apply() : alternative.apply();
    } catch (error) {
      threw = true;
      result = error;
    }
    const label = alternative?.label;
    this.#trace?.push(
      traceLine({ elapsedMs: pool.elapsedMs, effect, alternative: label, crashed, threw, result }),
    );
    if (crashed) this.#crash(effect.process);
    else if (threw) effect.settle.reject(result);
    else effect.settle.resolve(result);
  }

  #crash(process: ProcessState): void {
    process.crashesLeft -= 1;
    this.#bury(process);
    this.#startMain(process);
  }

  /** Forgets the memory of the process. */
  #bury(process: ProcessState): void {
    process.life = 0;
    this.#pool.removeAllOf(process);
    this.#hub.endAllOf(process);
  }

  #startMain(process: ProcessState): void {
    const self = nextIncarnation(process, this.#around);
    const { life } = process;
    const threw = (error: unknown): void => {
      if (life !== process.life) return;
      this.#settled(process);
      this.fail(`${process.name} threw: ${messageOf(error)}`);
    };
    let ended: Promise<unknown>;
    try {
      ended = process.main(self);
    } catch (error) {
      threw(error);
      return;
    }
    // Nothing waits for this promise: both its ends are handled here.
    void Promise.resolve(ended).then(() => {
      if (life === process.life) this.#settled(process);
    }, threw);
  }

  #settled(process: ProcessState): void {
    process.settled = true;
    if (!process.daemon) this.#unfinished -= 1;
    this.#hub.endAllOf(process);
  }

  /** A process that left the scheduler's hands: it waits on nothing here, or left something behind here. */
  #leak(): string | undefined {
    for (const process of this.#world.processes) {
      if (process.daemon) continue;
      if (process.settled) {
        if (process.pending > 0)
          return `floating: ${process.name} ended with ${this.#pendingOf(process)}`;
      } else if (process.pending === 0 && process.subscriptions === 0) {
        return `escape: ${process.name} waits on something outside its ports`;
      }
    }
    return undefined;
  }

  #pendingOf(process: ProcessState): string {
    const own = [...this.#pool.effects, ...this.#pool.timers].find(
      (effect) => effect.process === process && effect.kind !== "delivery",
    );
    return `an effect it never awaited (${own?.label})`;
  }

  /** Why nothing can happen although somebody has not finished. */
  #standstill(): string {
    const pending = [...this.#pool.effects, ...this.#pool.timers];
    const cycle = waitCycle(pending);
    if (cycle !== undefined) return `deadlock: ${cycle}`;
    const waits = this.#world.processes
      .filter((process) => !process.daemon && !process.settled)
      .map((process) => {
        const labels = pending.filter((effect) => effect.process === process).map((e) => e.label);
        for (const subject of this.#hub.subjectsOf(process)) labels.push(`bus ${subject}`);
        return `${process.name} on ${labels.join(" and ")}`;
      });
    return `stall: ${waits.join(", ")}`;
  }

  #end(failure: string | undefined): false {
    this.#failure = failure;
    for (const process of this.#world.processes) process.life = 0;
    this.#world.close();
    return false;
  }
}
