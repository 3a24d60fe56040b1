import { randomBytes } from "node:crypto";
import { runtimeError } from "../../core/errors.ts";
import type { HostId, RunId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store, StoredEvent } from "../../ports/store.ts";
import { MemoryLedger } from "./memory-ledger.ts";

/** Events a tail reads at once. */
const PAGE = 256;

/**
 * A store in this process's memory; it is as lost as the process is. Commits are applied in the order of the
 * calls, at once.
 * @param options - `ledger`: what the store works on; stores that share one behave like processes that share
 * a database. Default: an empty one of its own.
 */
export function memoryStore(options: {
  readonly clock: Clock;
  readonly ledger?: MemoryLedger;
}): Store {
  const { clock, ledger = newLedger(clock) } = options;
  const hosts = new Set<HostId>();
  const closing = new AbortController();

  /** Runs `body` at once; what it throws becomes a rejection. */
  async function answer<T>(body: () => T): Promise<T> {
    if (closing.signal.aborted) throw closedError();
    return body();
  }

  return {
    id: ledger.id,
    capabilities: { durability: "none", shared: "process" },
    commit: (batch) => {
      if (!closing.signal.aborted) return Promise.resolve(ledger.commit(batch));
      return Promise.resolve({ type: "unknown", cause: closedError() });
    },
    claim: (request) => answer(() => ledger.claim(request)),
    load: (task) => answer(() => ledger.load(task)),
    beat: (host, report) =>
      answer(() => {
        hosts.add(host);
        return ledger.beat(host, report);
      }),
    hosts: () => answer(() => ledger.hosts()),
    runs: (query) => answer(() => ledger.runs(query)),
    find: (query) => answer(() => ledger.find(query)),
    cells: (prefix) => answer(() => ledger.cells(prefix)),
    records: (query) => answer(() => ledger.records(query)),
    blob: (id) => answer(() => ledger.blob(id)),
    watch: (listener) => watchLedger(ledger, listener, closing.signal),
    tail: (run, from, signal) => tailLedger(ledger, run, from, signal, closing.signal),
    // A host lives no longer than the store it beats through: its peers need not wait for its silence.
    [Symbol.asyncDispose]: async () => {
      if (closing.signal.aborted) return;
      closing.abort();
      for (const host of hosts) ledger.markGone(host);
    },
  };
}

function newLedger(clock: Clock): MemoryLedger {
  return new MemoryLedger({ now: () => clock.now(), id: randomBytes(16).toString("hex") });
}

function closedError(): Error {
  return runtimeError("CLOSED", "the store was closed");
}

/** Calls `listener` soon after commits that it is to hear of; several in one turn count once. */
function watchLedger(ledger: MemoryLedger, listener: () => void, closed: AbortSignal): () => void {
  let isExpected = false;
  let hasEnded = closed.aborted;
  const stop = ledger.onClaimable(() => {
    if (isExpected) return;
    isExpected = true;
    // Not at once: a listener must not find itself within the call that woke it.
    queueMicrotask(() => {
      isExpected = false;
      if (!hasEnded) listener();
    });
  });
  const end = (): void => {
    hasEnded = true;
    closed.removeEventListener("abort", end);
    stop();
  };
  closed.addEventListener("abort", end);
  if (hasEnded) end();
  return end;
}

async function* tailLedger(
  ledger: MemoryLedger,
  run: RunId,
  from: number,
  signal: AbortSignal,
  closed: AbortSignal,
): AsyncGenerator<StoredEvent> {
  let position = from;
  while (!signal.aborted) {
    if (closed.aborted) throw closedError();
    const events = ledger.eventsAfter(run, position, PAGE);
    for (const event of events) {
      if (signal.aborted) return;
      position = event.position;
      yield event;
    }
    if (events.length === 0) await nextCommit(ledger, signal, closed);
  }
}

/** Resolves at the next commit, or when one of the signals aborts; leaves no listener behind. */
function nextCommit(ledger: MemoryLedger, signal: AbortSignal, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      signal.removeEventListener("abort", done);
      closed.removeEventListener("abort", done);
      resolve();
    };
    const stop = ledger.onCommit(done);
    signal.addEventListener("abort", done);
    closed.addEventListener("abort", done);
  });
}
