import { digest128 } from "../core/digest.ts";
import { type ErrorData, runtimeError } from "../core/errors.ts";
import { type HostId, parseRunId, type RunId } from "../core/ids.ts";
import { INLINE_LIMIT } from "../core/payload.ts";
import { storableError, toErrorData } from "../core/thrown.ts";
import type { Clock } from "../ports/clock.ts";
import type { Refused, Store, Write } from "../ports/store.ts";
import { MAX_HOPS } from "../runtime/asks.ts";
import { parseInput } from "../runtime/messages.ts";
import { passedWrite } from "../runtime/responses.ts";
import { rootEnvelope, rootWrites } from "../runtime/root-start.ts";
import { type Cursor, cursorCell, moveCursor, readCursor } from "./cursor.ts";
import { deadLetterWrites } from "./dead-letters.ts";
import { logVersion } from "./log-reading.ts";
import { readTopics, type TopicEvent, type TopicPage } from "./read-topics.ts";
import type { Subscription } from "./subscription.ts";
import { TOPIC_LOG } from "./topic.ts";

// Turns events into runs of subscribed agents. Any host may do it for any subscription, also several at once.
// Invariants:
// P1 a cursor moves in the commit that starts the runs of what it passes, by compare-and-set: each event is
//    handled once, whoever is first.
// P2 the id of an event's run follows from the event and the operation: what was started stays started, even if
//    the cursor is lost, or two patterns of one operation match the event.
// P3 a full mailbox stops the cursor before the first event that does not fit, and no other cursor.
// P4 whoever made a request hears of each subscription that starts nothing, in the commit that passes the request.
// P5 a subscription has a cursor from its first pump on, unless that failed: so who is subscribed can be read.

/** What a pump works with. */
export interface PumpParts {
  readonly store: Store;
  /** The host in whose name it commits. */
  readonly host: HostId;
  readonly clock: Clock;
}

/** What one call of {@link pumpOnce} did. */
export interface PumpResult {
  /**
   * `more`: call again at once. `caught-up`: there is nothing more now. `full`: the agent's mailbox is; call
   * again later. `overtaken`: another host moved the cursor; call again. `unknown`: whether the commit was applied is
   * not known; call again later, nothing is done twice. `fenced`: the host was declared dead.
   */
  readonly state: "more" | "caught-up" | "full" | "overtaken" | "unknown" | "fenced";
  /** Runs started. */
  readonly started: number;
  /** Events that did not fit the operation's input, and became dead letters. */
  readonly dead: number;
  /** Stale events that were passed over. */
  readonly expired: number;
  /** Everything up to here is done; undefined: the subscription has not begun. */
  readonly position: number | undefined;
}

/** Most records one call looks at, and so most runs one commit starts. */
const PAGE = 32;

/** A cursor that only passed events of others is moved when it is so far behind, so that these can be trimmed. */
const MAX_LAG = 1_000;

/** What is to become of one event. */
interface Item {
  readonly event: TopicEvent;
  readonly type: "start" | "dead" | "pass";
  readonly writes: readonly Write[];
}

/**
 * Handles the next events of one subscription: starts a run for each, in one commit.
 * @throws RuntimeError `STORE_UNAVAILABLE` when the store cannot be read; nothing was done.
 */
export async function pumpOnce(parts: PumpParts, subscription: Subscription): Promise<PumpResult> {
  const { store, clock } = parts;
  const cursor = await readCursor(store, subscription);
  if (cursor === undefined && subscription.from === "now") return begin(parts, subscription);
  const known = cursor ?? { position: 0, version: 0 };
  const { position } = known;
  const page = await readTopics(store, subscription.pattern, position, PAGE, clock.now());
  // P5: also one that is to hear of everything, and of which there is nothing yet.
  if (cursor !== undefined && !isWorthACommit(page, position)) return idle("caught-up", position);
  const items = page.events.map((event) => plan(store.id, subscription, event));
  return commitItems(parts, subscription, known, page, items);
}

/** The first pump of a subscription that is to hear of what comes from now on. */
async function begin(parts: PumpParts, subscription: Subscription): Promise<PumpResult> {
  const { store, host } = parts;
  const position = await logVersion(store, TOPIC_LOG);
  const result = await store.commit({ host, writes: [moveCursor(subscription, 0, position)] });
  switch (result.type) {
    case "committed":
      return idle("caught-up", position);
    case "unknown":
      return idle("unknown", undefined);
    case "refused":
      return idle(result.reason === "fenced" ? "fenced" : "overtaken", undefined);
  }
}

function isWorthACommit({ events, expired, atEnd, position }: TopicPage, before: number): boolean {
  if (events.length > 0 || expired.length > 0) return true;
  return atEnd ? position - before > MAX_LAG : position > before;
}

function idle(state: PumpResult["state"], position: number | undefined): PumpResult {
  return { state, started: 0, dead: 0, expired: 0, position };
}

/** A commit that passes some events. */
interface Passage {
  readonly position: number;
  readonly expired: number;
  /** All of the page, not only its first part. */
  readonly isWhole: boolean;
  readonly items: readonly Item[];
  readonly writes: readonly Write[];
  /** Which item each write belongs to; undefined: to the passage itself. */
  readonly sources: readonly (number | undefined)[];
}

