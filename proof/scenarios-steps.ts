import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { retriedEffects } from "../packages/waggle/test/sim/scenarios/retried-effects.ts";
import type { Weather } from "../packages/waggle/test/sim/scenarios/run-world.ts";
import { IN_MEMORY, RELEASED, STALLED, TWO_HOSTS } from "./weathers.ts";

/** Longer than any back-off: what is recorded of one is not recorded because its task leaves. */
const STAYS: Weather = { ...IN_MEMORY, passivateAfterMs: 1_000_000 };

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
  "retried-steps": () => retriedEffects(STAYS, { effect: "repeatable", names: NAMES }),
  "retried-steps-released": () => retriedEffects(RELEASED, { effect: "repeatable", names: NAMES }),
  "retried-steps-two-hosts": () =>
    retriedEffects(TWO_HOSTS, { effect: "repeatable", names: NAMES }),
  "retried-keyed": () => retriedEffects(STAYS, { effect: "keyed", names: NAMES }),
  "retried-keyed-released": () => retriedEffects(RELEASED, { effect: "keyed", names: NAMES }),
  "retried-once": () => retriedEffects(STAYS, { effect: "once", names: NAMES }),
  "reconciled-once": () =>
    retriedEffects(STAYS, { effect: "once", names: NAMES, isReconciled: true }),
  "reconciled-keyed": () =>
    retriedEffects(RELEASED, { effect: "keyed", names: NAMES, isReconciled: true }),
  "reconciled-stalled": () =>
    retriedEffects(STALLED, { effect: "once", names: ["a"], isReconciled: true }),
  "paused-retries": () =>
    retriedEffects({ ...STAYS, crashes: 0 }, { effect: "repeatable", names: NAMES, play: "pause" }),
  "paused-retries-released": () =>
    retriedEffects(RELEASED, { effect: "keyed", names: NAMES, play: "pause" }),
  "cancelled-retries": () =>
    retriedEffects({ ...STAYS, crashes: 1 }, { effect: "keyed", names: NAMES, play: "cancel" }),
};
