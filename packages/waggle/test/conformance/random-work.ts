import fc from "fast-check";
import { type HostId, parseRunId, type RunId, type TaskId } from "../../src/core/ids.ts";
import { PRIORITIES } from "../../src/core/priority.ts";
import type {
  AppendWrite,
  Batch,
  ClaimRequest,
  Ending,
  Gate,
  Store,
  Write,
} from "../../src/ports/store.ts";
import type { StoreSubject } from "../../src/testing/store-conformance/store-case.ts";
import {
  ANNE,
  append,
  BERT,
  CARL,
  create,
  deliver,
  pathNamed,
  taskNamed,
} from "../../src/testing/store-conformance/writes.ts";

const HOSTS: readonly HostId[] = [ANNE, BERT, CARL];
const RUNS: readonly RunId[] = ["one", "two"].map(parseRunId);
const ENDED = taskNamed("ended");
const TASKS: readonly TaskId[] = [...["a", "b", "c", "d"].map(taskNamed), ENDED];

/** An append whose version and inbox are told relative to what is there when its turn comes. */
interface LooseAppend extends AppendWrite {
  readonly versionOff?: number;
  readonly inboxOff?: number | undefined;
}

type LooseWrite = Exclude<Write, AppendWrite> | LooseAppend;

/** One thing that somebody does to a store. */
export type Action =
  | { readonly type: "commits"; readonly batches: readonly Batch[] }
  | { readonly type: "claim"; readonly request: ClaimRequest }
  | { readonly type: "beat"; readonly host: HostId }
  | { readonly type: "advance"; readonly ms: number };

const host = fc.constantFrom(...HOSTS);
const run = fc.constantFrom(...RUNS);
const task = fc.constantFrom(...TASKS);
const cell = fc.constantFrom("x", "y");
const gate = fc.constantFrom(
  "open" as const,
  "paused" as const,
  "cancelling" as const,
  "ended" as const,
);
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const ending: fc.Arbitrary<Ending | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.record({
    type: fc.constant("close" as const),
    state: fc.constantFrom("closed" as const, "dead" as const),
  }),
  fc.record({
    type: fc.constant("release" as const),
    due: fc.constantFrom(null, 0, 1_767_225_605_000),
  }),
  fc.constant({ type: "stick" as const }),
);

const write: fc.Arbitrary<LooseWrite> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        task,
        mostly(0, 1, -1),
        fc.nat(2),
        ending,
        fc.boolean(),
        mostly<number | undefined>(undefined, 0, 1),
      )
      .map(([id, versionOff, count, then, starts, inboxOff]) => ({
        ...append(
          id,
          0,
          Array.from({ length: count }, (_, i) => `${i}`),
          {
            starts,
            ...(then === undefined ? {} : { ending: then }),
          },
        ),
        versionOff,
        inboxOff,
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        task,
        run,
        fc.boolean(),
        fc.constantFrom(...PRIORITIES),
        fc.constantFrom("cook", "waiter"),
      )
      .map(([id, of, owned, priority, agent]) =>
        create(0, { id, run: of, priority, agent }, owned ? ANNE : null),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(task, fc.constantFrom(null, pathNamed("p"), pathNamed("q")), fc.boolean())
      .map(([id, path, drop]) => deliver(id, path, '"m"', drop ? "drop" : "refuse")),
  },
  fc.record({
    type: fc.constant("set" as const),
    cell,
    expect: fc.nat(3),
    value: fc.constantFrom(null, "1", "2"),
  }),
  fc.record({
    type: fc.constant("add" as const),
    cell,
    by: fc.integer({ min: -3, max: 3 }),
    min: fc.constantFrom(-5, 0),
    max: fc.constantFrom(2, 5),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("gate" as const),
      run,
      from: fc.oneof(fc.constant(null), fc.uniqueArray(gate, { minLength: 1 })),
      to: mostly<Gate>("open", "paused", "cancelling", "ended"),
    }),
  },
  fc.record({ type: fc.constant("free" as const), host, beat: fc.nat(3) }),
);

const batch: fc.Arbitrary<Batch> = fc
  .tuple(
    mostly(ANNE, BERT, CARL),
    fc.oneof(fc.array(write, { minLength: 1, maxLength: 1 }), fc.array(write, { maxLength: 4 })),
  )
  .map(([of, writes]) => ({
    host: of,
    writes: writes.map((each, index) => placed(each, index, of)),
  }));

/** Creates come from their own first event and are owned by whoever commits them. */
function placed(each: LooseWrite, index: number, of: Batch["host"]): LooseWrite {
  if (each.type !== "create") return each;
  return { ...each, origin: { write: index, event: 0 }, owner: each.owner === null ? null : of };
}

const claim: fc.Arbitrary<Action> = fc
  .tuple(host, fc.nat(2), fc.nat(2), fc.option(fc.uniqueArray(run), { nil: undefined, freq: 2 }))
  .map(([of, cooks, waiters, runs]) => ({
    type: "claim",
    request: {
      host: of,
      agents: [
        { agent: "cook", free: cooks },
        { agent: "waiter", free: waiters },
      ],
      ...(runs === undefined ? {} : { runs }),
    },
  }));

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(batch, { minLength: 1, maxLength: 4 })
      .map((batches) => ({ type: "commits" as const, batches })),
  },
  { weight: 3, arbitrary: claim },
  host.map((of) => ({ type: "beat" as const, host: of })),
  fc.constantFrom(1, 4_000, 30_000).map((ms) => ({ type: "advance" as const, ms })),
);

/** Two open runs, each with a task of Anne's, and one task that has ended. */
const start: readonly Batch[] = [
  ...RUNS.map((of, index) => ({
    host: ANNE,
    writes: [
      { type: "gate", run: of, from: null, to: "open" } as const,
      create(1, { id: TASKS[index] ?? ENDED, run: of }, ANNE),
    ],
  })),
  {
    host: ANNE,
    writes: [
      create(0, { id: ENDED, run: RUNS[0] ?? parseRunId("one") }, ANNE),
      append(ENDED, 1, ["end"], { ending: { type: "close", state: "closed" } }),
    ],
  },
];

/** Random work on a small world: often refused, often not. */
export const randomWork: fc.Arbitrary<readonly Action[]> = fc
  .array(action, { minLength: 5, maxLength: 40 })
  .map((actions) => [{ type: "commits", batches: start }, ...actions]);

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
  }
}

async function exactBatch(store: Store, { host: of, writes }: Batch): Promise<Batch> {
  return { host: of, writes: await Promise.all(writes.map((each) => exactWrite(store, each))) };
}

async function exactWrite(store: Store, loose: LooseWrite): Promise<Write> {
  if (loose.type !== "append") return loose;
  const { versionOff = 0, inboxOff, ...each } = loose;
  const row = (await store.load(each.task))?.row;
  const version = (row?.version ?? 0) + versionOff;
  return {
    ...each,
    version,
    ...(inboxOff === undefined ? {} : { inbox: (row?.inbox ?? 0) + inboxOff }),
  };
}