async function commitItems(
  { store, host }: PumpParts,
  subscription: Subscription,
  cursor: Cursor,
  page: TopicPage,
  all: readonly Item[],
): Promise<PumpResult> {
  let items = all;
  // Each round either ends or takes something out.
  for (;;) {
    const passage = passageOf(subscription, cursor, page, items, items.length === all.length);
    if (passage === undefined) return idle("full", cursor.position);
    const result = await store.commit({ host, writes: passage.writes });
    if (result.type === "committed") return passed(passage, page.atEnd);
    if (result.type === "unknown") return idle("unknown", cursor.position);
    const source = passage.sources[result.write];
    if (source === undefined) {
      return idle(result.reason === "fenced" ? "fenced" : "overtaken", cursor.position);
    }
    items = withoutRefused(items, source, result);
  }
}

/** @returns undefined if not even the first event has room. */
function passageOf(
  subscription: Subscription,
  cursor: Cursor,
  page: TopicPage,
  items: readonly Item[],
  isWhole: boolean,
): Passage | undefined {
  const last = items.at(-1);
  if (!isWhole && last === undefined) return undefined;
  const position = isWhole || last === undefined ? page.position : last.event.position;
  const expired = page.expired.filter((stale) => stale <= position).length;
  const writes: Write[] = [moveCursor(subscription, cursor.version, position)];
  if (expired > 0) writes.push(countExpired(subscription, expired));
  const sources: (number | undefined)[] = writes.map(() => undefined);
  for (const [index, item] of items.entries()) {
    for (const write of item.writes) {
      writes.push(placed(write, writes.length));
      sources.push(index);
    }
  }
  return { position, expired, isWhole, items, writes, sources };
}

function passed({ items, isWhole, position, expired }: Passage, atEnd: boolean): PumpResult {
  const atRest = atEnd ? "caught-up" : "more";
  return {
    state: isWhole ? atRest : "full",
    position,
    expired,
    started: count(items, "start"),
    dead: count(items, "dead"),
  };
}

/** A created task's input stands in its own first event: at its place in the batch. */
function placed(write: Write, place: number): Write {
  return write.type === "create" ? { ...write, origin: { write: place, event: 0 } } : write;
}

function withoutRefused(items: readonly Item[], at: number, { reason }: Refused): readonly Item[] {
  if (reason === "full") return items.slice(0, at);
  // P2: it was started before, by way of another pattern or of a cursor that was lost.
  if (reason === "exists") {
    return items.map((item, i) => (i === at ? { ...item, type: "pass", writes: [] } : item));
  }
  // The run that made the request was trimmed: nobody is there to be told.
  if (reason === "absent") return items.map((item, i) => (i === at ? unheard(item) : item));
  throw runtimeError("INVARIANT", `the start of a run for an event was refused: ${reason}`);
}

function unheard(item: Item): Item {
  return { ...item, writes: item.writes.filter(({ type }) => type !== "deliver") };
}

function count(items: readonly Item[], type: Item["type"]): number {
  return items.filter((item) => item.type === type).length;
}

/** Counts stale events that nobody handled, for whoever looks after the system. */
function countExpired(subscription: Subscription, by: number): Write {
  return { type: "add", cell: `expired.${cursorCell(subscription)}`, by };
}

function plan(storeId: string, subscription: Subscription, event: TopicEvent): Item {
  const { operation, filter, give } = subscription;
  const wanted = give === "event" ? event : event.value;
  try {
    if (filter !== undefined && !filter(event)) {
      return { event, type: "pass", writes: passedWrites(subscription, event, null) };
    }
    return { event, type: "start", writes: startWrites(storeId, subscription, event, wanted) };
  } catch (thrown) {
    // Beside the event there is little room in the letter.
    const error = storableError(toErrorData(thrown), INLINE_LIMIT);
    const letter = {
      agent: operation.agent,
      operation: operation.name,
      error,
      topic: event.topic,
      position: event.position,
      input: wanted,
    };
    const writes = [...deadLetterWrites(letter), ...passedWrites(subscription, event, error)];
    return { event, type: "dead", writes };
  }
}

/** P4. */
function passedWrites(
  { operation, pattern }: Subscription,
  { respondTo }: TopicEvent,
  error: ErrorData | null,
): readonly Write[] {
  if (respondTo === undefined) return [];
  return [passedWrite(respondTo, `${operation.agent}.${operation.name}`, pattern, error)];
}

/** @throws RuntimeError `SCHEMA`, `LIMIT_REACHED`, `USAGE`, `VALUE_TOO_LARGE`. */
function startWrites(
  storeId: string,
  { operation, priority }: Subscription,
  event: TopicEvent,
  wanted: unknown,
): readonly Write[] {
  const hops = event.hops + 1;
  if (hops > MAX_HOPS) {
    throw runtimeError(
      "LIMIT_REACHED",
      `event ${event.position} on '${event.topic}' is ${hops} messages away from the start of a run (limit ${MAX_HOPS})`,
    );
  }
  const { input, key } = parseInput(operation, wanted);
  const run = eventRunId(storeId, event, operation.agent, operation.name);
  const task = rootEnvelope(run, operation, {
    priority: event.priority ?? priority ?? "normal",
    hops,
    key,
    // What nobody waits for any more is not begun. Its run begins now: its time is the wall clock's.
    deadline: event.respondTo === undefined ? null : event.expiresAt,
  });
  // Its place in the batch is given later: see `placed`.
  return rootWrites(task, input, null, operation.mailbox, event.respondTo);
}

/** The run of `operation` that handles an event: the same on every host (P2). */
function eventRunId(storeId: string, event: TopicEvent, agent: string, operation: string): RunId {
  const position = String(event.position);
  return parseRunId(`event-${digest128("event", storeId, position, agent, operation)}`);
}
