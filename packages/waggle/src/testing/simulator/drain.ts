// Draining: running all microtasks and next-ticks before the next choice. This is the only file that touches a
// private member of Node (`process._tickCallback`), the only one with a real macrotask, and the only one that
// catches what is thrown where nobody can catch it. When the private member is missing or does something else, the public way is
// taken: one macrotask between two choices.

/** `sync`: draining is a call. `macrotask`: draining means coming back in a later macrotask; slower. */
export type DrainMode = "sync" | "macrotask";

const tick: (() => void) | undefined = (
  process as unknown as { readonly _tickCallback?: () => void }
)._tickCallback?.bind(process);

/** Runs all microtasks and next-ticks to quiescence. Only inside {@link inMacrotask}, only in mode `sync`. */
export function drain(): void {
  tick?.();
}

/** Calls `body` in a macrotask of its own and hands its result or error over. */
export function inMacrotask<T>(body: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(body());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/**
 * Calls `body` once per macrotask until it returns false. The next macrotask is ordered before `body` runs, so
 * an immediate of the code under test comes after it; a fast timer or file may still come before.
 */
export function inMacrotasks(body: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const again = (): void => {
      const next = setImmediate(again);
      try {
        if (body()) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      clearImmediate(next);
    };
    setImmediate(again);
  });
}

/**
 * Which mode works here: tries {@link drain} on a chain of microtasks and next-ticks, which it must run to its
 * end and not beyond. Only inside {@link inMacrotask}.
 */
export function drainModeHere(drainNow: () => void = drain): DrainMode {
  let hops = 0;
  let beyond = false;
  const hop = (): void => {
    hops += 1;
    if (hops < 4) process.nextTick(() => queueMicrotask(hop));
  };
  queueMicrotask(hop);
  const immediate = setImmediate(() => {
    beyond = true;
  });
  drainNow();
  clearImmediate(immediate);
  return hops === 4 && !beyond ? "sync" : "macrotask";
}

/** What code threw where nobody can catch it. */
export type Stray = "unhandled rejection" | "uncaught in next-tick";

/**
 * Calls `body`, and `onStray` for what is thrown into the void meanwhile: by promises without a handler, and by
 * next-ticks. The process's own listeners do not hear of it, and are back when this returns. Only where `body`
 * drains synchronously: then everything that runs meanwhile is of its making.
 */
export function catchingStrays<T>(
  onStray: (kind: Stray, thrown: unknown) => void,
  body: () => T,
): T {
  const event = "unhandledRejection";
  const listeners = process.rawListeners(event);
  const { nextTick } = process;
  process.removeAllListeners(event);
  process.on(event, (reason) => onStray("unhandled rejection", reason));
  // A next-tick that throws out of `tick` would leave Node's stack of async contexts broken; it must not throw.
  process.nextTick = <A extends unknown[]>(callback: (...args: A) => void, ...args: A): void => {
    nextTick(() => {
      try {
        callback(...args);
      } catch (error) {
        onStray("uncaught in next-tick", error);
      }
    });
  };
  try {
    return body();
  } finally {
    process.nextTick = nextTick;
    process.removeAllListeners(event);
    for (const listener of listeners)
      process.on(event, listener as NodeJS.UnhandledRejectionListener);
  }
}
