import { runtimeError } from "../core/errors.ts";
import { type HostId, hostIdFrom } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { CallOptions } from "../ports/call-options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import { commitTries } from "./commit-tries.ts";
import { cursorPositions } from "./cursor.ts";
import { logVersion } from "./log-reading.ts";
import { LogWatch } from "./log-watch.ts";
import { readTopics, type TopicEvent, type TopicPage } from "./read-topics.ts";
import { type PublishOptions, publishWrites, TOPIC_LOG, type Topic } from "./topic.ts";
import { patternOf, type TopicSelector } from "./topic-pattern.ts";

/** What topics take from the machine, and how they behave. */
export interface TopicsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Stands in the events it publishes; at most 200 characters. Default: nothing. */
  readonly by?: string;
  /** How often followers look for events that nothing announced. Default 100 ms. */
  readonly pollMs?: number;
  /** The store failed while somebody follows; it is tried again. Default: nobody hears of it. */
  readonly onTrouble?: (cause: unknown) => void;
}

export interface FollowOptions extends CallOptions {
  /** Events after this position; `now`: those to come; `beginning`: from the oldest one kept. Default `now`. */
  readonly from?: "now" | "beginning" | number;
}

/** What is read of a selector: a topic knows the type of its events, a pattern does not. */
export type EventOf<S extends TopicSelector> =
  S extends Topic<infer Value, infer _Written> ? TopicEvent<Value> : TopicEvent;

/** The events of a store, outside handlers. In handlers there is `publishIn`; agents subscribe with `on`. */
export interface Topics extends AsyncDisposable {
  /**
   * Publishes a value, durably. Whoever follows gets it, and each subscribed agent handles it once.
   * @throws RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, `USAGE` (nothing was published);
   * `STORE_UNAVAILABLE` (outcome unknown).
   */
  publish<Written>(
    to: Topic<unknown, Written>,
    value: Written,
    options?: PublishOptions & CallOptions,
  ): Promise<void>;
  /**
   * Reads events that are there.
   * @param after - Only those behind this position; 0: from the oldest one kept.
   * @param limit - Most records looked at, 1 to 1,000. Default 100.
   */
  read<S extends TopicSelector>(
    from: S,
    after: number,
    limit?: number,
  ): Promise<TopicPage & { readonly events: readonly EventOf<S>[] }>;
  /**
   * Events as they come, in order, each once; stale ones are left out. Ends when the signal aborts, the loop is
   * left, or the topics are disposed. It reads no further than its consumer has come but for one page.
   */
  follow<S extends TopicSelector>(from: S, options?: FollowOptions): AsyncIterable<EventOf<S>>;
  /**
   * Removes events before position `before`, but never what a subscribed agent has yet to handle.
   * @returns The position before which events were removed.
   */
  trim(before: number): Promise<number>;
}

const DEFAULT_POLL_MS = 100;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const PAGE = 100;
const MAX_AUTHOR_LENGTH = 200;

/** Opens the topics of a store. Whoever opens them disposes them, before the store. */
export function openTopics(store: Store, options: TopicsOptions): Topics {
  if ((options.by ?? "").length > MAX_AUTHOR_LENGTH) {
    throw runtimeError(
      "USAGE",
      `'by' of topics has ${options.by?.length} characters (limit ${MAX_AUTHOR_LENGTH})`,
    );
  }
  return new StoreTopics(store, options);
}

class StoreTopics implements Topics {
  readonly #store: Store;
  readonly #options: TopicsOptions;
  readonly #host: HostId;
  readonly #watch: LogWatch;
  readonly #closing = new AbortController();
  /** A position before everything this object has published. */
  #floor: number | undefined;

  constructor(store: Store, options: TopicsOptions) {
    const { clock, random, pollMs = DEFAULT_POLL_MS, onTrouble = () => {} } = options;
    this.#store = store;
    this.#options = options;
    this.#host = hostIdFrom(random.id());
    this.#watch = new LogWatch({ store, clock, log: TOPIC_LOG, pollMs, onTrouble });
  }

