import type { Weather } from "../packages/waggle/test/sim/scenarios/run-world.ts";

/** One host that crashes; whoever waits stays in memory. */
export const IN_MEMORY: Weather = {
  hosts: 1,
  crashes: 2,
  knowsGone: true,
  faults: 1,
  passivateAfterMs: 10_000,
};

/** One host that crashes; whoever waits leaves memory at once. */
export const RELEASED: Weather = { ...IN_MEMORY, crashes: 1, passivateAfterMs: 0 };

/** Two hosts that crash. */
export const TWO_HOSTS: Weather = { ...RELEASED, hosts: 2, earlyTimers: 4 };

/** Two hosts that stand still, for longer than their leases too. */
export const STALLED: Weather = {
  hosts: 2,
  crashes: 0,
  faults: 2,
  earlyTimers: 40,
  passivateAfterMs: 10_000,
};

/** The same, and whoever waits leaves memory at once. */
export const STALLED_RELEASED: Weather = { ...STALLED, passivateAfterMs: 0 };
