import type { Operation as OperationRef } from "../core/contract.ts";
import type { Envelope } from "../core/envelope.ts";
import type { ResponseAddress } from "../core/event.ts";
import { generationPrefix, type Path, type TaskId } from "../core/ids.ts";
import type { OutcomePayload } from "../core/payload.ts";
import type { Ending, Gate, RefusalReason } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import { Cancellation, endDiverged, type StoppingTask } from "./cancellation.ts";
import { Cleanups } from "./cleanups.ts";
import { closeTask, releasing, sticking } from "./closing.ts";
import type { Context } from "./context.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Divergence } from "./divergence.ts";
import { dropOperation } from "./drops.ts";
import { runHandler } from "./handler.ts";
import { type ContextOwner, HandlerContext } from "./handler-context.ts";
import { Inbox, type InboxOwner } from "./inbox.ts";
import { type Delivery, hasPast, type Journal, outstandingOf } from "./journal.ts";
import type { LifeHost } from "./life-host.ts";
import type { LifeStart } from "./life-start.ts";
import { Marks } from "./marks.ts";
import { calledTooLate, MAX_OPERATIONS, OpenOperations, oneTooMany } from "./open-operations.ts";
import { heardOfPause, type Operation, runTime, type Signal } from "./operation.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { beginDropped } from "./parking.ts";
import { Scope } from "./scope.ts";
import { SlotHold, type SlotWaiter } from "./slots.ts";
import type { Trail } from "./trail.ts";

/** Turns in which replay may stand still before it counts as diverged: one for plain promises to settle. */
const PATIENCE_TURNS = 1;

/**
 * One task in memory: its handler, its open operations, what it has written and what it still has to get.
 * Invariants: L1 nothing begins while recorded results are left (K5). L2 results leave the queue one per turn
 * (K4). L3 after `over` nothing is written, resolved or rejected (K15). L4 it holds a slot while it runs.
 */
export class Life implements ContextOwner, InboxOwner, OutboxOwner, SlotWaiter, StoppingTask {
  readonly task: Envelope;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly host: LifeHost<Life>;
  readonly respondTo: ResponseAddress | undefined;
  pausedMs: number;
  pausedSince: number | null;
  /** Wall-clock ms of the result delivered last. */
  nowMs: number;
  /** Somebody below it is queued behind a key: a search for a deadlock begins each time it comes to rest. */
  watched = false;
  /** Another host searches, and cannot see what this task waits for while it is in memory. */
  probed = false;
  readonly #definition: AgentDefinition;
  readonly #scope: Scope;
  readonly #input: unknown;
  readonly #queue: DeliveryQueue;
  readonly #operations = new OpenOperations();
  readonly #inbox: Inbox;
  #cleanups: Cleanups | undefined;
  /** Called, but not begun or gone on with: while it replays, is paused or has no slot. Undefined: nothing. */
  #deferred: Operation[] | undefined;
  #replaying: boolean;
  #calls = 0;
  #patience = PATIENCE_TURNS;
  #marks: Marks | undefined;
  #abort: AbortController | undefined;
  readonly #slot: SlotHold;
  #started = false;
  #cancellation: Cancellation | undefined;
  #gate: Gate;
  /** How the handler ended; undefined until it has returned or thrown. */
  #outcome: OutcomePayload | undefined;
  readonly trail: Trail | undefined;
  #releasing = false;
  /** Nothing of it is written any more, except its ending. */
  #ending = false;
  #over = false;

  constructor(host: LifeHost<Life>, definition: AgentDefinition, task: Envelope, start: LifeStart) {
    const { journal, mail, isRehearsal = false } = start;
    this.host = host;
    this.task = task;
    this.#definition = definition;
    this.#input = start.input;
    this.journal = journal;
    this.#inbox = new Inbox(this, start.inbox, mail);
    this.respondTo = start.respondTo;
    this.pausedMs = start.pausedMs;
    this.pausedSince = start.gate === "paused" ? host.clock.now() : null;
    this.nowMs = start.at;
    this.#gate = start.gate;
    this.#slot = new SlotHold(host.slots(task.agent), this);
    this.#scope = new Scope(generationPrefix(journal.generation));
    this.#queue = new DeliveryQueue(journal.deliveries);
    this.#replaying = isRehearsal || mail.length > 0 || hasPast(journal) || start.gate !== "open";
    this.trail = host.tracker?.trailOf(this, definition);
    this.outbox = new Outbox(host.store, host.id, this, start.version, start.prefix);
  }

