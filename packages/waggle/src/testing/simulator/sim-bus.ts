import type { Bus } from "../../ports/bus.ts";
import type { EffectPool } from "./effect-pool.ts";
import { PendingEffect } from "./pending-effect.ts";
import type { ProcessState } from "./process-state.ts";
import type { Alternative } from "./scenario.ts";

interface Subscription {
  readonly process: ProcessState;
  readonly subject: string;
  readonly listener: (message: string) => void;
}

const nothing = (): void => {};

/**
 * The network between the processes of one schedule. A message is one delivery per subscriber; each delivery is
 * an effect of the receiver, so deliveries overtake each other, and each can be lost or come twice.
 */
export class BusHub {
  readonly #pool: EffectPool;
  readonly #subscriptions: Set<Subscription> = new Set();

  constructor(pool: EffectPool) {
    this.#pool = pool;
  }

  /** The {@link Bus} of incarnation `life` of `process`. */
  busOf(process: ProcessState, life: number): Bus {
    return {
      publish: (subject, message) => {
        if (life === process.life) this.#publish(subject, message);
      },
      subscribe: (subject, listener) => {
        if (life !== process.life) return nothing;
        const subscription = { process, subject, listener };
        this.#subscriptions.add(subscription);
        process.subscriptions += 1;
        return () => this.#end(subscription);
      },
    };
  }

  /** Ends all subscriptions of the process: it crashed or ended. */
  endAllOf(process: ProcessState): void {
    if (process.subscriptions === 0) return;
    for (const subscription of this.#subscriptions) {
      if (subscription.process === process) this.#subscriptions.delete(subscription);
    }
    process.subscriptions = 0;
    this.#pool.removeDeliveries((effect) => effect.process === process);
  }

  /** Subjects that the process listens on, in the order of its subscriptions. */
  subjectsOf(process: ProcessState): string[] {
    const own = [...this.#subscriptions].filter((there) => there.process === process);
    return own.map((there) => there.subject);
  }

  #end(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    subscription.process.subscriptions -= 1;
    this.#pool.removeDeliveries((effect) => effect.origin === subscription);
  }

  #publish(subject: string, message: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.subject === subject) this.#deliver(subscription, message);
    }
  }

  #deliver(subscription: Subscription, message: string): void {
    const { process, subject, listener } = subscription;
    // The listener is called by `settle`, not by `apply`: a crash right after the delivery must not show it.
    let lost = false;
    const hear = (): void => {
      if (!lost) this.#pool.guard(process, `a listener of ${subject}`, () => listener(message));
    };
    const alternatives: readonly Alternative<unknown>[] = [
      {
        label: "lost",
        apply: () => {
          lost = true;
        },
      },
      { label: "twice", apply: () => this.#deliver(subscription, message) },
    ];
    const settle = { resolve: hear, reject: nothing };
    const options = { alternatives };
    const arrive = (): unknown => message;
    const delivery = new PendingEffect(
      "delivery",
      process,
      `bus ${subject}`,
      arrive,
      settle,
      options,
    );
    delivery.origin = subscription;
    this.#pool.add(delivery);
  }
}
