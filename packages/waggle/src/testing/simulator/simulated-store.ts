import type { MemoryLedger } from "../../adapters/memory/memory-ledger.ts";
import { assertNever, type RuntimeError, runtimeError } from "../../core/errors.ts";
import type { HostId, RunId } from "../../core/ids.ts";
import type { Batch, CommitResult, Store, StoredEvent, Write } from "../../ports/store.ts";
import type { Alternative, EffectOptions, Process } from "./scenario.ts";

/** Events that one read of a tail takes. */
const TAIL_PAGE = 100;

/** What a {@link simulatedStore} does besides working. */
export interface SimulatedStoreOptions {
  /** Virtual ms between two reads of a tail that found nothing. Default 100. */
  readonly pollMs?: number;
  /**
   * True: calls other than commit may also fail with `STORE_UNAVAILABLE` (a claim: after it took effect, or
   * before), each for one fault. Default false.
   */
  readonly outages?: boolean;
}

/**
 * The store of one incarnation over a ledger that all processes of a scenario share. Each call is one effect. A
 * commit may come back as `unknown`, applied or not, for one fault.
 * @param self - The incarnation; with it the store dies.
 * @param ledger - Made by `setup`, with `now: world.now`; survives crashes.
 */
export function simulatedStore(
  self: Process,
  ledger: MemoryLedger,
  options: SimulatedStoreOptions = {},
): Store {
  const { pollMs = 100, outages = false } = options;
  let isClosed = false;
  let watches = 0;

  const call = <T>(label: string, apply: () => T, alternatives: Alternative<T>[]): Promise<T> => {
    if (isClosed) return Promise.reject(closed());
    return self.effect(label, apply, { alternatives });
  };
  const read = <T>(label: string, apply: () => T): Promise<T> =>
    call(label, apply, outages ? [unavailable("unavailable", label)] : []);
  const change = <T>(label: string, apply: () => T): Promise<T> =>
    call(
      label,
      apply,
      outages
        ? [
            unavailable("unavailable, applied", label, apply),
            unavailable("unavailable, not applied", label),
          ]
        : [],
    );
  const tail = async function* (
    run: RunId,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<StoredEvent, void> {
    for (let position = from; !signal.aborted; ) {
      const events = await read(`tail ${run}`, () => ledger.eventsAfter(run, position, TAIL_PAGE));
      for (const event of events) {
        if (signal.aborted) return;
        position = event.position;
        yield event;
      }
      if (events.length === 0) await pause(self, pollMs, signal);
    }
  };

  const watch = (listener: () => void): (() => void) => {
    if (isClosed) return () => {};
    let isExpected = false;
    const subject = `watch ${self.name} ${++watches}`;
    // The bus does what a watch may do: tell late, twice or not at all; and it forgets the dead.
    const stopHearing = self.bus.subscribe(subject, () => {
      isExpected = false;
      if (!isClosed) listener();
    });
    const stopTelling = ledger.onClaimable(() => {
      if (isExpected) return;
      isExpected = true;
      self.bus.publish(subject, "");
    });
    return () => {
      stopTelling();
      stopHearing();
    };
  };

  return {
    id: ledger.id,
    capabilities: { durability: "process", shared: "network" },
    commit: (batch) => {
      if (isClosed) return Promise.resolve({ type: "unknown", cause: closed() });
      const apply = (): CommitResult => ledger.commit(batch);
      return self.effect(`commit ${describe(batch)}`, apply, commitFaults(apply));
    },
    claim: (request) => change("claim", () => ledger.claim(request)),
    load: (task) => read(`load ${task.slice(0, 8)}`, () => ledger.load(task)),
    beat: (host, report) => change("beat", () => ledger.beat(host, report)),
    hosts: () => read("hosts", () => ledger.hosts()),
    runs: (query) => read("runs", () => ledger.runs(query)),
    find: (query) => read("find", () => ledger.find(query)),
    cells: (prefix) => read(`cells ${prefix}`, () => ledger.cells(prefix)),
    records: (query) => read(`records ${query.log}`, () => ledger.records(query)),
    blob: (id) => read(`blob ${id.slice(0, 8)}`, () => ledger.blob(id)),
    watch,
    tail,
    async [Symbol.asyncDispose]() {
      isClosed = true;
    },
  };
}

function commitFaults(apply: () => CommitResult): EffectOptions<CommitResult> {
  const unknown = (label: string): CommitResult => ({
    type: "unknown",
    cause: runtimeError("STORE_UNAVAILABLE", `the simulator chose '${label}'`),
  });
  return {
    alternatives: [
      {
        label: "unknown, applied",
        apply: () => {
          apply();
          return unknown("unknown, applied");
        },
      },
      { label: "unknown, not applied", apply: () => unknown("unknown, not applied") },
    ],
  };
}

function unavailable<T>(label: string, what: string, apply?: () => T): Alternative<T> {
  return {
    label,
    apply: () => {
      apply?.();
      throw runtimeError("STORE_UNAVAILABLE", `the simulator chose '${label}' for ${what}`);
    },
  };
}

/** Waits `ms`, or less if `signal` aborts. */
async function pause(self: Process, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await self.clock.sleep(ms, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function closed(): RuntimeError {
  return runtimeError("CLOSED", "the store is closed");
}

function describe({ host, writes }: Batch): string {
  return writes.map((write) => describeWrite(write, host)).join(", ");
}

/** A write in a few words: what it is, and the events or names in it. */
function describeWrite(write: Write, by: HostId): string {
  switch (write.type) {
    case "expect":
      return "expect";
    case "append":
      return ["append", ...write.events.map((event) => event.type)].join(" ");
    case "create":
      return `create ${write.task.agent}.${write.task.operation}`;
    case "deliver":
      return `deliver ${write.kind}`;
    case "set":
      return `set ${write.cell}`;
    case "add":
      return `add ${write.cell}`;
    case "gate":
      return `gate ${write.to}`;
    case "free":
      // Its own id would make each incarnation's label another one, and schedules harder to shrink.
      return write.host === by ? "free itself" : `free ${write.host}`;
    case "publish":
      return `publish ${write.log}`;
    case "blob":
      return `blob ${write.id.slice(0, 8)}`;
    case "trim":
      return `trim ${write.run}`;
    case "trim-log":
      return `trim-log ${write.log}`;
    default:
      return assertNever(write);
  }
}
