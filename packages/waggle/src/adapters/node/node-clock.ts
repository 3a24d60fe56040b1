import type { Clock, SleepOptions } from "../../ports/clock.ts";

/** Longest time a timer of the machine takes, ms; it would fire at once after a longer one. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. */
export function nodeClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep,
    turn: (callback) => {
      setImmediate(callback);
    },
  };
}

async function sleep(ms: number, options: SleepOptions = {}): Promise<void> {
  let leftMs = ms;
  for (; leftMs > MAX_TIMER_MS; leftMs -= MAX_TIMER_MS) await sleepOnce(MAX_TIMER_MS, options);
  await sleepOnce(leftMs, options);
}

function sleepOnce(ms: number, { signal, keepAlive = false }: SleepOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    if (!keepAlive) timer.unref();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
