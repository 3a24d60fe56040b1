import { RuntimeError } from "../core/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogRecord, RecordQuery, StoreReads } from "../ports/store.ts";
import { type BoardEntry, loadEntry, parseKeyValue } from "./board-entry.ts";
import type { AnyKey } from "./board-key.ts";
import type { BoardPlace } from "./board-place.ts";
import { type BoardView, StoreView } from "./board-view.ts";
import { canonicalText } from "./canonical-text.ts";
import { isOwnKey } from "./log-reading.ts";
import type { LogWatch } from "./log-watch.ts";

/** What a subscriber wants to hear of: one key, all keys that start with a text, or what a function makes of the board. */
export type Interest =
  | { readonly key: AnyKey }
  | { readonly prefix: string }
  | { readonly select: (view: BoardView) => unknown };

/** What a subscriber hears. */
export interface BoardChange<Value> {
  /** Version of the board. */
  readonly version: number;
  /** The record that was written; of a `select`, the newest one when the selection changed, null at first. */
  readonly entry: BoardEntry | null;
  /**
   * With `key`, its value (of bytes a reference), undefined if it was removed; with `select`, what that made of the
   * board; with `prefix`, as `entry.value`.
   */
  readonly value: Value;
}

/** Something a subscriber did wrong, or the store. The subscription goes on. */
export interface SubscriberTrouble {
  readonly cause: unknown;
  /** The version that was being told; undefined: the store could not be read. */
  readonly version?: number;
  /** How often this change has been told in vain. */
  readonly tries?: number;
  /** True: it will not be told again. */
  readonly gaveUp: boolean;
}

export interface SubscribeOptions {
  /** Hear of changes after this version; `now`: after the present one; `beginning`: of all that are kept. Default `now`. */
  readonly from?: "now" | "beginning" | number;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
  /** How often a change is told to a listener that throws; a whole number of at least 1. Default 3. */
  readonly tries?: number;
  /** Hears what went wrong. Default: nobody does. */
  readonly onTrouble?: (trouble: SubscriberTrouble) => void;
}

/** A subscription that goes on until its signal aborts, it is disposed, or its board is closed. */
export interface BoardSubscription extends AsyncDisposable {
  /** All changes up to this version have been told: subscribe again from here to go on. */
  readonly position: number;
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<void>;
}

/** Hears of a change. The next one is told when it has returned, or what it returned has resolved. */
export type BoardListener<Value> = (change: BoardChange<Value>) => unknown;

/** What a follower needs. */
export interface FollowerParts {
  readonly reads: StoreReads;
  readonly clock: Clock;
  readonly watch: LogWatch;
  readonly place: BoardPlace;
  readonly interest: Interest;
  readonly listener: BoardListener<never>;
  readonly position: number;
  readonly signal: AbortSignal;
  readonly tries: number;
  readonly onTrouble: (trouble: SubscriberTrouble) => void;
}

/** Records a follower holds at most. */
const PAGE = 100;

/** First pause before a change is told again, ms; it doubles. */
const RETRY_PAUSE_MS = 50;

/** Longest pause, ms. */
const MAX_RETRY_PAUSE_MS = 5_000;

/**
 * Tells one subscriber what happens on a board, in order. It reads for itself: how slow it is, and what its
 * listener throws, concerns nobody else. Owns: one cursor, at most one page of records.
 */
