import type { Envelope } from "../core/envelope.ts";
import { RuntimeError } from "../core/errors.ts";
import type { Outcome } from "../core/event.ts";
import { decodeOutcome, type EncodedOutcome } from "../core/event-codec.ts";
import type { HostId, Path, TaskId } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Delivery, Journal } from "./journal.ts";
import type { Change, Outbox } from "./outbox.ts";
import type { Place } from "./scope.ts";

/**
 * Who is about to settle an operation. `no`: nobody. `recording`: its result is on its way into the stream.
 * `timing-out`: so is its time-out; an answer that was acknowledged before still wins (K3). `recorded`: it
 * stands in the stream.
 */
export type Settling = "no" | "recording" | "timing-out" | "recorded";

/** One step, ask or send of a handler, from its call to its delivery. */
export class Operation {
  readonly #place: Place;
  /** Does it for the first time; called when nothing recorded is left to deliver. */
  readonly begin: (operation: Operation) => void;
  /** What the handler awaits. */
  readonly promise: Promise<unknown>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  settling: Settling = "no";
  /** True while it waits for an answer and needs neither slot nor memory. */
  parked = false;
  /** Wall-clock ms at which it times out; null: never. */
  deadline: number | null = null;
  /** Stops what it has running: a body, a timer. */
  stop: ((reason: unknown) => void) | undefined = undefined;
  /** Its time-out, once that is on its way into the stream. */
  timeOut: Change | undefined = undefined;
  /** An answer that came while the time-out was in flight. */
  lateAnswer: Answer | undefined = undefined;

  constructor(place: Place, begin: (operation: Operation) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#place = place;
    this.begin = begin;
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get path(): Path {
    return this.#place.path;
  }

  /** Hands its outcome to the handler; its place may be used again. */
  settle(outcome: Outcome): void {
    this.#place.leave();
    if (outcome.type === "value") this.#resolve(outcome.value);
    else this.fail(new RuntimeError(outcome.error));
  }

  /** Rejects it. A handler that never looks at it must not end the process: what happened is in the stream. */
  fail(error: unknown): void {
    this.promise.catch(() => {});
    this.#reject(error);
  }
}

/** What a child sends its parent: mail of kind `answer`, or within one host directly. */
export interface Answer {
  readonly child: TaskId;
  readonly outcome: Outcome;
}

/** Encodes the mail that carries an answer. */
export function encodeAnswer(child: TaskId, outcome: EncodedOutcome): string {
  return `{"child":${JSON.stringify(child)},"outcome":${outcome}}`;
}

/** Decodes what {@link encodeAnswer} made. */
export function decodeAnswer(data: string): Answer {
  return JSON.parse(data) as Answer;
}

/** A fresh decoded copy, for the handler (K12). */
export function delivery(path: Path, at: number, outcome: EncodedOutcome): Delivery {
  return { path, at, outcome: decodeOutcome(outcome) };
}

/** What operations need of the task in whose handler they stand. */
export interface OperationOwner {
  readonly task: Envelope;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly host: OperationHost;
  /** True when the handler has returned or the task is lost: nothing is recorded any more. */
  readonly finished: boolean;
  /** Hands a result over, in the order of the calls, one per turn. */
  deliver(result: Delivery): void;
  /** An operation is parked now: if nothing else is going on, the slot is given back. */
  parked(operation: Operation): void;
  /** Replay does not fit: the task becomes stuck. */
  diverged(expected: string, actual: string): void;
}

/** What operations need of the host. */
export interface OperationHost {
  readonly id: HostId;
  readonly storeId: string;
  readonly clock: Clock;
  /** Undefined when effects may start now; otherwise resolves when they may again (K14). */
  whenFresh(): Promise<void> | undefined;
  /** Something runs that a host which stops waits for: a step's body, a commit. Each began ends once. */
  activityBegan(): void;
  activityEnded(): void;
  /** Takes a slot for a new task of `agent`, if one is free here and nobody is in line for it. */
  takeSlot(agent: string): boolean;
  giveSlot(agent: string): void;
  /** Runs a child that was created as owned by this host, on a slot that was taken for it. */
  startChild(child: Envelope, input: unknown): void;
  /** Something was written that other hosts, or this one when it has room, may claim. */
  claimable(agent: string): void;
}
