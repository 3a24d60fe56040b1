import { CANCELLED_TREES, NO_SIGNAL } from "./cancel-check.ts";
import { CHANGED_CODE, GOLDEN_HISTORIES } from "./golden-check.ts";
import { NO_BOUND, OVERLOAD } from "./overload-check.ts";
import {
  BLIND_RETRY,
  COUNTER_IDS,
  DROPPED_VERSION,
  JOURNAL_AFTER_RETURN,
  MANY_PER_TURN,
  NEW_KEY,
  NO_FENCE,
  NO_INTENT,
  PLAIN_WRITE,
  UNREAD_MAIL,
} from "./plants.ts";
import {
  DEADLOCK_PLANTS,
  KEY_PLANTS,
  LOSS_PLANTS,
  MAILBOX_PLANTS,
  RECOVERY_PLANTS,
  TALK_PLANTS,
} from "./plants-messaging.ts";
import {
  ANSWER_PLANTS,
  CANCEL_PLANTS,
  CHECK_PLANTS,
  PAUSE_PLANTS,
  SCOPE_PLANTS,
  TRANSACTION_PLANTS,
  VERSION_PLANTS,
  WAIT_PLANTS,
} from "./plants-scopes.ts";
import { NOTHING_SYNCED, POWER_CUTS, POWER_LOST_AFTER_WRITE } from "./power-cut-check.ts";
import { CONFORMANCE, COUNTERS, KILLS, MAIN_JOB, NO_SYNC, SYNC_ORDER } from "./process-checks.ts";
import type { PromiseRow } from "./promise.ts";
import { NOBODY_FREES, RECOVERY, RECOVERY_FROM_HUNG } from "./recovery-check.ts";
import { STORE_PLANTS } from "./store-plants.ts";
import {
  KILLED_WORKERS,
  STOPPED_WORKERS,
  WORKER_JOURNAL_AFTER_RETURN,
  WORKERS_WITHOUT_FENCE,
} from "./worker-checks.ts";

