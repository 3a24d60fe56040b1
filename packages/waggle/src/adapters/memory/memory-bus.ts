import type { Bus } from "../../ports/bus.ts";

/** A bus within one process. Delivers in microtasks, in the order of the calls. */
export function memoryBus(): Bus {
  const listeners = new Map<string, Set<(message: string) => void>>();
  return {
    publish(subject, message) {
      for (const listener of listeners.get(subject) ?? []) {
        // A listener that throws rejects a promise of its own: reported by the process, harmless to others.
        void Promise.resolve(message).then(listener);
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
