import type { ErrorData } from "../core/errors.ts";
import type { EffectClass } from "../core/event.ts";
import { type EncodedEvent, encodeEvent } from "../core/event-codec.ts";
import type { Path } from "../core/ids.ts";
import type { AttemptRecord } from "./journal.ts";
import type { Failure } from "./step-retry.ts";

// What is known of the attempts of one step, and how that is recorded. Owns: the count, the round of the key, what is in
// doubt, what is not written yet. Writes nothing itself.
// Invariant A2: the key changes only after an attempt that was not applied, and never once some attempt under it may
// have been: otherwise that one and the next could both happen.

const NO_RECORD: AttemptRecord = {
  attempt: 0,
  round: 0,
  isCut: false,
  overAt: null,
  until: null,
  doubt: undefined,
  isKeyUsed: false,
};

/** Characters of an error's message that a record of a back-off keeps: it is there for people who ask why. */
const MAX_MESSAGE = 1_000;

/** What is known of the attempts of one step. */
export class AttemptState {
  readonly effect: EffectClass;
  /** True if it must not simply be done again: class `keyed` or `once`. */
  readonly isGuarded: boolean;
  /** See {@link AttemptRecord}: of the attempt that an earlier life has begun. */
  readonly overAt: number | null;
  /** The one that began last. */
  attempt: number;
  /** How often the step got a new key. */
  round: number;
  /** True if an earlier life began it and nothing says how it ended. */
  isCut: boolean;
  /** When the next one may begin, in run time; null: it may. */
  until: number | null;
  /** The attempt that may have had its effect; each one while its body runs. */
  doubt: number | undefined;
  readonly #path: Path;
  #isKeyUsed: boolean;
  /** An attempt in doubt of which no record says so yet. */
  #untold: number | undefined;
  /** A failure that is waited after, and of which no record says so yet. */
  #unkept: Failure | undefined;

  constructor(path: Path, effect: EffectClass, record: AttemptRecord = NO_RECORD) {
    this.#path = path;
    this.effect = effect;
    this.isGuarded = effect !== "repeatable";
    this.attempt = record.attempt;
    this.round = record.round;
    this.isCut = record.isCut && this.isGuarded;
    this.overAt = record.overAt;
    this.until = record.until;
    this.doubt = record.doubt;
    this.#isKeyUsed = record.isKeyUsed;
  }

  /** The body of `attempt` begins. */
  begins(attempt: number): void {
    this.attempt = attempt;
    this.until = null;
    this.#unkept = undefined;
    if (this.isGuarded) this.doubt = attempt;
  }

  /** The cut attempt counts as one that ended in doubt from now on. */
  settleCut(): void {
    this.isCut = false;
    this.#fellIntoDoubt();
  }

  /**
   * The last attempt failed.
   * @param before - What was in doubt when it began: a later attempt that was not applied says nothing of that.
   * @returns the error, with the outcome of all attempts so far.
   */
  failed(error: ErrorData, before: number | undefined): ErrorData {
    if (!this.isGuarded) return error;
    if (error.outcome === "not-applied") this.doubt = before;
    if (error.outcome === "unknown") this.#fellIntoDoubt();
    const isInDoubt = this.doubt !== undefined && error.outcome !== "applied";
    return isInDoubt ? { ...error, outcome: "unknown" } : error;
  }

  #fellIntoDoubt(): void {
    this.#isKeyUsed = true;
    this.#untold = this.attempt;
  }

  /**
   * Another attempt follows `failure`, not before `until`.
   * @returns true if that must be recorded at once: a crash would make a doubt of what is certain.
   */
  backsOff(failure: Failure, until: number): boolean {
    const isRefusal = this.isGuarded && failure.error.outcome === "not-applied";
    // A2: without a new key, what was refused once would be refused for ever.
    if (isRefusal && !this.#isKeyUsed) this.round++;
    this.until = until;
    this.#unkept = failure;
    return isRefusal;
  }

  /** What has to be recorded of an attempt in doubt, before anything else. */
  get doubts(): readonly EncodedEvent[] {
    if (this.#untold === undefined) return [];
    const { effect: policy } = this;
    return [encodeEvent({ type: "unknown", path: this.#path, attempt: this.#untold, policy })];
  }

  /** What {@link doubts} gave is recorded. */
  doubtsTold(): void {
    this.#untold = undefined;
  }

  /** The record that `attempt` is about to begin. */
  intent(attempt: number, key: string, timeoutMs: number | undefined): EncodedEvent {
    return encodeEvent({
      type: "intent",
      path: this.#path,
      class: this.effect,
      key,
      attempt,
      ...this.#roundField,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** The record of the back-off, once; undefined: there is nothing to record. Whoever takes it writes it. */
  takeRetrying(): readonly EncodedEvent[] | undefined {
    const { until } = this;
    const failure = this.#unkept;
    if (failure === undefined || until === null) return undefined;
    const { attempt, error } = failure;
    const { details: _, ...facts } = error;
    const short = { ...facts, message: facts.message.slice(0, MAX_MESSAGE) };
    const fields = { path: this.#path, attempt, ...this.#roundField, until, error: short };
    const events = [...this.doubts, encodeEvent({ type: "retrying", ...fields })];
    this.doubtsTold();
    this.#unkept = undefined;
    return events;
  }

  get #roundField(): { readonly round?: number } {
    return this.round === 0 ? {} : { round: this.round };
  }
}
