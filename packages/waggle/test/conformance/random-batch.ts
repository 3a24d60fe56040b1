import fc from "fast-check";
import {
  type BlobId,
  type HostId,
  parseRunId,
  type RunId,
  type TaskId,
} from "../../src/core/ids.ts";
import { PRIORITIES } from "../../src/core/priority.ts";
import type {
  AppendWrite,
  Batch,
  Ending,
  ExpectWrite,
  Gate,
  NewRecord,
  Write,
} from "../../src/ports/store.ts";
import {
  ANNE,
  append,
  BERT,
  blobNamed,
  CARL,
  CLOSE,
  create,
  deliver,
  gate,
  keep,
  pathNamed,
  publish,
  taskNamed,
} from "../../src/testing/store-conformance/writes.ts";

const [ONE, TWO, OLD] = [parseRunId("one"), parseRunId("two"), parseRunId("old")];
const TASKS: readonly TaskId[] = ["a", "b", "c", "d", "e", "f", "ended"].map(taskNamed);
const [FIRST, SECOND] = [taskNamed("a"), taskNamed("b")];
const [THIRD, FOURTH] = [taskNamed("c"), taskNamed("d")];
const ENDED = taskNamed("ended");
/** Five seconds after the wall clock of {@link memorySubject} begins. */
const SOON = 1_767_225_605_000;

/** What random work is about: logs and blobs that it may write. */
export const RANDOM_NAMES: { readonly logs: readonly string[]; readonly blobs: readonly BlobId[] } =
  {
    logs: ["log", "other"],
    blobs: ["first", "second"].map(blobNamed),
  };

/** An append; with `versionOff`, version and inbox are told relative to what is there when its turn comes. */
export interface LooseAppend extends AppendWrite {
  readonly versionOff?: number;
  readonly inboxOff?: number | undefined;
}

/** An expectation; with `versionOff`, version and inbox are told relative to what is there when its turn comes. */
export interface LooseExpect extends ExpectWrite {
  readonly versionOff?: number;
  readonly inboxOff?: number | undefined;
}

/** A write, or one that has to be made exact. */
export type LooseWrite = Exclude<Write, AppendWrite | ExpectWrite> | LooseAppend | LooseExpect;

/** One of the runs that are open at first. */
export const randomRun: fc.Arbitrary<RunId> = fc.constantFrom(ONE, TWO);
/** One of the tasks, which may be there or not. */
export const randomTask: fc.Arbitrary<TaskId> = fc.constantFrom(...TASKS);
/** Any gate. */
export const randomGate: fc.Arbitrary<Gate> = fc.constantFrom(
  "open",
  "paused",
  "cancelling",
  "ended",
);

const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

/** One of the hosts. Mostly one: what a host may do with its tasks, it has to own them for. */
export const randomHost: fc.Arbitrary<HostId> = mostly(ANNE, BERT, CARL);

const ending: fc.Arbitrary<Ending | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("close" as const),
      state: fc.constantFrom("closed" as const, "dead" as const),
    }),
  },
  fc.record({
    type: fc.constant("release" as const),
    due: fc.constantFrom(null, 0, SOON),
    outside: fc.boolean(),
  }),
  fc.constant({ type: "stick" as const }),
);

const anyAppend: fc.Arbitrary<LooseAppend> = fc
  .record({
    id: randomTask,
    versionOff: mostly(0, 1, -1),
    count: fc.nat(2),
    wanted: ending,
    starts: fc.boolean(),
    cleanup: mostly(false, true),
    restart: mostly(false, true),
    inboxOff: mostly<number | undefined>(undefined, 0, 1),
  })
  .map(({ id, versionOff, count, wanted, inboxOff, ...flags }) => ({
    ...append(
      id,
      0,
      Array.from({ length: count }, (_, i) => `${i}`),
      { ...flags, ...(wanted === undefined ? {} : { ending: wanted }) },
    ),
    versionOff,
    inboxOff,
  }));

const anyCreate: fc.Arbitrary<LooseWrite> = fc
  .record({
    id: randomTask,
    run: randomRun,
    owned: fc.boolean(),
    priority: fc.constantFrom(...PRIORITIES),
    agent: fc.constantFrom("cook", "waiter"),
    key: fc.constantFrom(null, null, "k", "l"),
    parent: fc.constantFrom(null, FIRST, SECOND),
    due: mostly<number | undefined>(undefined, 0, SOON),
    mailbox: mostly<number | undefined>(undefined, 1, 2),
    codeVersion: fc.constantFrom(undefined, "1", "2"),
  })
  .map(({ owned, due, mailbox, codeVersion, ...task }) => {
    const isOwned = owned && task.key === null;
    return {
      ...create(0, task, isOwned ? ANNE : null),
      ...(due === undefined || isOwned ? {} : { due }),
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(codeVersion === undefined ? {} : { codeVersion }),
    };
  });

