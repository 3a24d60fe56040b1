import type { ResponseAddress } from "../core/event.ts";
import type { Priority } from "../core/priority.ts";
import type { LogRecord, StoreReads } from "../ports/store.ts";
import { decodeRecord, loadValue } from "./stored-value.ts";
import { TOPIC_LOG } from "./topic.ts";
import { matchesTopic, patternQuery } from "./topic-pattern.ts";

/** Something that was published. */
export interface TopicEvent<Value = unknown> {
  readonly topic: string;
  /** Grows with every event of every topic: read on from here. */
  readonly position: number;
  readonly value: Value;
  /** Wall-clock ms of its commit. */
  readonly publishedAt: number;
  /** Who published it: a task, or the name a program gave itself; null: not said. */
  readonly by: string | null;
  /** How many messages lie between its publisher and the start of that run; 0 outside a run. */
  readonly hops: number;
  /** From 0 to 1; null: not said. */
  readonly confidence: number | null;
  /** Null: not said. */
  readonly priority: Priority | null;
  /** Wall-clock ms from when it is stale; null: never. */
  readonly expiresAt: number | null;
  /** Only of a request: where the outcomes of those who handle it go, which happens by itself. */
  readonly respondTo?: ResponseAddress;
}

/** What one reading found. */
export interface TopicPage {
  /** Those that match and are not stale, oldest first. */
  readonly events: readonly TopicEvent[];
  /** Everything up to this position has been looked at. */
  readonly position: number;
  /** True if there is nothing behind it yet. */
  readonly atEnd: boolean;
  /** Positions of those that match and were left out because they are stale. */
  readonly expired: readonly number[];
}

/**
 * Reads the next events that match `pattern`. Only topics that begin like the pattern are looked at, and of one
 * topic only its own events: rare ones are found without reading the others.
 * @param after - Only events behind this position; 0: from the oldest one kept.
 * @param limit - Most records that are looked at.
 * @param now - Wall-clock ms, to tell what is stale.
 */
export async function readTopics(
  reads: StoreReads,
  pattern: string,
  after: number,
  limit: number,
  now: number,
): Promise<TopicPage> {
  const page = await reads.records({ log: TOPIC_LOG, ...patternQuery(pattern), after, limit });
  const events: TopicEvent[] = [];
  const expired: number[] = [];
  for (const record of page.records) {
    if (record.key === null || !matchesTopic(pattern, record.key)) continue;
    const event = await loadEvent(reads, record.key, record);
    if (event.expiresAt !== null && event.expiresAt <= now) expired.push(record.version);
    else events.push(event);
  }
  const atEnd = page.records.length < limit;
  const position = atEnd ? page.version : (page.records.at(-1)?.version ?? page.version);
  return { events, position: Math.max(position, after), atEnd, expired };
}

async function loadEvent(
  reads: StoreReads,
  topic: string,
  { version, at, data }: LogRecord,
): Promise<TopicEvent> {
  const stored = decodeRecord(data ?? "null");
  const { by = null, hops = 0, confidence = null, priority = null, ttlMs, respondTo } = stored;
  return {
    topic,
    position: version,
    value: await loadValue(reads, stored, `event ${version} on '${topic}'`),
    publishedAt: at,
    by,
    hops,
    confidence,
    priority,
    expiresAt: ttlMs === undefined ? null : at + ttlMs,
    ...(respondTo === undefined ? {} : { respondTo }),
  };
}