  get id(): TaskId {
    return this.task.id;
  }

  get isOver(): boolean {
    return this.#over;
  }

  get finished(): boolean {
    return this.#over || this.#ending;
  }

  get abort(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  get inboxSeen(): number {
    return this.#inbox.seen;
  }

  get isReplaying(): boolean {
    return this.#replaying;
  }

  get takenSignals(): readonly number[] {
    return [...this.journal.signals, ...this.#inbox.taken];
  }

  /** Operations that are open, in the order in which they were called. */
  get operations(): Iterable<Operation> {
    return this.#operations;
  }

  /** Begins to live: at once on a slot that was taken for it, otherwise when one is free. */
  begin(holdsSlot: boolean): void {
    if (holdsSlot) this.slotGranted();
    else this.#slot.want();
  }

  slotGranted(): void {
    if (this.#over) {
      this.host.slots(this.task.agent).give();
      return;
    }
    this.#slot.granted();
    const isFirst = !this.#started;
    this.#started = true;
    if (isFirst) runHandler(this.#definition, this.contextOf(this.#scope), this.#input, this);
    if (!isFirst || this.#replaying) this.host.schedule(this);
  }

  /** One turn: hands over one result, or finds that there is none. */
  turn(): void {
    if (this.finished) return;
    const next = this.#queue.next;
    if (!this.#slot.isHeld) {
      if (this.#still) this.release();
      else if (next !== undefined || this.#replaying || this.#deferred !== undefined)
        this.#slot.want();
      return;
    }
    if (next === undefined) {
      this.#settle();
      return;
    }
    const operation = this.#operations.at(next.path);
    if (operation === undefined) {
      this.#standStill(next.path);
      return;
    }
    this.#handOver(next, operation);
  }

  #handOver(next: Delivery, operation: Operation): void {
    this.#queue.shift();
    this.#patience = PATIENCE_TURNS;
    this.#operations.remove(next.path);
    this.nowMs = next.at;
    operation.settle(next.outcome);
    const isLeft = this.#queue.next !== undefined || this.#replaying || this.#operations.size > 0;
    if (isLeft) this.host.schedule(this);
  }

  /** The recorded result is for something the handler has not asked for. */
  #standStill(expected: Path): void {
    if (this.#patience-- > 0) {
      this.host.schedule(this);
      return;
    }
    this.diverged(expected, this.#operations.paths.join(", ") || "nothing");
  }

  /** Everything recorded is delivered and the handler has said what it wants next. */
  #settle(): void {
    if (this.#replaying && !this.replayed()) return;
    if (!this.#releasing) this.#beginDeferred();
    if (this.#queue.next !== undefined) return;
    if (this.#gate === "paused") this.release();
    else if (this.resting) this.#rest();
  }

  /** The replay is over: from here on things happen. @returns false if it goes on after all. */
  replayed(): boolean {
    if (!this.#isToStop && !this.#fitsPast()) return false;
    this.#replaying = false;
    // First what says that nothing may begin any more, then what the handler wants to begin.
    if (this.#isToStop) this.cancel();
    this.#beginDeferred();
    this.#inbox.deliver();
    return true;
  }

  /** Compares what has no outcome before anything new begins. @returns false: it does not fit, or not yet. */
  #fitsPast(): boolean {
    const left = this.#left;
    if (left !== undefined) this.#standStill(left);
    else for (const operation of this.#operations) operation.verify?.(operation);
    return left === undefined && !this.finished;
  }

  /** What an earlier life asked for, and this one has not. */
  get #left(): Path | undefined {
    const open = this.#isToStop ? [] : outstandingOf(this.journal);
    return [...this.#queue.undelivered, ...open].find(
      (path) => this.#operations.at(path) === undefined,
    );
  }

  get #isToStop(): boolean {
    return this.#gate === "cancelling" || this.#inbox.holdsCancel;
  }

  #beginDeferred(): void {
    const deferred = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const operation of deferred) if (!this.finished) this.#begin(operation);
  }

  /** True while it waits for answers, times and signals only. */
  get resting(): boolean {
    if (this.finished || this.#replaying || this.#queue.next !== undefined) return false;
    return this.#operations.size > 0 && this.#operations.allParked;
  }

  /** True while nothing of it goes on, though it may have more to begin: its run is paused. */
  get #still(): boolean {
    if (this.finished || this.#gate !== "paused") return false;
    if (!this.#started) return true;
    if (this.#replaying || this.#queue.next !== undefined) return false;
    return !this.#operations.anyGoesOn;
  }

  #rest(): void {
    // It has survived its claim: that is progress, though nothing else may happen for long (poison counts claims).
    this.outbox.addPrefix();
    this.#slot.give();
    this.host.resting(this);
  }

  /** Takes an operation that the handler has called. */
  request(operation: Operation): void {
    if (this.#outcome !== undefined) {
      operation.fail(calledTooLate(operation.path));
      return;
    }
    if (this.finished) return;
    this.trail?.note(operation.path);
    if (++this.#calls > MAX_OPERATIONS) {
      operation.fail(oneTooMany(operation.path));
      return;
    }
    this.#operations.add(operation);
    if (!this.#replaying) this.#begin(operation);
    else if (this.#queue.isRecorded(operation.path)) operation.verify?.(operation);
    else this.#defer(operation);
  }

  #defer(operation: Operation): void {
    this.#deferred ??= [];
    this.#deferred.push(operation);
  }

  #begin(operation: Operation): void {
    if (this.#cancellation !== undefined && !operation.isCleanup) operation.dropped ??= "cancelled";
    if (operation.dropped !== undefined) beginDropped(this, operation);
    else if (this.#gate === "paused") this.#defer(operation);
    else operation.begin(operation);
  }

  goOn(operation: Operation): void {
    operation.phase = "new";
    this.#defer(operation);
    if (!this.finished) this.host.schedule(this);
  }

  deliver(result: Delivery): void {
    if (this.finished) return;
    this.#queue.push(result);
    this.host.schedule(this);
  }

  parked(_operation: Operation): void {
    if (!this.finished) this.host.schedule(this);
  }

  diverged(expected: string, actual: string): void {
    const isStopped = (): boolean => {
      if (this.#cancellation === undefined && !this.#isToStop) return false;
      endDiverged(this);
      return true;
    };
    if (isStopped()) return;
    this.#ending = true;
    const stuck = (difference: Divergence): void => this.host.stuck(this, difference);
    this.outbox.add(sticking(expected, actual, isStopped, stuck));
  }

  contextOf(scope: Scope): Context {
    return new HandlerContext(this, scope);
  }

  dropScope(scope: Scope): readonly Operation[] {
    const within = this.#operations.within(scope.prefix);
    for (const operation of within) dropOperation(this, operation, "lost");
    return within;
  }

  isAlone(besides: Operation): boolean {
    return this.#operations.isAlone(besides);
  }

  changed(id: string): boolean {
    this.#marks ??= new Marks(this.journal.marks);
    return this.#marks.has(id, this.#replaying, this.outbox);
  }

  known(agent: string, operation: string): OperationRef | undefined {
    return this.host.operationOf(agent, operation);
  }

  addCleanup(name: string, body: (ctx: Context) => Promise<void>): void {
    this.#cleanups ??= new Cleanups();
    this.#cleanups.add(name, body);
  }

  readInbox(): Promise<void> {
    return this.#inbox.read();
  }

  async runHasEnded(): Promise<boolean> {
    await this.#inbox.read();
    return this.#gate === "ended";
  }

  takeSignal(name: string): Signal | undefined {
    return this.#inbox.takeSignal(name);
  }

  operationAt(path: Path): Operation | undefined {
    return this.#operations.at(path);
  }

  probe(): void {
    this.watched = true;
    this.probed = true;
    if (this.resting) this.host.resting(this);
  }

  gateIs(gate: Gate, pausedMs: number): void {
    const was = this.#gate;
    this.#gate = gate;
    this.pausedSince = heardOfPause(this, gate, pausedMs);
    this.pausedMs = pausedMs;
    if (this.#replaying) return;
    if (gate === "cancelling") this.cancel();
    if (gate === "paused") this.host.schedule(this);
    else if (was === "paused") {
      this.#operations.restartTimers();
      if (this.#slot.isHeld) this.#beginDeferred();
      else this.host.schedule(this);
    }
  }

  /** Its asker, its run or a person wants it to stop: whatever is open in it ends, and it is told. */
  cancel(): void {
    if (this.finished || this.#cancellation !== undefined) return;
    this.#cancellation = new Cancellation(this.task);
    if (!this.#started && !this.#replaying) {
      this.#finish(this.#cancellation.outcome);
      return;
    }
    this.#abort?.abort(this.#cancellation.error);
    this.#cancellation.start(this);
  }

  /** Gives the task back if it still rests: it comes again with mail, or at the first of its times. */
  release(): void {
    if (this.#releasing || !(this.resting || this.#still)) return;
    if (this.#gate !== "paused" && this.#operations.isDue(runTime(this))) return;
    this.#releasing = true;
    this.#operations.keep();
    const ending = (): Ending =>
      this.#operations.releaseEnding(this.#gate === "paused", this.pausedMs);
    const isStale = (): boolean => {
      this.#releasing &&= this.resting || this.#still;
      // What it has to go on with has waited for that.
      if (!this.#releasing) this.host.schedule(this);
      return !this.#releasing;
    };
    this.outbox.add(releasing(ending, isStale, () => this.leave()));
  }

  handlerEnded(outcome: OutcomePayload): void {
    if (this.finished) return;
    if (this.#cleanups === undefined) this.#finish(outcome);
    else
      void this.#cleanups
        .run(outcome, this.#scope, (scope) => this.contextOf(scope))
        .then((ended) => this.#finish(ended));
  }

  #finish(outcome: OutcomePayload): void {
    if (this.finished) return;
    const left = this.#replaying ? this.#left : undefined;
    if (left === undefined) this.end(outcome);
    else this.diverged(left, "the handler returned");
  }

  end(outcome: OutcomePayload): void {
    this.#ending = true;
    this.#outcome = outcome;
    this.#operations.stop("the handler returned");
    if (this.outbox.idle) this.#close(outcome);
  }

  outboxIdle(): void {
    if (this.#outcome !== undefined && !this.#over) this.#close(this.#outcome);
    else if (this.#gate === "paused" && !this.finished) this.host.schedule(this);
    else if (this.watched && this.resting) this.host.resting(this);
  }

  #close(outcome: OutcomePayload): void {
    const open = this.#operations.withoutRecord(this.#queue);
    // What was cancelled did not end by its records alone, and is never replayed again.
    if (this.trail === undefined || this.#cancellation !== undefined)
      closeTask(this, outcome, open);
    else this.trail.end(outcome, (ended) => closeTask(this, ended, open));
  }

  get marks(): ReadonlySet<string> {
    return this.#marks?.known ?? this.journal.marks;
  }

  /** The operation at `path`, if an answer to it can be taken now. */
  waitingAt(path: Path): Operation | undefined {
    const operation = this.#operations.at(path);
    if (this.finished || this.#replaying || this.#releasing) return undefined;
    return operation?.phase === "parked" && operation.settling === "no" ? operation : undefined;
  }

  /** K15: quietly. Promises of the handler stay pending for ever and are collected. */
  lost(_reason: RefusalReason): void {
    this.leave();
  }

  /** The host stops: bodies get the reason, nothing more is written. */
  abandon(reason: string): void {
    this.#operations.stop(reason);
    this.leave();
  }

  writing(isWriting: boolean): void {
    if (isWriting) this.host.activityBegan();
    else this.host.activityEnded();
  }

  trouble(cause: unknown): Promise<void> {
    return this.host.trouble(cause);
  }

  /** It is not in this host's memory any more; what it had open is abandoned. */
  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancellation?.stop();
    this.#operations.stop("the task left this host");
    this.outbox.close();
    this.#slot.give();
    this.host.left(this);
  }
}
