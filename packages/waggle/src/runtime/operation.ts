import type { Envelope } from "../core/envelope.ts";
import { RuntimeError, runtimeError } from "../core/errors.ts";
import type { DropReason, Outcome } from "../core/event.ts";
import { type BlobTexts, type EncodedOutcome, resolveOutcome } from "../core/event-codec.ts";
import type { HostId, Path, RunId, TaskId } from "../core/ids.ts";
import type { Schema } from "../core/schema.ts";
import type { Clock } from "../ports/clock.ts";
import type { Gate, Store } from "../ports/store.ts";
import type { MessageTicket } from "./allowance.ts";
import type { Delivery, Journal } from "./journal.ts";
import type { Change, Outbox } from "./outbox.ts";
import type { Place } from "./scope.ts";

/**
 * Who is about to settle an operation. `no`: nobody. `recording`: its result is on its way into the stream.
 * `timing-out`: so is its time-out; an answer that was acknowledged before still wins (K3). `recorded`: it
 * stands in the stream.
 */
export type Settling = "no" | "recording" | "timing-out" | "recorded";

/**
 * How far it is. `new`: nothing was done for it in this life. `starting`: what it needs before it begins is read, what
 * says that it begins is on its way into the stream, or the host may not start effects now. `running`: a body of it
 * runs, and may have an effect. `parked`: it waits for an answer, a time or a signal, and needs neither slot nor memory.
 */
export type Phase = "new" | "starting" | "running" | "parked";

/** What is kept of a step that is tried more than once, or must not simply be tried again. */
export interface Attempts {
  /** The attempt that may have had its effect, though nothing says so. */
  readonly doubt: number | undefined;
  /** Begins, or goes on with, what is to be done next. */
  goOn(): void;
  /** Records what only memory knows of them: the task is about to leave it. */
  keep(): void;
}

/** Something a handler does, from its call to its last record. */
export class Operation {
  readonly #place: Place;
  /** Does it for the first time; called when nothing recorded is left to deliver. */
  begin: (operation: Operation) => void;
  /** Compares what is called now with what was recorded here; called when the result comes from the record. */
  verify: ((operation: Operation) => void) | undefined;
  /** What the handler awaits. */
  readonly promise: Promise<unknown>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  settling: Settling = "no";
  phase: Phase = "new";
  /** Run-time ms at which it times out; null: never. */
  deadline: number | null = null;
  /** True while it waits for a time or a signal: it will move whatever other tasks do. */
  outside = false;
  /** Stops what it has running: a body, a timer. */
  stop: ((reason: unknown) => void) | undefined = undefined;
  /** Sets its timer anew, while it has one: run time stood still meanwhile. */
  restartTimer: (() => void) | undefined = undefined;
  /** Its time-out, once that is on its way into the stream. */
  timeOut: Change | undefined = undefined;
  /** An answer that came while the time-out was in flight. */
  lateAnswer: Answer | undefined = undefined;
  /** The child whose answer it waits for. */
  child: TaskId | undefined = undefined;
  /** The signal it waits for. */
  signal: WantedSignal | undefined = undefined;
  /** Why nobody needs its result any more. It still ends with a record, so that replay knows when (K4). */
  dropped: Extract<DropReason, "lost" | "cancelled"> | undefined = undefined;
  /** Undefined for whatever is done once, and for steps that may be done any number of times. */
  attempts: Attempts | undefined = undefined;
  #silent = false;
  /** More than one where a scope that is given up is within another one; undefined until the first. */
  #whenEnded: (() => void)[] | undefined;
  #ended = false;