export class Follower {
  readonly #parts: FollowerParts;
  #position: number;
  /** What was selected last, as text; undefined: nothing was. */
  #told: string | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#position = parts.position;
  }

  get position(): number {
    return this.#position;
  }

  /** Follows until the signal aborts; never rejects. */
  async follow(): Promise<void> {
    const { signal, watch } = this.#parts;
    while (!signal.aborted) {
      try {
        const more = await this.#tellPage();
        if (!more) await watch.beyond(this.#position, signal);
      } catch (cause) {
        if (signal.aborted) return;
        this.report({ cause, gaveUp: false });
        await this.#pause(RETRY_PAUSE_MS);
      }
    }
  }

  /** @returns True if there may be more. */
  async #tellPage(): Promise<boolean> {
    const { reads, place, signal, interest } = this.#parts;
    const query = queryOf(place.log, interest);
    const page = await reads.records({ ...query, after: this.#position, limit: PAGE });
    const records = page.records.filter(({ key }) => !isOwnKey(key));
    const more = page.records.length === PAGE;
    const end = more ? (page.records.at(-1)?.version ?? page.version) : page.version;
    if ("select" in interest) {
      // Only the state at the end of the page counts; the first time also without a record.
      const last = records.at(-1);
      if (last !== undefined || this.#told === undefined) {
        await this.#tellSelected(end, last, interest.select);
      }
    } else {
      for (const record of records) {
        await this.#tellRecord(record);
        if (signal.aborted) return false;
      }
    }
    if (!signal.aborted) this.#position = end;
    return more;
  }

  async #tellRecord(record: LogRecord): Promise<void> {
    const { tries: most, listener } = this.#parts;
    const { version } = record;
    for (let tries = 1; tries <= most; tries++) {
      // A store that fails is not the listener's fault: that ends the page, which is read again.
      const change = await this.#changeOf(record);
      if (change === undefined) break;
      if (await this.#attempt(version, tries, () => listener(change as BoardChange<never>))) break;
    }
    if (!this.#parts.signal.aborted) this.#position = version;
  }

  /** @returns undefined if it can never be told, which is reported. */
  async #changeOf(record: LogRecord): Promise<BoardChange<unknown> | undefined> {
    const { reads, place, interest } = this.#parts;
    const { version } = record;
    try {
      const entry = await loadEntry(reads, place, record);
      if (!("key" in interest) || entry.removed) return { version, entry, value: entry.value };
      const what = `'${entry.key}' of ${place.title}`;
      return { version, entry, value: parseKeyValue(interest.key, entry.value, what) };
    } catch (cause) {
      if (!RuntimeError.is(cause, "NOT_FOUND") && !RuntimeError.is(cause, "SCHEMA")) throw cause;
      this.report({ cause, version, tries: 1, gaveUp: true });
      return undefined;
    }
  }

  async #tellSelected(
    version: number,
    last: LogRecord | undefined,
    select: (view: BoardView) => unknown,
  ): Promise<void> {
    const { reads, place, tries: most, listener } = this.#parts;
    for (let tries = 1; tries <= most; tries++) {
      const told = await this.#attempt(version, tries, async () => {
        const value = await select(new StoreView(reads, place, version));
        const text = value === undefined ? "" : canonicalText(value);
        if (text === this.#told) return;
        const entry = last === undefined ? null : await loadEntry(reads, place, last);
        await listener({ version, entry, value: value as never });
        this.#told = text;
      });
      if (told) return;
    }
  }

  /** Calls a listener, and takes what it throws. @returns False if it is to be called again. */
  async #attempt(version: number, tries: number, body: () => unknown): Promise<boolean> {
    const { signal, tries: most } = this.#parts;
    if (signal.aborted) return true;
    try {
      await body();
      return true;
    } catch (cause) {
      this.report({ cause, version, tries, gaveUp: tries === most });
    }
    if (tries < most) {
      await this.#pause(Math.min(RETRY_PAUSE_MS * 2 ** (tries - 1), MAX_RETRY_PAUSE_MS));
    }
    return signal.aborted;
  }

  /** Tells whoever listens to troubles. */
  report(trouble: SubscriberTrouble): void {
    try {
      this.#parts.onTrouble(trouble);
    } catch {
      // Whoever listens to troubles has none to tell them to.
    }
  }

  async #pause(ms: number): Promise<void> {
    const { clock, signal } = this.#parts;
    await clock.sleep(ms, { signal, keepAlive: true }).catch(() => {});
  }
}

function queryOf(log: string, interest: Interest): RecordQuery {
  if ("key" in interest) return { log, key: interest.key.name };
  if ("prefix" in interest) return { log, prefix: interest.prefix };
  return { log };
}
