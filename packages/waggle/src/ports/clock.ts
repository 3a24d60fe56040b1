import type { CallOptions } from "./call-options.ts";

export interface SleepOptions extends CallOptions {
  /** True: the process does not end while this sleeps. Default: sleeping does not keep it alive. */
  readonly keepAlive?: boolean;
}

/** The only source of time. The simulator owns it in tests. */
export interface Clock {
  /** Wall clock in ms since 1970-01-01 UTC. May jump. For records and deadlines that people see. */
  now(): number;
  /** Monotonic ms since some start of this process. Never compared across processes (K14). */
  monotonic(): number;
  /**
   * Resolves after at least `ms` of monotonic time, however long that is.
   * @throws the signal's reason when it aborts; nothing is left behind.
   */
  sleep(ms: number, options?: SleepOptions): Promise<void>;
  /**
   * Calls `callback` in a later macrotask, after all microtasks that are runnable now have run. Calls keep
   * their order. This is what "one result per turn" is built on (K4).
   */
  turn(callback: () => void): void;
}