  constructor(
    place: Place,
    begin: (operation: Operation) => void,
    verify?: (operation: Operation) => void,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#place = place;
    this.begin = begin;
    this.verify = verify;
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get path(): Path {
    return this.#place.path;
  }

  /** See {@link Scope.isCleanup}. */
  get isCleanup(): boolean {
    return this.#place.scope.isCleanup;
  }

  /** It waits for what others do: what it took to begin, such as a message, is kept in memory no longer. */
  forgetBeginning(): void {
    this.begin = beginsTwice;
    this.verify = undefined;
  }

  /** Calls `listener` when its last record is handed over. */
  whenEnded(listener: () => void): void {
    if (this.#ended) {
      listener();
      return;
    }
    this.#whenEnded ??= [];
    this.#whenEnded.push(listener);
  }

  /** Hands its outcome to the handler, unless that was told already; its place may be used again. */
  settle(outcome: Outcome): void {
    this.#place.leave();
    this.#ended = true;
    if (!this.#silent) {
      if (outcome.type === "value") this.#resolve(outcome.value);
      else this.fail(new RuntimeError(outcome.error));
    }
    for (const listener of this.#whenEnded ?? []) listener();
  }

  /** Rejects it now; what comes of it later is told to nobody. */
  lose(error: unknown): void {
    if (this.#silent) return;
    this.#silent = true;
    this.fail(error);
  }

  /** Rejects it. A handler that never looks at it must not end the process: what happened is in the stream. */
  fail(error: unknown): void {
    this.promise.catch(() => {});
    this.#reject(error);
  }
}

function beginsTwice({ path }: Operation): never {
  throw runtimeError("INVARIANT", `${path} has begun already`);
}

/** Which signal a handler waits for, and what it has to be. */
export interface WantedSignal {
  readonly name: string;
  readonly schema: Schema;
}

/** What a child sends its parent: mail of kind `answer`, or within one host directly. */
export interface Answer {
  readonly child: TaskId;
  /** As the child wrote it. */
  readonly encoded: EncodedOutcome;
  readonly outcome: Outcome;
}

/** Encodes the mail that carries an answer. */
export function encodeAnswer(child: TaskId, outcome: EncodedOutcome): string {
  return `{"child":${JSON.stringify(child)},"outcome":${outcome}}`;
}

/** Decodes what {@link encodeAnswer} made. */
export function decodeAnswer(data: string, texts: BlobTexts): Answer {
  const { child, outcome } = JSON.parse(data) as {
    child: TaskId;
    outcome: Parameters<typeof resolveOutcome>[0];
  };
  const encoded = JSON.stringify(outcome) as EncodedOutcome;
  return { child, encoded, outcome: resolveOutcome(outcome, texts) };
}

/** What operations need of the task in whose handler they stand. */
export interface OperationOwner {
  readonly task: Envelope;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly host: OperationHost;
  /** How long its run was paused in all, as far as is known: run time is wall-clock time less this. */
  readonly pausedMs: number;
  /**
   * Wall-clock ms when it heard of the pause that lasts: run time stands still from then on. Null: its run is not
   * paused, as far as is known. `pausedMs` lacks this pause.
   */
  readonly pausedSince: number | null;
  /** True when the handler has returned or the task is lost: nothing is recorded any more. */
  readonly finished: boolean;
  /** Hands a result over, in the order of the calls, one per turn. */
  deliver(result: Delivery): void;
  /** An operation is parked now: if nothing else is going on, the slot is given back. */
  parked(operation: Operation): void;
  /**
   * An operation has more to do: its time has come, or the gate of its run was not open. It goes on in a later turn,
   * when its task holds a slot and its run is open; or it is dropped.
   */
  goOn(operation: Operation): void;
  /** Replay does not fit: the task becomes stuck. */
  diverged(expected: string, actual: string): void;
  /** The oldest signal of that name that nobody has taken; it is taken now. */
  takeSignal(name: string): Signal | undefined;
}

/** A signal as it stands in the inbox. */
export interface Signal {
  readonly seq: number;
  readonly name: string;
  readonly value: unknown;
}

/** What operations need of the host. */
export interface OperationHost {
  readonly id: HostId;
  readonly store: Store;
  readonly clock: Clock;
  /** Undefined when effects may start now; otherwise resolves when they may again (K14). */
  whenFresh(): Promise<void> | undefined;
  /** Something runs that a host which stops waits for: a step's body, a commit. Each began ends once. */
  activityBegan(): void;
  activityEnded(): void;
  /** Takes a slot for a new task, if its agent handles it here, has one free, and nobody is in line for it. */
  takeSlot(agent: string, operation: string): boolean;
  giveSlot(agent: string): void;
  /** Versions of the code of an agent that runs here: its own, then those that it continues; empty: it has none. */
  versionsOf(agent: string): readonly string[];
  /**
   * Runs a child that was created as owned by this host, on a slot that was taken for it.
   * @param at - Wall-clock ms of the commit that created it.
   */
  startChild(child: Envelope, input: unknown, at: number, pausedMs: number): void;
  /** Something was written that other hosts, or this one when it has room, may claim. */
  claimable(agent: string): void;
  /** Mail was written to a task that this host may not own. */
  mailed(): void;
  /** A child was created behind a key that another task holds, or may hold. */
  queuedBehindKey(child: TaskId): void;
  /** True if some living host runs `agent`, as far as is known now. */
  knowsAgent(agent: string): boolean;
  /** True if messages of `agent` need a key. */
  isKeyed(agent: string): boolean;
  /** Asks the ledger whether some living host runs `agent`. */
  lookUpAgent(agent: string): Promise<boolean>;
  /** Takes the right to send a message of `run`. */
  messageTicket(run: RunId): MessageTicket;
  /** Agents known now, by what is asked of them, in order of their names. */
  peers(query: PeerQuery): readonly string[];
}

/** Which agents are wanted; all that is given has to fit. */
export interface PeerQuery {
  readonly capability?: string;
  readonly group?: string;
  /** Name of an operation it takes. */
  readonly operation?: string;
}

/** Run time now: wall-clock ms less the time for which the run was paused. It stands still in a pause. */
export function runTime({ host, pausedMs, pausedSince }: OperationOwner): number {
  return (pausedSince ?? host.clock.now()) - pausedMs;
}

/** {@link OperationOwner.pausedSince} once `owner` has heard where the gate stands, and for how long it was paused. */
export function heardOfPause(
  { host, ...before }: Pick<OperationOwner, "host" | "pausedMs" | "pausedSince">,
  gate: Gate,
  pausedMs: number,
): number | null {
  if (gate !== "paused") return null;
  // What was added has ended the pause before: this is another one.
  const isSame = pausedMs === before.pausedMs;
  return isSame ? (before.pausedSince ?? host.clock.now()) : host.clock.now();
}

/** The earlier of two times; null is never. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
