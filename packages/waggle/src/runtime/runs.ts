import type { Input, Operation, Output } from "../core/contract.ts";
import type { Envelope } from "../core/envelope.ts";
import { RuntimeError, runtimeError } from "../core/errors.ts";
import type { Outcome, TaskEvent } from "../core/event.ts";
import { decodeEvent } from "../core/event-codec.ts";
import { parseRunId, type RunId, rootTaskId, type TaskId } from "../core/ids.ts";
import type { Payload } from "../core/payload.ts";
import type { Priority } from "../core/priority.ts";
import { STOPPED } from "../core/stopped.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Store, StoredEvent, StoreReads } from "../ports/store.ts";
import { mailboxFull, unknownAgent } from "./asks.ts";
import { type ForkPoint, forkBatch } from "./fork.ts";
import type { Host } from "./host.ts";
import { readTexts } from "./journal.ts";
import { parseInput } from "./messages.ts";
import { rootEnvelope, rootWrites } from "./root-start.ts";

export interface StartOptions {
  /**
   * Dedupe id, `^[a-z0-9][a-z0-9._-]{0,127}$`: starting again under the same id is the same start, and hands
   * back the run that is there. Default: random.
   */
  readonly id?: string;
  /** Default: normal. */
  readonly priority?: Priority;
  /**
   * How long the whole run may take, not counting pauses: the deadline travels with every ask. Default: no limit.
   */
  readonly timeoutMs?: number;
  /** While the agent's mailbox is full: fail with `MAILBOX_FULL`, or wait for room. Default: refuse. */
  readonly whenFull?: "wait" | "refuse";
  /** Stops waiting for room; nothing was started then. */
  readonly signal?: AbortSignal;
}

/** Something that happened in a run, as it stands in the ledger. */
export interface RunEvent {
  readonly task: TaskId;
  /** Grows within the store: pass it to {@link Run.events} to go on from here. */
  readonly position: number;
  /** Wall-clock ms. */
  readonly at: number;
  readonly event: TaskEvent;
}

/** A run that was started, by this call or an earlier one. */
export interface Run<T> {
  readonly id: RunId;
  /** False when a run with this id was there already. */
  readonly isNew: boolean;
  /**
   * What the root's handler returned.
   * @throws RuntimeError what it threw; or `CLOSED` when the system is disposed while waiting (the run is
   * kept and goes on when it is started again).
   */
  result(): Promise<T>;
  /**
   * What happened and happens in the run, in order, each event once; ends when no task of it is open.
   * @param from - Only events after this position. Default: all.
   */
  events(from?: number): AsyncIterable<RunEvent>;
}

/** What runs need of the system around them. */
export interface RunsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** The present incarnation of this process. */
  readonly host: () => Host;
  /** Aborts when the system is disposed. */
  readonly closed: AbortSignal;
  readonly pollMs: number;
}

/** Somebody who waits for the result of a run. */
interface Waiter {
  readonly run: RunId;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const STORE_PAUSE_MS = 50;

/** Pause before a full mailbox is tried again. */
const FULL_PAUSE_MS = 100;

/** Starts runs and follows them. Owns: who waits for which result. */
export class Runs {
  readonly #parts: RunsParts;
  readonly #waiting = new Map<TaskId, Waiter[]>();
  /** Reads under way; a dispose waits for them. */
  readonly #lookUps = new Set<Promise<void>>();
  #polling: Promise<void> | undefined;

  constructor(parts: RunsParts) {
    this.#parts = parts;
  }

  /** A host of this system closed `task`. */
  taskClosed(task: TaskId, outcome: Outcome): void {
    const waiting = this.#waiting.get(task);
    if (waiting === undefined) return;
    this.#waiting.delete(task);
    for (const { resolve, reject } of waiting) {
      if (outcome.type === "value") resolve(outcome.value);
      else reject(new RuntimeError(outcome.error));
    }
  }

