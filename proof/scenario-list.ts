import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { asksAcrossHosts } from "../packages/waggle/test/sim/scenarios/asks-across-hosts.ts";
import { guardedEffects } from "../packages/waggle/test/sim/scenarios/guarded-effects.ts";
import { racingBranches } from "../packages/waggle/test/sim/scenarios/racing-branches.ts";
import { recordedSteps } from "../packages/waggle/test/sim/scenarios/recorded-steps.ts";
import { sharedCell } from "../packages/waggle/test/sim/scenarios/shared-cell.ts";
import { twoWriters } from "../packages/waggle/test/sim/scenarios/two-writers.ts";
import { MESSAGING_SCENARIOS, type MessagingScenarioId } from "./scenarios-messaging.ts";
import { SCOPE_SCENARIOS, type ScopeScenarioId } from "./scenarios-scopes.ts";
import { STEP_SCENARIOS, type StepScenarioId } from "./scenarios-steps.ts";

/** Names a scenario. */
export type ScenarioId =
  | "two-writers"
  | "two-writers-small"
  | "shared-cell-2"
  | "shared-cell-3"
  | "recorded-steps"
  | "recorded-steps-small"
  | "one-host-asks"
  | "one-host-passivates"
  | "two-hosts"
  | "stalled-host"
  | "racing-branches"
  | "keyed-effects"
  | "once-effects"
  | ScopeScenarioId
  | StepScenarioId
  | MessagingScenarioId;

/** Every scenario that a proof names, by its id; child processes find them by it. */
export const SCENARIOS: Readonly<Record<ScenarioId, () => Scenario>> = {
  "two-writers": () => twoWriters(3, 1),
  "two-writers-small": () => twoWriters(2, 0),
  "shared-cell-2": () => sharedCell(2, 1),
  "shared-cell-3": () => sharedCell(3, 1),
  "recorded-steps": () => recordedSteps(3, 2),
  "recorded-steps-small": () => recordedSteps(2, 1, true),
  "one-host-asks": () =>
    asksAcrossHosts({ asks: 2, hosts: 1, crashes: 1, faults: 1, passivateAfterMs: 10_000 }),
  "one-host-passivates": () =>
    asksAcrossHosts({ asks: 2, hosts: 1, crashes: 1, faults: 1, passivateAfterMs: 0 }),
  "two-hosts": () =>
    asksAcrossHosts({ asks: 2, hosts: 2, crashes: 1, faults: 1, passivateAfterMs: 0 }),
  "stalled-host": () =>
    asksAcrossHosts({
      asks: 2,
      hosts: 2,
      crashes: 0,
      faults: 1,
      earlyTimers: 40,
      passivateAfterMs: 0,
    }),
  "racing-branches": () => racingBranches(4, 3, 1),
  "keyed-effects": () => guardedEffects("keyed", 2, 1),
  "once-effects": () => guardedEffects("once", 2, 1),
  ...SCOPE_SCENARIOS,
  ...STEP_SCENARIOS,
  ...MESSAGING_SCENARIOS,
};
