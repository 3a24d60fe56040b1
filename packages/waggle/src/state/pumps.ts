import type { HostId } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { logVersion } from "./log-reading.ts";
import { LogWatch } from "./log-watch.ts";
import { type PumpResult, pumpOnce } from "./pump.ts";
import type { Subscription } from "./subscription.ts";
import { TOPIC_LOG } from "./topic.ts";

/** What pumping needs of the system around it. */
export interface PumpsParts {
  readonly store: Store;
  readonly clock: Clock;
  /** In whose name it commits: the present host of the process. */
  readonly host: () => HostId;
  readonly subscriptions: readonly Subscription[];
  readonly pollMs: number;
  /** Messages for an agent were accepted. */
  readonly claimable: (agent: string) => void;
  readonly trouble: (cause: unknown) => void;
}

/** Commits for one subscription before the next one has its turn. */
const MAX_ROUNDS = 8;

/** Turns events into messages for the subscribed agents of one process, as long as it runs. */
export class Pumps {
  readonly #parts: PumpsParts;
  readonly #watch: LogWatch;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: PumpsParts) {
    const { store, clock, pollMs, trouble } = parts;
    this.#parts = parts;
    this.#watch = new LogWatch({ store, clock, log: TOPIC_LOG, pollMs, onTrouble: trouble });
  }

  /** Marks where subscriptions to what comes "now" begin, then pumps until {@link Pumps.stop}. */
  async start(): Promise<void> {
    await this.#round();
    this.#running = this.#run();
  }

  /** Resolves when nothing is pumped any more. */
  async stop(): Promise<void> {
    this.#stop.abort(STOPPED);
    await this.#watch.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, pollMs } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { isBehind, position } = await this.#round();
      if (isBehind) await clock.sleep(pollMs, { signal }).catch(() => {});
      else await this.#watch.beyond(position, signal);
    }
  }

  /** Pumps each subscription once through. `isBehind`: one of them could not go on, and is to be tried again. */
  async #round(): Promise<{ readonly isBehind: boolean; readonly position: number }> {
    // Read before: what comes while the round is made wakes the next one.
    const position = await this.#position();
    let isBehind = position === undefined;
    for (const subscription of this.#parts.subscriptions) {
      const result = await this.#drain(subscription);
      if (result?.state !== "caught-up") isBehind = true;
    }
    return { isBehind, position: position ?? 0 };
  }

  async #position(): Promise<number | undefined> {
    try {
      return await logVersion(this.#parts.store, TOPIC_LOG);
    } catch (cause) {
      this.#parts.trouble(cause);
      return undefined;
    }
  }

  async #drain(subscription: Subscription): Promise<PumpResult | undefined> {
    const { store, clock, host, claimable, trouble } = this.#parts;
    try {
      let result: PumpResult | undefined;
      for (let round = 0; round < MAX_ROUNDS && !this.#stop.signal.aborted; round++) {
        result = await pumpOnce({ store, clock, host: host() }, subscription);
        if (result.started > 0) claimable(subscription.operation.agent);
        if (result.state !== "more" && result.state !== "overtaken") break;
      }
      return result;
    } catch (cause) {
      trouble(cause);
      return undefined;
    }
  }
}