  /**
   * Starts a run of `operation`, durably: when it resolves, the work will be done, whatever crashes.
   * @throws RuntimeError `USAGE`, `SCHEMA`, `NOT_DATA`, `UNKNOWN_AGENT`, `MAILBOX_FULL` (nothing happened),
   * `CLOSED`.
   */
  async start<O extends Operation>(
    operation: O,
    input: Input<O>,
    options: StartOptions = {},
  ): Promise<Run<Output<O>>> {
    const { random, clock, closed, host } = this.#parts;
    const run = parseRunId(options.id ?? random.id());
    const parsed = parseInput(operation, input);
    if (!host().knowsAgent(operation.agent) && !(await host().lookUpAgent(operation.agent))) {
      throw unknownAgent(operation.agent);
    }
    if (parsed.key === null && host().isKeyed(operation.agent)) {
      const problem = `messages to agent '${operation.agent}' need a key: start it by its contract`;
      throw runtimeError("USAGE", problem);
    }
    const { priority = "normal", timeoutMs } = options;
    const deadline = timeoutMs === undefined ? null : clock.now() + timeoutMs;
    const root = rootEnvelope(run, operation, { priority, hops: 0, key: parsed.key, deadline });
    while (!closed.aborted) {
      options.signal?.throwIfAborted();
      const started = await this.#tryStart(root, parsed.input, operation.mailbox);
      if (typeof started === "object") return started as Run<Output<O>>;
      if (started === "full" && options.whenFull !== "wait") {
        throw mailboxFull(operation.agent, operation.mailbox);
      }
      const pauseMs = started === "full" ? FULL_PAUSE_MS : STORE_PAUSE_MS;
      await clock.sleep(pauseMs, { signal: closed }).catch(() => {});
    }
    throw closedError(run);
  }

  /** `again`: the host was replaced, or the outcome is unknown. */
  async #tryStart(
    root: Envelope,
    input: Payload,
    mailbox: number | undefined,
  ): Promise<Run<unknown> | "again" | "full"> {
    const host = this.#parts.host();
    const owned = root.key === null && host.takeSlot(root.agent, root.operation);
    const [codeVersion] = host.versionsOf(root.agent);
    const owner = owned ? { host: host.id, codeVersion } : null;
    const writes = rootWrites(root, input, owner, mailbox);
    const result = await this.#parts.store.commit({ host: host.id, writes });
    if (result.type === "committed") {
      host.serve(root.run);
      if (owned) host.startRoot(root, JSON.parse(input.text), result.at);
      else host.claimable(root.agent);
      return this.handle(root.run, true);
    }
    if (owned) host.giveSlot(root.agent);
    if (result.type === "unknown" || result.reason === "fenced") return "again";
    if (result.reason === "full") return "full";
    if (result.reason === "exists") return this.#resume(root.run, host);
    throw runtimeError("INVARIANT", `start of run '${root.run}' was refused: ${result.reason}`);
  }

