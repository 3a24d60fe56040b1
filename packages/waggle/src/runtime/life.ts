import type { Envelope } from "../core/envelope.ts";
import { runtimeError } from "../core/errors.ts";
import type { Outcome } from "../core/event.ts";
import { type EncodedEvent, type EncodedOutcome, encodeEvent } from "../core/event-codec.ts";
import type { Path, TaskId } from "../core/ids.ts";
import type { Ending, Mail, RefusalReason, Store } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import { receiveLateAnswer, receiveMail } from "./asks.ts";
import { closeTask } from "./closing.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { handlerContext, runHandler } from "./handler.ts";
import type { Delivery, Journal } from "./journal.ts";
import type { Operation, OperationHost, OperationOwner } from "./operation.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { Scope } from "./scope.ts";
import type { Slots, SlotWaiter } from "./slots.ts";

/** What a life needs of its host. */
export interface LifeHost extends OperationHost {
  readonly store: Store;
  knowsAgent(agent: string): boolean;
  slots(agent: string): Slots;
  lifeOf(task: TaskId): Life | undefined;
  /** Calls `life.turn()` in the next turn, once, however often it is asked. */
  schedule(life: Life): void;
  /** The task is not in this host's memory any more. */
  left(life: Life): void;
  /** The task was closed by this host; with `runHasEnded` its run ended in the same commit. */
  closed(task: Envelope, outcome: Outcome, runHasEnded: boolean): void;
  /** Mail was written to a task that this host may not own. */
  mailed(): void;
  /** Nothing goes on in it: it may be released. Called again each time it comes to rest. */
  resting(life: Life): void;
  /** The store failed; resolves when it may be asked again. */
  trouble(cause: unknown): Promise<void>;
}

/** Where a task was when this host got it. */
export interface LifeStart {
  readonly input: unknown;
  readonly journal: Journal;
  readonly version: number;
  readonly inbox: number;
  /** Mail nobody has received yet. */
  readonly mail: readonly Mail[];
  /** Goes in front of the first events: `resumed`, when the task was claimed. */
  readonly prefix: readonly EncodedEvent[];
}

/** Turns in which replay may stand still before it counts as diverged: one for plain promises to settle. */
const PATIENCE_TURNS = 1;

/**
 * One task in memory: its handler, its open operations, what it has written and what it still has to get.
 * Invariants: L1 nothing begins while recorded results are left (K5). L2 results leave the queue one per turn
 * (K4). L3 after `over` nothing is written, resolved or rejected (K15). L4 it holds a slot while it runs.
 */
export class Life implements OperationOwner, OutboxOwner, SlotWaiter {
  readonly task: Envelope;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly host: LifeHost;
  readonly scope: Scope = new Scope();
  inboxSeen: number;
  /** Wall-clock ms of the result delivered last. */
  nowMs: number;
  readonly #definition: AgentDefinition;
  readonly #start: LifeStart;
  readonly #queue: DeliveryQueue;
  readonly #operations = new Map<Path, Operation>();
  #deferred: Operation[] = [];
  #mail: readonly Mail[];
  #replaying: boolean;
  #patience = PATIENCE_TURNS;
  #slot: "none" | "asked" | "held" = "none";
  #started = false;
  #outcome: EncodedOutcome | undefined;
  #releasing = false;
  /** The handler has returned or thrown. */
  #returned = false;
  /** Nothing of it is written any more, except its ending. */
  #ending = false;
  #over = false;

