import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { EffectPool } from "./effect-pool.ts";
import { PendingEffect, type Settle } from "./pending-effect.ts";
import type { ProcessState } from "./process-state.ts";
import type { EffectOptions, Process } from "./scenario.ts";
import type { BusHub } from "./sim-bus.ts";
import { simClock } from "./sim-clock.ts";
import { simRandom } from "./sim-random.ts";

const nothing = (): void => {};

/** What an incarnation needs from its schedule. */
export interface Surroundings {
  readonly pool: EffectPool;
  readonly hub: BusHub;
  /** Seed of the schedule. */
  readonly seed: number;
}

/** Starts a new incarnation of `process` in its state; the one before is dead from now on. */
export function nextIncarnation(process: ProcessState, surroundings: Surroundings): Process {
  process.incarnations += 1;
  process.life = process.incarnations;
  process.startedAt = surroundings.pool.elapsedMs;
  process.settled = false;
  return new Incarnation(process, surroundings);
}

class Incarnation implements Process {
  readonly name: string;
  readonly incarnation: number;
  readonly effect: Process["effect"];
  readonly #process: ProcessState;
  readonly #around: Surroundings;
  // Ports are made at their first use: most toy processes need none of them.
  #clock: Clock | undefined;
  #random: Random | undefined;
  #bus: Bus | undefined;

  constructor(process: ProcessState, around: Surroundings) {
    this.name = process.name;
    this.incarnation = process.life;
    this.#process = process;
    this.#around = around;
    const { life } = process;
    // A property, not a method: it is often taken off the handle and passed on.
    this.effect = <T>(label: string, apply: () => T, options?: EffectOptions<T>): Promise<T> => {
      if (life !== process.life) return new Promise<T>(nothing);
      const settle = Promise.withResolvers<T>();
      // The pool does not know T; the promise is resolved with what `apply` or an alternative returned.
      around.pool.add(new PendingEffect("call", process, label, apply, settle as Settle, options));
      return settle.promise;
    };
  }

  get clock(): Clock {
    this.#clock ??= simClock(this.#around.pool, this.#process, this.incarnation);
    return this.#clock;
  }

  get random(): Random {
    this.#random ??= simRandom(this.#around.seed, this.name, this.incarnation);
    return this.#random;
  }

  get bus(): Bus {
    this.#bus ??= this.#around.hub.busOf(this.#process, this.incarnation);
    return this.#bus;
  }
}
