import { STOPPED } from "../core/stopped.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { logVersion } from "./log-reading.ts";

/** What a watch needs. */
export interface LogWatchParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: string;
  /** How often the log is looked at when nothing wakes the watch. */
  readonly pollMs: number;
  /** The log could not be read; it is tried again at the next poll. */
  readonly onTrouble: (cause: unknown) => void;
}

/** Somebody who waits for a log to grow. */
interface Waiter {
  readonly version: number;
  readonly resolve: () => void;
}

/**
 * Tells when a log grows, whichever process writes to it. One reading serves all who wait; while nobody waits,
 * nothing is read. Owns: the waiters, one loop. Doesn't own: the store.
 */
export class LogWatch {
  readonly #parts: LogWatchParts;
  readonly #waiters = new Set<Waiter>();
  readonly #unwatch: () => void;
  #pause: AbortController | undefined;
  #poked = false;
  #looping = false;
  #loopEnded: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: LogWatchParts) {
    this.#parts = parts;
    this.#unwatch = parts.store.watch(() => this.poke());
  }

  /** Looks at the log now: it may have grown. */
  poke(): void {
    this.#poked = true;
    this.#pause?.abort(STOPPED);
  }

  /** Resolves when the log has a version above `version`, when `signal` aborts, or when the watch is closed. */
  beyond(version: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const waiter = { version, resolve: done };
      signal.addEventListener("abort", done);
      this.#waiters.add(waiter);
      if (!this.#looping) this.#loopEnded = this.#loop();
    });
  }

  /** Nobody waits any more. Resolves when the log is not being read: the store may be disposed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    for (const { resolve } of [...this.#waiters]) resolve();
    this.#pause?.abort(STOPPED);
    await this.#loopEnded;
  }

  async #loop(): Promise<void> {
    this.#looping = true;
    while (this.#waiters.size > 0) {
      this.#poked = false;
      await this.#look();
      if (this.#waiters.size > 0 && !this.#poked) await this.#rest();
    }
    this.#looping = false;
  }

  async #look(): Promise<void> {
    const { store, log, onTrouble } = this.#parts;
    try {
      const version = await logVersion(store, log);
      for (const waiter of [...this.#waiters]) if (waiter.version < version) waiter.resolve();
    } catch (cause) {
      if (!this.#closed) onTrouble(cause);
    }
  }

  async #rest(): Promise<void> {
    const pause = new AbortController();
    this.#pause = pause;
    // Somebody waits: a process that does nothing else must not end over it.
    const options = { signal: pause.signal, keepAlive: true };
    await this.#parts.clock.sleep(this.#parts.pollMs, options).catch(() => {});
    this.#pause = undefined;
  }
}