  /** The run is there: this system serves it from now on, and what was stuck gets another chance. */
  async #resume<T>(run: RunId, host: Host): Promise<Run<T>> {
    const { store } = this.#parts;
    for (const { id } of await store.find({ run, state: "stuck" })) {
      const resume = { kind: "resume", path: null, data: "null", late: "drop" } as const;
      const write = { type: "deliver", task: id, ...resume } as const;
      await store.commit({ host: host.id, writes: [write] });
    }
    const root = await store.load(rootTaskId(run));
    // After an unknown start the root may be ours without a life.
    host.retry(run);
    if (root?.row.owner === host.id) await host.take(root.row.id);
    return this.handle(run, false);
  }

  /**
   * Starts a run that goes on from a point of another one; see {@link forkBatch}.
   * @throws RuntimeError `NOT_FOUND`, `USAGE` (nothing happened), `CLOSED`.
   */
  async fork(from: RunId, at: ForkPoint, id?: string): Promise<Run<unknown>> {
    const { store, clock, random, closed, host } = this.#parts;
    const run = parseRunId(id ?? random.id());
    const now = clock.now();
    while (!closed.aborted) {
      const result = await store.commit(await forkBatch(store, host().id, from, run, at, now));
      if (result.type === "committed") {
        host().serve(run);
        host().mailed();
        return this.handle(run, true);
      }
      if (result.type === "refused" && result.reason === "exists") return this.#resume(run, host());
      if (result.type === "refused" && result.reason !== "fenced") {
        throw runtimeError("INVARIANT", `fork of run '${from}' was refused: ${result.reason}`);
      }
      await clock.sleep(STORE_PAUSE_MS, { signal: closed }).catch(() => {});
    }
    throw closedError(run);
  }

  /** A handle on a run, whether or not it is there. */
  handle<T>(run: RunId, isNew: boolean): Run<T> {
    return {
      id: run,
      isNew,
      result: () => this.#result(run) as Promise<T>,
      events: (from = 0) => this.#events(run, from),
    };
  }

  #result(run: RunId): Promise<unknown> {
    const root = rootTaskId(run);
    const promise = new Promise<unknown>((resolve, reject) => {
      const there = this.#waiting.get(root) ?? [];
      there.push({ run, resolve, reject });
      this.#waiting.set(root, there);
    });
    // While this host runs it, the close is told; otherwise it is looked up, now and from time to time.
    if (this.#parts.host().lifeOf(root) === undefined) {
      const lookUp = this.#lookUp(root, run).finally(() => this.#lookUps.delete(lookUp));
      this.#lookUps.add(lookUp);
    }
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
    return promise;
  }

  /** Resolves when nothing is read any more; after `closed` has aborted. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lookUps, this.#polling]);
  }

  async #poll(): Promise<void> {
    const { clock, closed, pollMs, host } = this.#parts;
    while (this.#waiting.size > 0 && !closed.aborted) {
      await clock.sleep(pollMs, { signal: closed }).catch(() => {});
      for (const [root, [first]] of [...this.#waiting]) {
        if (first !== undefined && host().lifeOf(root) === undefined) {
          await this.#lookUp(root, first.run);
        }
      }
    }
    for (const [root, [first]] of [...this.#waiting]) {
      if (first !== undefined) this.#fail(root, closedError(first.run));
    }
  }

  async #lookUp(root: TaskId, run: RunId): Promise<void> {
    try {
      const outcome = await closedOutcome(this.#parts.store, run);
      if (outcome !== undefined) this.taskClosed(root, outcome);
    } catch (error) {
      // A store that fails is asked again at the next poll; that there is no such run is final.
      if (RuntimeError.is(error, "NOT_FOUND") || this.#parts.closed.aborted)
        this.#fail(root, error);
    }
  }

  #fail(root: TaskId, error: unknown): void {
    const waiting = this.#waiting.get(root) ?? [];
    this.#waiting.delete(root);
    for (const { reject } of waiting) reject(error);
  }

  async *#events(run: RunId, from: number): AsyncGenerator<RunEvent> {
    const { store, closed } = this.#parts;
    const stop = new AbortController();
    const open = new Set<TaskId>([rootTaskId(run)]);
    try {
      // From the beginning in any case: which tasks are open is known from all events only.
      for await (const stored of store.tail(run, 0, AbortSignal.any([stop.signal, closed]))) {
        const shown = await runEvent(store, stored);
        track(open, shown);
        if (shown.position > from) yield shown;
        if (open.size === 0) return;
      }
    } finally {
      stop.abort(STOPPED);
    }
    throw closedError(run);
  }
}

function closedError(run: RunId): RuntimeError {
  return runtimeError("CLOSED", `the system was closed; run '${run}' is kept`);
}

async function closedOutcome(store: Store, run: RunId): Promise<Outcome | undefined> {
  const loaded = await store.load(rootTaskId(run));
  if (loaded === undefined) throw runtimeError("NOT_FOUND", `there is no run '${run}'`);
  const { state } = loaded.row;
  if (state !== "closed" && state !== "dead") return undefined;
  const last = loaded.events.at(-1);
  if (last === undefined) return undefined;
  const event = decodeEvent(last, await readTexts(store, [last]));
  return event.type === "closed" ? event.outcome : undefined;
}

/** A stored event as users see it: large values are read where they are kept. */
export async function runEvent(
  reads: Pick<StoreReads, "blob">,
  stored: StoredEvent,
): Promise<RunEvent> {
  const { task, position, at } = stored;
  return { task, position, at, event: decodeEvent(stored, await readTexts(reads, [stored])) };
}

function track(open: Set<TaskId>, { task, event }: RunEvent): void {
  if (event.type === "asked") open.add(event.child);
  if (event.type === "closed") open.delete(task);
}
