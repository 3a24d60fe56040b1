import type { CallOptions } from "../../ports/call-options.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EffectPool } from "./effect-pool.ts";
import { PendingEffect } from "./pending-effect.ts";
import type { ProcessState } from "./process-state.ts";

/** Virtual wall clock at the start of each schedule: 2001-09-09, so that offsets are easy to read. */
export const START_MS: number = 1_000_000_000_000;

const nothing = (): void => {};

/** The {@link Clock} of incarnation `life` of `process`. */
export function simClock(pool: EffectPool, process: ProcessState, life: number): Clock {
  const { startedAt } = process;
  return {
    now: () => START_MS + pool.elapsedMs,
    monotonic: () => pool.elapsedMs - startedAt,
    sleep: (ms, options) =>
      life === process.life ? sleep(pool, process, ms, options) : new Promise<void>(nothing),
    turn: (callback) => {
      if (life === process.life) pool.addTurn(process, callback);
    },
  };
}

function sleep(
  pool: EffectPool,
  process: ProcessState,
  ms: number,
  options: CallOptions | undefined,
): Promise<void> {
  const signal = options?.signal;
  const at = pool.elapsedMs + Math.max(ms || 0, 0);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise as Promise<void>;
  }
  const onAbort = (): void => {
    if (pool.remove(timer)) reject(signal?.reason);
  };
  const onFire = (): void => {
    signal?.removeEventListener("abort", onAbort);
    resolve(undefined);
  };
  const settle = { resolve: onFire, reject };
  const timer = new PendingEffect("timer", process, `sleep ${ms}`, nothing, settle, undefined);
  timer.at = at;
  pool.add(timer);
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise as Promise<void>;
}
