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
import { CONFORMANCE, COUNTERS, KILLS, MAIN_JOB, NO_SYNC, SYNC_ORDER } from "./process-checks.ts";
import type { PromiseRow } from "./promise.ts";
import { STORE_PLANTS } from "./store-plants.ts";

const ROWS: readonly PromiseRow[] = [
  {
    id: "R1",
    title: "durable append: what was acknowledged is there after kill -9 and loss of power",
    explorations: [],
    windows: [],
    plants: [],
    processChecks: [KILLS, SYNC_ORDER],
    processPlants: [NO_SYNC],
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
    ],
    windows: ["outcome unknown", "refused as conflict"],
    plants: [PLAIN_WRITE],
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
    processChecks: [MAIN_JOB],
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
  },
  {
    id: "R6",
    title: "message once: an accepted message changes its receiver exactly once",
    explorations: [{ scenario: "one-host-asks" }, { scenario: "two-hosts" }],
    windows: ["replayed", "a write was refused as behind"],
    plants: [BLIND_RETRY],
  },
  {
    id: "R7",
    title: "no loss: an accepted message is answered, whoever leaves memory or dies",
    explorations: [{ scenario: "one-host-passivates" }],
    windows: ["replayed", "a write was refused as behind"],
    plants: [UNREAD_MAIL],
  },
  {
    id: "R8",
    title: "one owner: a host that stood still writes nothing after it was declared dead",
    explorations: [{ scenario: "stalled-host", factor: 2 }],
    windows: ["a host was declared dead by another", "a write was refused as fenced"],
    plants: [NO_FENCE],
  },
  {
    id: "R12",
    title: "replay: the same requests in the same order, whatever ran in parallel",
    explorations: [{ scenario: "racing-branches" }],
    windows: ["replayed the same way"],
    plants: [COUNTER_IDS, MANY_PER_TURN],
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