  constructor(host: LifeHost, definition: AgentDefinition, task: Envelope, start: LifeStart) {
    this.host = host;
    this.task = task;
    this.#definition = definition;
    this.#start = start;
    this.journal = start.journal;
    this.inboxSeen = start.inbox;
    this.nowMs = host.clock.now();
    this.#mail = start.mail;
    this.#queue = new DeliveryQueue(start.journal.deliveries);
    this.#replaying =
      start.journal.deliveries.length > 0 || start.journal.asks.size > 0 || start.mail.length > 0;
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

  /** Begins to live: at once on a slot that was taken for it, otherwise when one is free. */
  begin(holdsSlot: boolean): void {
    if (holdsSlot) this.slotGranted();
    else this.#wantSlot();
  }

  slotGranted(): void {
    if (this.#over) {
      this.host.slots(this.task.agent).give();
      return;
    }
    this.#slot = "held";
    if (this.#started) {
      this.host.schedule(this);
      return;
    }
    this.#started = true;
    runHandler(this.#definition, handlerContext(this), this.task, this.#start.input, (outcome) =>
      this.#finish(outcome),
    );
    if (this.#replaying) this.host.schedule(this);
  }

  /** One turn: hands over one result, or finds that there is none. */
  turn(): void {
    if (this.finished) return;
    const next = this.#queue.next;
    if (this.#slot !== "held") {
      if (next !== undefined || this.#replaying) this.#wantSlot();
      return;
    }
    if (next === undefined) {
      this.#settle();
      return;
    }
    const operation = this.#operations.get(next.path);
    if (operation === undefined) {
      this.#standStill(next.path);
      return;
    }
    this.#handOver(next, operation);
  }

  #handOver(next: Delivery, operation: Operation): void {
    this.#queue.shift();
    this.#patience = PATIENCE_TURNS;
    this.#operations.delete(next.path);
    this.nowMs = next.at;
    operation.settle(next.outcome);
    if (this.#queue.next !== undefined || this.#replaying || this.#operations.size > 0) {
      this.host.schedule(this);
    }
  }

  /** The recorded result is for something the handler has not asked for. */
  #standStill(expected: Path): void {
    if (this.#patience-- > 0) {
      this.host.schedule(this);
      return;
    }
    const open = [...this.#operations.keys()].join(", ");
    this.diverged(expected, open === "" ? "nothing" : open);
  }

  /** Everything recorded is delivered and the handler has said what it wants next. */
  #settle(): void {
    if (this.#replaying) {
      this.#replaying = false;
      const deferred = this.#deferred;
      this.#deferred = [];
      for (const operation of deferred) if (!this.finished) operation.begin(operation);
      this.#receive(this.#mail);
      this.#mail = [];
    }
    if (this.#queue.next === undefined && this.resting) this.#rest();
  }

  /** True while it waits for answers only. */
  get resting(): boolean {
    if (this.finished || this.#replaying || this.#queue.next !== undefined) return false;
    if (this.#operations.size === 0) return false;
    for (const operation of this.#operations.values()) {
      if (!operation.parked || operation.settling !== "no") return false;
    }
    return true;
  }

  #rest(): void {
    // It has survived its claim: that is progress, though nothing else may happen for long (poison counts claims).
    this.outbox.addPrefix();
    this.#giveSlot();
    this.host.resting(this);
  }

  // ---- operations -----------------------------------------------------------------------------------

  /** Takes an operation that the handler has called. */
  request(operation: Operation): void {
    if (this.#returned) {
      const problem = `${operation.path} was called after the handler had returned`;
      operation.fail(runtimeError("SCOPE_CLOSED", problem));
      return;
    }
    if (this.finished) return;
    this.#operations.set(operation.path, operation);
    if (!this.#replaying) operation.begin(operation);
    else if (!this.#queue.isRecorded(operation.path)) this.#deferred.push(operation);
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
    const hint = "the code changed, or the handler awaited something outside ctx";
    this.#leaveWith([encodeEvent({ type: "stuck", expected, actual, hint })], { type: "stick" });
  }

  // ---- mail ------------------------------------------------------------------------------------------

  async readInbox(): Promise<void> {
    const loaded = await this.host.store.load(this.id).catch((cause: unknown) => {
      // Nothing is taken as read: whoever was refused for it is refused again, and reads again.
      return this.host.trouble(cause).then(() => undefined);
    });
    if (loaded === undefined || this.#over) return;
    if (!this.finished) {
      for (const operation of this.#operations.values()) receiveLateAnswer(this, operation);
    }
    const news = loaded.inbox.filter((mail) => mail.seq > this.inboxSeen);
    this.inboxSeen = Math.max(this.inboxSeen, loaded.row.inbox);
    if (this.#replaying) this.#mail = [...this.#mail, ...news];
    else this.#receive(news);
  }

  #receive(mails: readonly Mail[]): void {
    if (this.finished) return;
    for (const mail of mails) {
      const operation = mail.path === null ? undefined : this.#operations.get(mail.path);
      if (operation !== undefined && mail.kind === "answer") {
        receiveMail(this, operation, mail.data);
      }
    }
  }

  // ---- endings ---------------------------------------------------------------------------------------

  /** Gives the task back if it still rests: it comes again with mail or at its next time-out. */
  release(): void {
    if (this.#releasing || !this.resting) return;
    this.#releasing = true;
    const deadlines = [...this.#operations.values()].flatMap((o) => o.deadline ?? []);
    const due = deadlines.length === 0 ? null : Math.min(...deadlines);
    this.outbox.add({
      events: [],
      starts: false,
      checksInbox: true,
      ending: { type: "release", due },
      isStale: () => {
        this.#releasing &&= this.resting;
        return !this.#releasing;
      },
      committed: () => this.leave(),
    });
  }

  #finish(outcome: EncodedOutcome): void {
    if (this.finished) return;
    const left = this.#queue.undelivered.find((path) => !this.#operations.has(path));
    if (left !== undefined) {
      this.diverged(left, "the handler returned");
      return;
    }
    this.#returned = true;
    this.#ending = true;
    this.#outcome = outcome;
    this.#stopOperations("the handler returned");
    if (this.outbox.idle) this.#close(outcome);
  }

  outboxIdle(): void {
    if (this.#outcome !== undefined && !this.#over) this.#close(this.#outcome);
  }

  #close(outcome: EncodedOutcome): void {
    const dropped = [...this.#operations.values()]
      .filter(({ settling, path }) => settling !== "recorded" && !this.#queue.isRecorded(path))
      .map(({ path }) => path);
    closeTask(this, outcome, dropped);
  }

  /** The operation at `path`, if an answer to it can be taken now. */
  waitingAt(path: Path): Operation | undefined {
    const operation = this.#operations.get(path);
    if (this.finished || this.#replaying || this.#releasing) return undefined;
    return operation?.parked && operation.settling === "no" ? operation : undefined;
  }

  #leaveWith(events: readonly EncodedEvent[], ending: Ending): void {
    this.#ending = true;
    this.outbox.add({ events, starts: false, ending, committed: () => this.leave() });
  }

  /** K15: quietly. Promises of the handler stay pending for ever and are collected. */
  lost(_reason: RefusalReason): void {
    this.leave();
  }

  /** The host stops: bodies get the reason, nothing more is written. */
  abandon(reason: string): void {
    this.#stopOperations(reason);
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
    this.#stopOperations("the task left this host");
    this.outbox.close();
    this.#giveSlot();
    this.host.left(this);
  }

  #stopOperations(why: string): void {
    for (const { path, stop } of this.#operations.values()) {
      stop?.(runtimeError("CANCELLED", `${path} was stopped: ${why}`));
    }
  }

  // ---- slot ------------------------------------------------------------------------------------------

  #wantSlot(): void {
    if (this.#slot !== "none") return;
    this.#slot = "asked";
    this.host.slots(this.task.agent).take(this);
  }

  #giveSlot(): void {
    const slots = this.host.slots(this.task.agent);
    if (this.#slot === "held") slots.give();
    else if (this.#slot === "asked") slots.withdraw(this);
    this.#slot = "none";
  }
}