const ROWS: readonly PromiseRow[] = [
  {
    id: "R1",
    title: "durable append: what was acknowledged is there after kill -9 and loss of power",
    explorations: [],
    windows: [],
    plants: [],
    processChecks: [KILLS, SYNC_ORDER, POWER_CUTS],
    processPlants: [NO_SYNC, POWER_LOST_AFTER_WRITE, NOTHING_SYNCED],
  },
  {
    id: "R2",
    title: "order: records of a stream are gapless, and the same for every reader",
    explorations: [
      { scenario: "two-writers" },
      {
        scenario: "two-writers-small",
        exhaustive: { preemptionBound: 3, maxSchedules: 200_000 },
      },
    ],
    windows: ["outcome unknown", "refused by version"],
    plants: [DROPPED_VERSION],
  },
  {
    id: "R3",
    title: "no lost update: nothing is overwritten by one who had not read it",
    explorations: [
      { scenario: "shared-cell-2", exhaustive: { preemptionBound: 2, maxSchedules: 200_000 } },
      { scenario: "shared-cell-3" },
      { scenario: "contended-transactions", factor: 0.3 },
    ],
    windows: ["outcome unknown", "refused as conflict", "a transaction was tried again"],
    plants: [PLAIN_WRITE, ...TRANSACTION_PLANTS],
    processChecks: [COUNTERS],
  },
  {
    id: "R4",
    title: "recorded step: what is recorded never runs again, after any crash",
    explorations: [
      { scenario: "recorded-steps" },
      {
        scenario: "recorded-steps-small",
        exhaustive: { preemptionBound: 0, maxSchedules: 200_000 },
      },
    ],
    windows: ["replayed", "an unrecorded step ran again"],
    plants: [JOURNAL_AFTER_RETURN],
    processChecks: [MAIN_JOB, KILLED_WORKERS],
    processPlants: [WORKER_JOURNAL_AFTER_RETURN],
  },
  {
    id: "R5",
    title: "effect once: behind an idempotency key once, without one never twice in silence",
    explorations: [{ scenario: "keyed-effects" }, { scenario: "once-effects" }],
    windows: [
      "a repeated call was deduplicated by its key",
      "an unknown effect went to its policy",
    ],
    plants: [NO_INTENT, NEW_KEY],
    processChecks: [KILLED_WORKERS],
  },
  {
    id: "R6",
    title: "message once: an accepted message changes its receiver exactly once",
    explorations: [
      { scenario: "one-host-asks" },
      { scenario: "two-hosts" },
      { scenario: "answered-once", factor: 0.3 },
    ],
    windows: ["replayed", "a write was refused as behind", "an answer came too late"],
    plants: [BLIND_RETRY, ...ANSWER_PLANTS],
    processChecks: [KILLED_WORKERS],
  },
  {
    id: "R7",
    title: "no loss: an accepted message is answered, whoever leaves memory or dies",
    explorations: [
      { scenario: "one-host-passivates" },
      { scenario: "dead-letters", factor: 0.3 },
      { scenario: "broadcasts", factor: 0.3 },
      { scenario: "waited-signals", factor: 0.3 },
      { scenario: "waited-signals-released", factor: 0.3 },
    ],
    windows: [
      "replayed",
      "a write was refused as behind",
      "a wait timed out",
      "a message expired",
      "a broadcast went to both hosts",
    ],
    plants: [UNREAD_MAIL, ...LOSS_PLANTS, ...WAIT_PLANTS],
    processChecks: [KILLED_WORKERS],
  },
  {
    id: "R8",
    title: "one owner: a host that stood still writes nothing after it was declared dead",
    explorations: [{ scenario: "stalled-host", factor: 2 }],
    windows: ["a host was declared dead by another", "a write was refused as fenced"],
    plants: [NO_FENCE],
    processChecks: [STOPPED_WORKERS],
    processPlants: [WORKERS_WITHOUT_FENCE],
  },
  {
    id: "R9",
    title: "deadlock: every one is reported with its cycle, to one victim, and nothing else is",
    explorations: [
      { scenario: "late-edges-2", exhaustive: { preemptionBound: 3, maxSchedules: 200_000 } },
      { scenario: "late-edges-3", exhaustive: { preemptionBound: 2, maxSchedules: 200_000 } },
      { scenario: "deadlock-2", factor: 0.3 },
      { scenario: "deadlock-2-hosts", factor: 0.3 },
      { scenario: "deadlock-2-crashes", factor: 0.5 },
      { scenario: "deadlock-3-crashes", factor: 0.3 },
      { scenario: "deadlock-both", factor: 0.3 },
      { scenario: "deadlock-both-leaves", factor: 0.3 },
      { scenario: "deadlock-both-crashes", factor: 0.3 },
      { scenario: "deadlock-person", factor: 0.3 },
      { scenario: "race-is-none", factor: 0.5 },
      { scenario: "race-is-none-crashes", factor: 0.2 },
    ],
    windows: ["deadlocked", "never deadlocked", "a host died in a deadlock", "several found it"],
    plants: DEADLOCK_PLANTS,
  },
  {
    id: "R10",
    title: "no endless talk: a run ends in bounded work, whoever talks to whom",
    explorations: [
      { scenario: "talk-in-chains", factor: 0.2 },
      { scenario: "talk-in-fans", factor: 0.2 },
    ],
    windows: [
      "a message went as far as one may",
      "all messages of a run were used up",
      "a deadline travelled on",
    ],
    plants: TALK_PLANTS,
  },
  {
    id: "R12",
    title: "replay: the same requests in the same order, whatever ran in parallel",
    explorations: [
      { scenario: "racing-branches" },
      { scenario: "raced-branches", factor: 0.2 },
      { scenario: "raced-branches-two-hosts", factor: 0.2 },
      { scenario: "failing-branches", factor: 0.2 },
      { scenario: "failing-branches-two-hosts", factor: 0.2 },
      { scenario: "restarted-handlers", factor: 0.2 },
      { scenario: "changed-code", factor: 0.5 },
      { scenario: "checked-quietly", factor: 0.1 },
      { scenario: "raced-branches-checked", factor: 0.1 },
      { scenario: "failing-branches-checked", factor: 0.1 },
      { scenario: "waited-signals-checked", factor: 0.1 },
      { scenario: "restarted-handlers-checked", factor: 0.1 },
      { scenario: "cancelled-runs-checked", factor: 0.1 },
      { scenario: "paused-runs-checked", factor: 0.1 },
      { scenario: "undone-work-checked", factor: 0.1 },
      { scenario: "changed-code-checked", factor: 0.1 },
      { scenario: "versioned-code", factor: 0.2 },
      { scenario: "versioned-code-leaves", factor: 0.2 },
      { scenario: "versioned-code-deploy", factor: 0.2 },
      { scenario: "forked-runs", factor: 0.2 },
    ],
    windows: [
      "replayed the same way",
      "version 2 continued a task of version 1",
      "a branch was given up",
      "a handler began anew at once",
      "the new code took over",
      "the old code was kept",
      "a run was forked",
      "a task was run again",
    ],
    plants: [COUNTER_IDS, MANY_PER_TURN, ...SCOPE_PLANTS, ...VERSION_PLANTS, ...CHECK_PLANTS],
    processChecks: [GOLDEN_HISTORIES, CHANGED_CODE],
  },
  {
    id: "R13",
    title: "recovery: after a restart everything unfinished goes on within 30 s",
    explorations: [
      { scenario: "recovery", factor: 0.5 },
      { scenario: "recovery-leaves", factor: 0.5 },
    ],
    windows: ["a host crashed twice", "a host was declared dead by another", "replayed"],
    plants: RECOVERY_PLANTS,
    processChecks: [RECOVERY, RECOVERY_FROM_HUNG],
    processPlants: [NOBODY_FREES],
  },
  {
    id: "R14",
    title: "backpressure: what is too much is refused with a typed error, in bounded memory",
    explorations: [
      { scenario: "mailbox-1", factor: 0.5 },
      { scenario: "mailbox-2-refuses", factor: 0.5 },
    ],
    windows: ["a mailbox was full", "refused for a full mailbox", "a write was refused as full"],
    plants: MAILBOX_PLANTS,
    processChecks: [OVERLOAD],
    processPlants: [NO_BOUND],
  },
  {
    id: "R15",
    title: "cancel: when it has resolved nothing of the run lives or begins",
    explorations: [
      { scenario: "cancelled-runs", factor: 0.3 },
      { scenario: "cancelled-runs-two-hosts", factor: 0.3 },
      { scenario: "cancelled-runs-stalled", factor: 0.3 },
      { scenario: "cancelled-runs-hanging", factor: 0.1 },
      { scenario: "stuck-runs", factor: 0.1 },
      { scenario: "undone-work", factor: 0.2 },
    ],
    windows: [
      "a run was cancelled",
      "a task was undone",
      "a run with a stuck task was cancelled",
      "a host was declared dead by another",
    ],
    plants: CANCEL_PLANTS,
    processChecks: [CANCELLED_TREES],
    processPlants: [NO_SIGNAL],
  },
  {
    id: "PAUSE",
    title:
      "pause: nothing begins until the run is resumed, its time stands still, nothing is forgotten",
    explorations: [
      { scenario: "paused-runs", factor: 0.2 },
      { scenario: "paused-runs-stalled", factor: 0.2 },
      { scenario: "paused-runs-briefly", factor: 0.2 },
      { scenario: "paused-runs-twice", factor: 0.2 },
      { scenario: "paused-runs-cancelled", factor: 0.2 },
    ],
    windows: ["a run was paused", "a time was over after a pause", "replayed"],
    plants: PAUSE_PLANTS,
  },
  {
    id: "K9",
    title: "one per key: messages of one key one at a time, in the order of their acceptance",
    explorations: [
      { scenario: "keyed-agents", factor: 0.5 },
      { scenario: "keyed-agents-leave", factor: 0.5 },
    ],
    windows: ["queued behind a key", "replayed", "a host was declared dead by another"],
    plants: KEY_PLANTS,
  },
  {
    id: "STORE",
    title: "conformance: memory and SQLite keep every sentence of the store's contract",
    explorations: [],
    windows: [],
    plants: [],
    processChecks: [CONFORMANCE],
  },
];

/** All that is built of the promises so far; `docs/promises.md` says what each of them means exactly. */
export const PROMISES: readonly PromiseRow[] = ROWS.map((row) => ({
  ...row,
  plants: [...row.plants, ...STORE_PLANTS.filter(({ promise }) => promise === row.id)],
}));
