import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { cancelledRuns } from "../packages/waggle/test/sim/scenarios/cancelled-runs.ts";
import { changedCode } from "../packages/waggle/test/sim/scenarios/changed-code.ts";
import { contendedTransactions } from "../packages/waggle/test/sim/scenarios/contended-transactions.ts";
import { forkedRuns } from "../packages/waggle/test/sim/scenarios/forked-runs.ts";
import { generatedPrograms } from "../packages/waggle/test/sim/scenarios/generated-programs.ts";
import { pausedRuns } from "../packages/waggle/test/sim/scenarios/paused-runs.ts";
import { restartedHandlers } from "../packages/waggle/test/sim/scenarios/restarted-handlers.ts";
import type { Weather } from "../packages/waggle/test/sim/scenarios/run-world.ts";
import {
  failingBranches,
  racedBranches,
} from "../packages/waggle/test/sim/scenarios/scoped-branches.ts";
import { stuckRuns } from "../packages/waggle/test/sim/scenarios/stuck-runs.ts";
import { topicRequests } from "../packages/waggle/test/sim/scenarios/topic-requests.ts";
import { undoneWork } from "../packages/waggle/test/sim/scenarios/undone-work.ts";
import { versionedCode } from "../packages/waggle/test/sim/scenarios/versioned-code.ts";
import {
  answeredOnce,
  waitedSignals,
} from "../packages/waggle/test/sim/scenarios/waited-signals.ts";
import { IN_MEMORY, RELEASED, STALLED, STALLED_RELEASED, TWO_HOSTS } from "./weathers.ts";

/** The same, and what handlers have done is replayed before it is final. */
const CHECKED: Weather = { ...TWO_HOSTS, verifyReplay: "always" };

/** Scopes, waits, restarts, transactions, forks and the control of runs. */
export type ScopeScenarioId =
  | "generated-programs"
  | "generated-programs-two-hosts"
  | "generated-programs-stalled"
  | "raced-branches"
  | "raced-branches-two-hosts"
  | "failing-branches"
  | "failing-branches-two-hosts"
  | "waited-signals"
  | "waited-signals-released"
  | "answered-once"
  | "cancelled-runs"
  | "cancelled-runs-two-hosts"
  | "cancelled-runs-stalled"
  | "cancelled-runs-hanging"
  | "stuck-runs"
  | "paused-runs"
  | "paused-runs-stalled"
  | "paused-runs-briefly"
  | "paused-runs-twice"
  | "paused-runs-cancelled"
  | "restarted-handlers"
  | "contended-transactions"
  | "changed-code"
  | "checked-quietly"
  | "raced-branches-checked"
  | "failing-branches-checked"
  | "waited-signals-checked"
  | "restarted-handlers-checked"
  | "cancelled-runs-checked"
  | "paused-runs-checked"
  | "undone-work-checked"
  | "changed-code-checked"
  | "versioned-code"
  | "versioned-code-leaves"
  | "versioned-code-deploy"
  | "forked-runs"
  | "undone-work"
  | "topic-requests"
  | "topic-requests-released"
  | "topic-requests-two-hosts";

export const SCOPE_SCENARIOS: Readonly<Record<ScopeScenarioId, () => Scenario>> = {
  "generated-programs": () => generatedPrograms(IN_MEMORY),
  "generated-programs-two-hosts": () => generatedPrograms(TWO_HOSTS),
  "generated-programs-stalled": () => generatedPrograms(STALLED_RELEASED),
  "raced-branches": () => racedBranches(IN_MEMORY),
  "raced-branches-two-hosts": () => racedBranches(TWO_HOSTS),
  "failing-branches": () => failingBranches(RELEASED),
  "failing-branches-two-hosts": () => failingBranches(TWO_HOSTS),
  "waited-signals": () => waitedSignals({ ...IN_MEMORY, crashes: 1, earlyTimers: 4 }, 3),
  "waited-signals-released": () => waitedSignals({ ...RELEASED, earlyTimers: 4 }, 3),
  "answered-once": () => answeredOnce(TWO_HOSTS),
  "cancelled-runs": () => cancelledRuns(RELEASED),
  "cancelled-runs-two-hosts": () => cancelledRuns(TWO_HOSTS),
  "cancelled-runs-stalled": () => cancelledRuns(STALLED_RELEASED),
  "cancelled-runs-hanging": () => cancelledRuns({ ...TWO_HOSTS, cancelGraceMs: 5_000 }, true),
  "stuck-runs": () => stuckRuns(TWO_HOSTS),
  "paused-runs": () => pausedRuns(RELEASED, "pause"),
  "paused-runs-stalled": () => pausedRuns(STALLED, "pause"),
  "paused-runs-briefly": () => pausedRuns({ ...IN_MEMORY, crashes: 0, faults: 0 }, "briefly"),
  "paused-runs-twice": () => pausedRuns(STALLED_RELEASED, "twice"),
  "paused-runs-cancelled": () => pausedRuns(TWO_HOSTS, "cancel"),
  "restarted-handlers": () => restartedHandlers(RELEASED),
  "contended-transactions": () => contendedTransactions(TWO_HOSTS),
  "changed-code": () => changedCode(IN_MEMORY),
  "checked-quietly": () => racedBranches({ ...CHECKED, hosts: 1, crashes: 0, faults: 0 }),
  "raced-branches-checked": () => racedBranches(CHECKED),
  "failing-branches-checked": () => failingBranches(CHECKED),
  "waited-signals-checked": () => waitedSignals(CHECKED, 3),
  "restarted-handlers-checked": () => restartedHandlers(CHECKED),
  "cancelled-runs-checked": () => cancelledRuns(CHECKED),
  "paused-runs-checked": () => pausedRuns(CHECKED, "pause"),
  "undone-work-checked": () => undoneWork(CHECKED),
  "changed-code-checked": () => changedCode({ ...IN_MEMORY, verifyReplay: "always" }),
  "versioned-code": () =>
    versionedCode({ how: "apart", crashes: 1, faults: 1, passivateAfterMs: 10_000 }),
  "versioned-code-leaves": () =>
    versionedCode({ how: "apart", crashes: 1, faults: 1, passivateAfterMs: 0 }),
  "versioned-code-deploy": () =>
    versionedCode({ how: "deploy", crashes: 1, faults: 1, passivateAfterMs: 0 }),
  "forked-runs": () => forkedRuns(RELEASED),
  "undone-work": () => undoneWork(IN_MEMORY),
  "topic-requests": () => topicRequests({ ...IN_MEMORY, crashes: 1 }),
  "topic-requests-released": () => topicRequests({ ...RELEASED, earlyTimers: 4 }),
  "topic-requests-two-hosts": () => topicRequests(TWO_HOSTS),
};
