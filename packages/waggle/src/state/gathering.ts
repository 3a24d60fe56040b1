import type { ErrorData } from "../core/errors.ts";
import type { ResponseNote } from "../runtime/responses.ts";
import type { Subscriber } from "./cursor.ts";

/** When a request has enough. */
export interface Wanted {
  /** It is not over before so many have responded, however few are known to be subscribed. */
  readonly atLeast: number;
  /** It is over when so many have responded. */
  readonly atMost: number;
}

/** A response. */
export interface TopicResponse<Value> {
  /** Whose: `agent.operation`. */
  readonly from: string;
  readonly value: Value;
}

/** A subscriber that has no response to give. */
export interface FailedResponse {
  readonly from: string;
  readonly error: ErrorData;
}

/** An operation that was subscribed and is still to be heard of. */
interface Awaited {
  /** Its subscriptions that may still start it. */
  readonly patterns: Set<string>;
  /** What was wrong with the one that was passed last. */
  error: ErrorData | null;
}

/** What came of one request so far: a fold over the signals that came back, in their order. */
export class Gathering {
  readonly responses: TopicResponse<unknown>[] = [];
  readonly failed: FailedResponse[] = [];
  readonly #wanted: Wanted;
  readonly #awaited: Map<string, Awaited>;

  /** @param subscribers - Who was subscribed when the request was published. */
  constructor(subscribers: readonly Subscriber[], wanted: Wanted) {
    this.#wanted = wanted;
    this.#awaited = new Map(
      subscribers.map(({ from, patterns }) => [from, { patterns: new Set(patterns), error: null }]),
    );
  }

  /** True when there is nothing more to wait for. */
  get isOver(): boolean {
    const { length } = this.responses;
    if (length >= this.#wanted.atMost) return true;
    return this.#awaited.size === 0 && length >= this.#wanted.atLeast;
  }

  /** Those that were subscribed and of which nothing was heard. */
  get missing(): readonly string[] {
    return [...this.#awaited.keys()];
  }

  take(note: ResponseNote): void {
    if (note.type === "passed") {
      this.#passed(note);
      return;
    }
    const { from, outcome } = note;
    // Whoever has subscribed meanwhile is welcome too.
    this.#awaited.delete(from);
    if (outcome.type === "value") this.responses.push({ from, value: outcome.value });
    else this.failed.push({ from, error: outcome.error });
  }

  /** An operation has nothing to say when none of its subscriptions has started it. */
  #passed({ from, pattern, error }: ResponseNote & { readonly type: "passed" }): void {
    const awaited = this.#awaited.get(from);
    if (awaited === undefined) return;
    awaited.patterns.delete(pattern);
    awaited.error ??= error;
    if (awaited.patterns.size > 0) return;
    this.#awaited.delete(from);
    if (awaited.error !== null) this.failed.push({ from, error: awaited.error });
  }
}
