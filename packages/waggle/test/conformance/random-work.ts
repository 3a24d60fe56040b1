import fc from "fast-check";
import type { HostId } from "../../src/core/ids.ts";
import type {
  Batch,
  ClaimRequest,
  RecordQuery,
  RunQuery,
  Store,
  TaskQuery,
  TaskState,
  Write,
} from "../../src/ports/store.ts";
import type { StoreSubject } from "../../src/testing/store-conformance/store-case.ts";
import {
  FIRST_BATCHES,
  type LooseWrite,
  RANDOM_NAMES,
  randomBatch,
  randomGate,
  randomHost,
  randomRun,
  randomTask,
} from "./random-batch.ts";

/** One thing that somebody does to a store. */
export type Action =
  | { readonly type: "commits"; readonly batches: readonly Batch[] }
  | { readonly type: "claim"; readonly request: ClaimRequest }
  | { readonly type: "beat"; readonly host: HostId }
  | { readonly type: "advance"; readonly ms: number }
  | { readonly type: "find"; readonly query: TaskQuery }
  | { readonly type: "runs"; readonly query: RunQuery }
  | { readonly type: "records"; readonly query: RecordQuery };

/** Up to two of these properties: with more, random questions find nothing. */
const few = <T extends object>(...properties: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc
    .array(fc.oneof(...properties), { maxLength: 2 })
    .map((parts) => Object.assign({}, ...parts) as T);

const claim: fc.Arbitrary<Action> = fc
  .tuple(
    randomHost,
    fc.nat(2),
    fc.nat(2),
    fc.option(fc.uniqueArray(randomRun), { nil: undefined, freq: 2 }),
    fc.uniqueArray(fc.constantFrom("1", "2", "cook")),
  )
  .map(([of, cooks, waiters, runs, versions]) => ({
    type: "claim",
    request: {
      host: of,
      agents: [
        { agent: "cook", free: cooks, ...(versions.length === 0 ? {} : { versions }) },
        { agent: "waiter", free: waiters },
      ],
      ...(runs === undefined ? {} : { runs }),
    },
  }));

const find: fc.Arbitrary<Action> = few<TaskQuery>(
  randomRun.map((run) => ({ run })),
  randomHost.map((owner) => ({ owner })),
  fc.constantFrom<TaskState>("open", "stuck", "closed", "dead").map((state) => ({ state })),
  randomTask.map((parent) => ({ parent })),
  fc.constantFrom({ agent: "waiter" }, { agent: "cook", key: "k" }),
  fc.nat(2).map((limit) => ({ limit })),
).map((query) => ({ type: "find", query }));

const runs: fc.Arbitrary<Action> = few<RunQuery>(
  randomRun.map((run) => ({ run })),
  randomGate.map((gate) => ({ gate })),
  fc.boolean().map((over) => ({ over })),
  fc.nat(2).map((limit) => ({ limit })),
).map((query) => ({ type: "runs", query }));

const records: fc.Arbitrary<Action> = fc
  .tuple(
    fc.constantFrom(...RANDOM_NAMES.logs),
    fc.boolean(),
    few<Partial<RecordQuery>>(
      fc.nat(8).map((after) => ({ after })),
      fc.nat(8).map((upTo) => ({ upTo })),
      fc.constantFrom("a", "b").map((key) => ({ key })),
      fc.constantFrom("", "a").map((prefix) => ({ prefix })),
      fc.nat(2).map((limit) => ({ limit })),
    ),
  )
  .map(([log, latest, query]) => ({ type: "records", query: { log, latest, ...query } }));

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(randomBatch, { minLength: 1, maxLength: 4 })
      .map((batches) => ({ type: "commits" as const, batches })),
  },
  { weight: 3, arbitrary: claim },
  randomHost.map((of) => ({ type: "beat" as const, host: of })),
  fc.constantFrom(1, 4_000, 30_000).map((ms) => ({ type: "advance" as const, ms })),
  { weight: 2, arbitrary: find },
  runs,
  { weight: 2, arbitrary: records },
);

/** Random work on a small world: often refused, often not. */
export const randomWork: fc.Arbitrary<readonly Action[]> = fc
  .array(action, { minLength: 12, maxLength: 40 })
  .map((actions) => [{ type: "commits", batches: FIRST_BATCHES }, ...actions]);

/** Does one thing to a store; returns what it answered. Batches of one action are called in one turn. */
export async function perform(
  action: Action,
  store: Store,
  subject: StoreSubject,
): Promise<unknown> {
  switch (action.type) {
    case "commits": {
      const exact = await Promise.all(action.batches.map((each) => exactBatch(store, each)));
      const results = await Promise.all(exact.map((each) => store.commit(each)));
      return results.map((result) => (result.type === "unknown" ? result.type : result));
    }
    case "claim":
      return store.claim(action.request);
    case "beat":
      return store.beat(action.host, "{}");
    case "advance":
      return subject.advance(action.ms);
    case "find":
      return store.find(action.query);
    case "runs":
      return store.runs(action.query);
    case "records":
      return store.records(action.query);
  }
}

async function exactBatch(store: Store, { host: of, writes }: Batch): Promise<Batch> {
  return { host: of, writes: await Promise.all(writes.map((each) => exactWrite(store, each))) };
}

async function exactWrite(store: Store, loose: LooseWrite): Promise<Write> {
  if (loose.type !== "append" && loose.type !== "expect") return loose;
  if (loose.versionOff === undefined) return loose;
  const { versionOff, inboxOff, ...each } = loose;
  const row = (await store.load(each.task))?.row;
  const version = (row?.version ?? 0) + versionOff;
  return {
    ...each,
    version,
    ...(inboxOff === undefined ? {} : { inbox: (row?.inbox ?? 0) + inboxOff }),
  };
}
