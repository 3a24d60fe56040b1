import type { Bus } from "../../ports/bus.ts";

/**
 * A bus within one process. Delivers in microtasks, in the order of the calls.
 * @param onError - Gets what a listener threw. Default: nobody does, for nothing waits for a listener.
 */
export function memoryBus(onError: (error: unknown) => void = () => {}): Bus {
  const listeners = new Map<string, Set<(message: string) => void>>();
  return {
    publish(subject, message) {
      for (const listener of listeners.get(subject) ?? []) {
        Promise.resolve(message).then(listener).catch(onError);
      }
    },
    subscribe(subject, listener) {
      const own = (message: string): void => listener(message);
      const there = listeners.get(subject) ?? new Set();
      listeners.set(subject, there.add(own));
      return () => {
        there.delete(own);
        if (there.size === 0 && listeners.get(subject) === there) listeners.delete(subject);
      };
    },
  };
}
