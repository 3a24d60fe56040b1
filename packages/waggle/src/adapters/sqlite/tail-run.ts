import type { RunId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StoredEvent } from "../../ports/store.ts";
import { storedEvent } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Events read at once. */
const PAGE = 256;
/** Positions read at once where a run is collected from the streams of its tasks. */
const MAX_POSITIONS = 16_384;
/** Tasks of a run counted at most. */
const MAX_COUNTED = 1_000;
/** How often other processes' commits are looked for. */
const POLL_MS = 25;

/** What a tail needs of its store. */
export interface TailSource {
  readonly clock: Clock;
  /** Aborts when the store is disposed. */
  readonly closed: AbortSignal;
  /** Calls `body` with the statements, again while others hold the lock; throws `CLOSED` after `closed`. */
  read<T>(body: (statements: Statements) => T): Promise<T>;
  /** Calls `listener` after each commit of this store; returns what ends that. */
  onCommit(listener: () => void): () => void;
}

/** See {@link Store.tail}; throws RuntimeError `CLOSED` when the store is disposed. */
export async function* tailRun(
  source: TailSource,
  run: RunId,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  let position = from;
  while (!signal.aborted) {
    const after = position;
    const page = await source.read((statements) => readPage(statements, run, after));
    for await (const event of eventsOf(source, page)) {
      if (signal.aborted) return;
      yield event;
    }
    if (page.through === position) await nextChange(source, signal);
    position = page.through;
  }
}

async function* eventsOf(source: TailSource, page: Page): AsyncGenerator<StoredEvent> {
  yield* page.events;
  for (let i = 0; i < page.positions.length; i += PAGE) {
    const some = page.positions.slice(i, i + PAGE);
    yield* await source.read((statements) => eventsAt(statements, some));
  }
}

interface Page {
  /** Events, or only their positions where there are many. */
  readonly events: readonly StoredEvent[];
  readonly positions: readonly number[];
  /** Everything up to this position is in the page. */
  readonly through: number;
}

/**
 * Reads on after position `from`: the newest events of the store, filtered, where they are few; otherwise
 * the streams of the run's tasks, merged. So the cost is bounded by the smaller of the two.
 */
function readPage(statements: Statements, id: RunId, from: number): Page {
  const size = statements.runSize.get({ id, limit: MAX_COUNTED });
  const head = Number(statements.lastPosition.get()?.["position"]);
  if (size === undefined || head <= from) return { events: [], positions: [], through: from };
  const run = size["n"] ?? null;
  if (head - from <= Math.max(PAGE, 4 * Number(size["tasks"]))) {
    const rows = statements.newEventsOfRun.all({ run, from, to: head, limit: PAGE });
    const events = rows.map((row) => storedEvent(row));
    const last = events.at(-1)?.position ?? head;
    return { events, positions: [], through: events.length < PAGE ? head : last };
  }
  const rows = statements.positionsOfRun.all({ run, from, limit: MAX_POSITIONS });
  const positions = rows.map((row) => Number(row["position"]));
  const last = positions.at(-1) ?? head;
  const through = positions.length < MAX_POSITIONS ? Math.max(last, head) : last;
  return { events: [], positions, through };
}

function eventsAt(statements: Statements, positions: readonly number[]): StoredEvent[] {
  return positions.flatMap((position) => {
    const row = statements.event.get(position);
    return row === undefined ? [] : [storedEvent(row)];
  });
}

/** Resolves after {@link POLL_MS}, or at once when this store commits or a signal aborts. */
async function nextChange(source: TailSource, signal: AbortSignal): Promise<void> {
  if (signal.aborted || source.closed.aborted) return;
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  const stop = source.onCommit(wake);
  signal.addEventListener("abort", wake);
  source.closed.addEventListener("abort", wake);
  try {
    await source.clock.sleep(POLL_MS, { signal: woken.signal });
  } catch (reason) {
    if (!woken.signal.aborted) throw reason;
  } finally {
    stop();
    signal.removeEventListener("abort", wake);
    source.closed.removeEventListener("abort", wake);
  }
}
