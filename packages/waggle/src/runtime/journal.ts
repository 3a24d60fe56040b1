import type { ErrorData } from "../core/errors.ts";
import type { Outcome, TaskEvent } from "../core/event.ts";
import { decodeEvent } from "../core/event-codec.ts";
import type { Path } from "../core/ids.ts";
import type { LoadedTask, StoredEvent } from "../ports/store.ts";

/** A result on its way to a handler. */
export interface Delivery {
  readonly path: Path;
  /** Wall-clock ms of the commit that recorded it. */
  readonly at: number;
  readonly outcome: Outcome;
}

/** An ask or send that was recorded, for comparison with what replay asks now. */
interface RecordedAsk {
  readonly input: string;
  readonly awaited: boolean;
  readonly at: number;
}

/** What a task's stream says about the life it had so far. */
export interface Journal {
  /** Results in the order in which they reached, or would have reached, the handler (K4). */
  readonly deliveries: readonly Delivery[];
  readonly asks: ReadonlyMap<Path, RecordedAsk>;
  /** Effects that began: path -> attempt begun last. */
  readonly intents: ReadonlyMap<Path, number>;
}

/** The journal of a task that has no past. */
export const EMPTY_JOURNAL: Journal = { deliveries: [], asks: new Map(), intents: new Map() };

/** The error an ask ends with when nobody answered in time. */
export function askTimeout(path: Path): ErrorData {
  return {
    code: "ASK_TIMEOUT",
    kind: "timeout",
    outcome: "unknown",
    retryable: false,
    message: `no answer to ${path} in time`,
  };
}

/** Reads a journal from a stream, oldest event first. */
export function readJournal(events: readonly StoredEvent[]): Journal {
  const deliveries: Delivery[] = [];
  const asks = new Map<Path, RecordedAsk>();
  const intents = new Map<Path, number>();
  for (const stored of events) {
    const event = decodeEvent(stored);
    const delivery = deliveryOf(event, stored.at);
    if (delivery !== undefined) deliveries.push(delivery);
    if (event.type === "intent") intents.set(event.path, event.attempt);
    if (event.type === "asked") {
      const { awaited, path } = event;
      asks.set(path, { input: JSON.stringify(event.input), awaited, at: stored.at });
    }
  }
  return { deliveries, asks, intents };
}

function deliveryOf(event: TaskEvent, at: number): Delivery | undefined {
  switch (event.type) {
    case "done":
    case "received":
      return { path: event.path, at, outcome: event.outcome };
    case "asked":
      // A send is over when it is accepted; an ask when its answer is received.
      return event.awaited
        ? undefined
        : { path: event.path, at, outcome: { type: "value", value: event.child } };
    case "dropped":
      return event.why === "timeout"
        ? { path: event.path, at, outcome: { type: "error", error: askTimeout(event.path) } }
        : undefined;
    default:
      return undefined;
  }
}

/** The input a task was created with. */
export function inputOf(loaded: LoadedTask): unknown {
  const event = decodeEvent(loaded.origin);
  return event.type === "started" || event.type === "asked" ? event.input : null;
}
