import { runtimeError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { engineFault } from "./engine-error.ts";

/** How long a lock held by others is waited for; then the store counts as unavailable. */
const MAX_BUSY_MS = 30_000;

/**
 * Longest pause between two tries. SQLite's own waiting stops the event loop and starves the later of two
 * writers (153,067 against 767 commits/s); retries with jitter share fairly (94,456 and 78,217).
 */
const MAX_PAUSE_MS = 16;

/** Tells how to wait for a lock that another process holds. One per sequence of tries. */
export class BusyRetry {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #since: number;
  #tries = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#since = clock.monotonic();
  }

  /** Calls `again` after a while, or returns the error to give up with. Keeps the process alive meanwhile. */
  next(again: () => void): Error | undefined {
    const waited = Math.round(this.#clock.monotonic() - this.#since);
    if (waited >= MAX_BUSY_MS) {
      return runtimeError(
        "STORE_UNAVAILABLE",
        `other processes held the lock for ${waited} ms (limit ${MAX_BUSY_MS})`,
        { outcome: "not-applied" },
      );
    }
    const ceiling = Math.min(2 ** this.#tries, MAX_PAUSE_MS);
    this.#tries += 1;
    // Not clock.sleep: it lets the process end while a commit waits.
    setTimeout(again, this.#random.next() * ceiling);
    return undefined;
  }
}

/**
 * Calls `body` until it finds no lock in its way.
 * @throws what `body` throws, or RuntimeError `STORE_UNAVAILABLE` after {@link MAX_BUSY_MS}.
 */
export async function retryBusy<T>(clock: Clock, random: Random, body: () => T): Promise<T> {
  let retry: BusyRetry | undefined;
  for (;;) {
    try {
      return body();
    } catch (thrown) {
      if (engineFault(thrown) !== "busy") throw thrown;
      retry ??= new BusyRetry(clock, random);
      await pause(retry, thrown);
    }
  }
}

function pause(retry: BusyRetry, thrown: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const exhausted = retry.next(resolve);
    if (exhausted === undefined) return;
    exhausted.cause = thrown;
    reject(exhausted);
  });
}
