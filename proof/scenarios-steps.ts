import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { retriedEffects } from "../packages/waggle/test/sim/scenarios/retried-effects.ts";
import type { Weather } from "../packages/waggle/test/sim/scenarios/run-world.ts";

/** One host that crashes; whoever waits stays in memory. */
const IN_MEMORY: Weather = {
  hosts: 1,
  crashes: 2,
  knowsGone: true,
  faults: 1,
  // Longer than any back-off: what is recorded of one is not recorded because its task leaves.
  passivateAfterMs: 1_000_000,
};

/** One host that crashes; whoever waits leaves memory at once. */
const RELEASED: Weather = { ...IN_MEMORY, crashes: 1, passivateAfterMs: 0 };

/** Two hosts that crash, and whose times may come early: while a task is being given back, too. */
const TWO_HOSTS: Weather = { ...RELEASED, hosts: 2, earlyTimers: 4 };

/** Two hosts that stand still, for longer than their leases too. */
const STALLED: Weather = {
  hosts: 2,
  crashes: 0,
  faults: 2,
  earlyTimers: 40,
  passivateAfterMs: 10_000,
};

const NAMES = ["a", "b"];

/** Steps that are tried again, and effects that are looked for. */
export type StepScenarioId =
  | "retried-steps"
  | "retried-steps-released"
  | "retried-steps-two-hosts"
  | "retried-keyed"
  | "retried-keyed-released"
  | "retried-once"
  | "reconciled-once"
  | "reconciled-keyed"
  | "reconciled-stalled"
  | "paused-retries"
  | "paused-retries-released"
  | "cancelled-retries";

/** By their ids. */
export const STEP_SCENARIOS: Readonly<Record<StepScenarioId, () => Scenario>> = {
  "retried-steps": () => retriedEffects(IN_MEMORY, { effect: "repeatable", names: NAMES }),
  "retried-steps-released": () => retriedEffects(RELEASED, { effect: "repeatable", names: NAMES }),
  "retried-steps-two-hosts": () =>
    retriedEffects(TWO_HOSTS, { effect: "repeatable", names: NAMES }),
  "retried-keyed": () => retriedEffects(IN_MEMORY, { effect: "keyed", names: NAMES }),
  "retried-keyed-released": () => retriedEffects(RELEASED, { effect: "keyed", names: NAMES }),
  "retried-once": () => retriedEffects(IN_MEMORY, { effect: "once", names: NAMES }),
  "reconciled-once": () =>
    retriedEffects(IN_MEMORY, { effect: "once", names: NAMES, isReconciled: true }),
  "reconciled-keyed": () =>
    retriedEffects(RELEASED, { effect: "keyed", names: NAMES, isReconciled: true }),
  "reconciled-stalled": () =>
    retriedEffects(STALLED, { effect: "once", names: ["a"], isReconciled: true }),
  "paused-retries": () =>
    retriedEffects(
      { ...IN_MEMORY, crashes: 0 },
      { effect: "repeatable", names: NAMES, play: "pause" },
    ),
  "paused-retries-released": () =>
    retriedEffects(RELEASED, { effect: "keyed", names: NAMES, play: "pause" }),
  "cancelled-retries": () =>
    retriedEffects({ ...IN_MEMORY, crashes: 1 }, { effect: "keyed", names: NAMES, play: "cancel" }),
};