  async publish<Written>(
    to: Topic<unknown, Written>,
    value: Written,
    options: PublishOptions & CallOptions = {},
  ): Promise<void> {
    this.#checkOpen();
    const { clock, random, by = null } = this.#options;
    const committer = { store: this.#store, host: this.#host, clock, random };
    const mark = random.id();
    const writes = publishWrites(to, value, { by, hops: 0, mark }, options);
    this.#floor ??= await logVersion(this.#store, TOPIC_LOG);
    const search = { ...options, floor: this.#floor };
    await commitTries(
      committer,
      async () => ({ value: null, writes }),
      () => mark,
      search,
    );
    this.#watch.poke();
  }

  async read<S extends TopicSelector>(
    from: S,
    after: number,
    limit: number = DEFAULT_LIMIT,
  ): Promise<TopicPage & { readonly events: readonly EventOf<S>[] }> {
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw runtimeError("USAGE", `limit ${limit} is not from 1 to ${MAX_LIMIT}`);
    }
    const { clock } = this.#options;
    const page = await readTopics(this.#store, patternOf(from), after, limit, clock.now());
    // Its values were parsed by the topic's schema when they were published.
    return page as TopicPage & { readonly events: readonly EventOf<S>[] };
  }

  follow<S extends TopicSelector>(from: S, options: FollowOptions = {}): AsyncIterable<EventOf<S>> {
    this.#checkOpen();
    const { from: start = "now" } = options;
    const position = start === "beginning" ? 0 : start;
    // Looked up now, not when the first event is asked for: what is published from here on is not missed.
    const first = position === "now" ? this.#position() : Promise.resolve(position);
    return this.#follow<S>(patternOf(from), first, options);
  }

  async *#follow<S extends TopicSelector>(
    pattern: string,
    first: Promise<number | undefined>,
    options: FollowOptions,
  ): AsyncGenerator<EventOf<S>, void, undefined> {
    const closed = this.#closing.signal;
    const signal =
      options.signal === undefined ? closed : AbortSignal.any([options.signal, closed]);
    let position = await first;
    while (!signal.aborted) {
      position ??= await this.#position();
      const page = position === undefined ? undefined : await this.#next(pattern, position);
      if (page === undefined) {
        await this.#pause(signal);
        continue;
      }
      for (const event of page.events) {
        if (signal.aborted) return;
        yield event as EventOf<S>;
      }
      position = page.position;
      if (page.atEnd) await this.#watch.beyond(position, signal);
    }
  }

  async trim(before: number): Promise<number> {
    this.#checkOpen();
    const { clock, random } = this.#options;
    const positions = await cursorPositions(this.#store);
    const to = Math.min(before, ...positions.map((position) => position + 1));
    const committer = { store: this.#store, host: this.#host, clock, random };
    const write = { type: "trim-log", log: TOPIC_LOG, before: to, all: true } as const;
    await commitTries(
      committer,
      async () => ({ value: null, writes: [write] }),
      () => "",
    );
    return to;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(STOPPED);
    await this.#watch.close();
  }

  #next(pattern: string, position: number): Promise<TopicPage | undefined> {
    const { clock } = this.#options;
    return this.#told(readTopics(this.#store, pattern, position, PAGE, clock.now()));
  }

  /** Of the newest event there is. */
  #position(): Promise<number | undefined> {
    return this.#told(logVersion(this.#store, TOPIC_LOG));
  }

  /** What was read; undefined if the store failed, which is told. */
  async #told<T>(reading: Promise<T>): Promise<T | undefined> {
    try {
      return await reading;
    } catch (cause) {
      if (!this.#closing.signal.aborted) this.#options.onTrouble?.(cause);
      return undefined;
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, pollMs = DEFAULT_POLL_MS } = this.#options;
    await clock.sleep(pollMs, { signal, keepAlive: true }).catch(() => {});
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw runtimeError("CLOSED", "the topics were closed");
  }
}