const anyDeliver: fc.Arbitrary<LooseWrite> = fc
  .record({
    id: randomTask,
    path: fc.constantFrom(null, pathNamed("p"), pathNamed("q")),
    drop: fc.boolean(),
    kind: fc.constantFrom("answer", "resume", "signal", "cancel", "probe"),
  })
  .map(({ id, path, drop, kind }) => ({
    ...deliver(id, path, '"m"', drop ? "drop" : "refuse"),
    kind,
  }));

const anyExpect: fc.Arbitrary<LooseWrite> = fc.record({
  type: fc.constant("expect" as const),
  task: randomTask,
  version: fc.constant(0),
  inbox: fc.constant(0),
  versionOff: mostly(0, 1),
  inboxOff: mostly(0, 1),
  owner: mostly<HostId | null>(ANNE, null, BERT),
  gate: mostly<Gate>("open", "paused", "ended"),
});

const recordKey = fc.constantFrom("a", "b");
const anyRecord: fc.Arbitrary<NewRecord> = fc.oneof(
  fc.constant({ key: null, data: "0" }),
  fc
    .tuple(
      recordKey,
      fc.constantFrom("1", '"x"', null),
      mostly<number | undefined>(undefined, 0, 1, 2, 3),
    )
    .map(([key, data, expect]) => (expect === undefined ? { key, data } : { key, data, expect })),
  fc.record({ key: recordKey, add: fc.integer({ min: -3, max: 3 }) }),
);

const anyLog = fc.constantFrom(...RANDOM_NAMES.logs);
const cell = fc.constantFrom("x", "y");

const write: fc.Arbitrary<LooseWrite> = fc.oneof(
  { weight: 6, arbitrary: anyAppend },
  { weight: 4, arbitrary: anyCreate },
  { weight: 2, arbitrary: anyDeliver },
  { weight: 2, arbitrary: anyExpect },
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
      run: fc.constantFrom(ONE, TWO, TWO, OLD),
      from: mostly<readonly Gate[] | null>(["open", "paused"], null, ["cancelling"], []),
      to: fc.constantFrom<Gate>("open", "open", "paused", "paused", "cancelling", "ended"),
    }),
  },
  fc.record({
    type: fc.constant("free" as const),
    host: mostly(BERT, CARL, ANNE),
    beat: mostly(0, 1, 2),
  }),
  {
    weight: 2,
    arbitrary: fc
      .tuple(anyLog, fc.array(anyRecord, { maxLength: 3 }))
      .map(([log, records]) => publish(log, ...records)),
  },
  fc
    .tuple(fc.constantFrom(...RANDOM_NAMES.blobs), fc.constantFrom(ONE, TWO, OLD, null))
    .map(([id, run]) => keep(id, id, run)),
  fc.record({ type: fc.constant("trim" as const), run: fc.constantFrom(ONE, TWO, OLD) }),
  fc.record({ type: fc.constant("trim-log" as const), log: anyLog, before: fc.nat(8) }),
);

/** Some writes of one host: a batch whose appends have to be made exact. */
export const randomBatch: fc.Arbitrary<Batch> = fc
  .tuple(
    randomHost,
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

/**
 * Two open runs, each with a task of Anne's and one of a key; one task that has ended; a run
 * that has; and a log.
 */
export const FIRST_BATCHES: readonly Batch[] = [
  ...[ONE, TWO].map((run, index) => ({
    host: ANNE,
    writes: [
      gate(run, null, "open"),
      create(1, { id: index === 0 ? FIRST : SECOND, run }, ANNE),
      create(2, { id: index === 0 ? THIRD : FOURTH, run, key: "k" }),
    ],
  })),
  {
    host: ANNE,
    writes: [
      create(0, { id: ENDED, run: ONE }, ANNE),
      append(ENDED, 1, ["end"], CLOSE),
      publish("log", { key: "a", data: "1" }, { key: null, data: "2" }, { key: "b", add: 3 }),
    ],
  },
  {
    host: ANNE,
    writes: [
      gate(OLD, null, "open"),
      create(1, { id: taskNamed("old"), run: OLD }, ANNE),
      ...RANDOM_NAMES.blobs.map((id) => keep(id, id, OLD)),
      append(taskNamed("old"), 1, ["end"], CLOSE),
      gate(OLD, ["open"], "ended"),
    ],
  },
];
