import type { TaskId } from "../core/ids.ts";
import type { Gate } from "../ports/store.ts";
import { receiveAnswer, receiveLateAnswer } from "./asks.ts";
import { readTexts } from "./journal.ts";
import { type ReadMail, readMail, Signals } from "./mail.ts";
import type { Operation, OperationOwner, Signal } from "./operation.ts";
import { receiveSignal } from "./waits.ts";

/** What an inbox needs of its task. */
export interface InboxOwner extends OperationOwner {
  readonly id: TaskId;
  readonly isOver: boolean;
  /** True while recorded results are left: mail waits until they are delivered. */
  readonly isReplaying: boolean;
  /** Operations that are open, in the order in which they were called. */
  readonly operations: Iterable<Operation>;
  operationAt(path: Operation["path"]): Operation | undefined;
  /** Where the gate of its run stands, and how long the run was paused in all. */
  gateIs(gate: Gate, pausedMs: number): void;
  cancel(): void;
  /** Somebody searches for a deadlock and cannot see what this task waits for. */
  probe(): void;
  trouble(cause: unknown): Promise<void>;
}

/** The mail of one task in memory. Owns: what was read, and signals nobody has waited for. */
export class Inbox {
  readonly #owner: InboxOwner;
  #signals: Signals | undefined;
  #seen: number;
  /** Read while replaying. */
  #held: readonly ReadMail[];

  constructor(owner: InboxOwner, seen: number, held: readonly ReadMail[]) {
    this.#owner = owner;
    this.#seen = seen;
    this.#held = held;
  }

  /** Number of mails read so far (K3). */
  get seen(): number {
    return this.#seen;
  }

  /** Numbers of the signals that this life took. */
  get taken(): readonly number[] {
    return this.#signals?.taken ?? [];
  }

  takeSignal(name: string): Signal | undefined {
    return this.#signals?.take(name);
  }

  /** Reads the mail that has come, and where the gate stands; may add changes. A failing store is only reported. */
  async read(): Promise<void> {
    try {
      await this.#readNews();
    } catch (cause) {
      // Nothing is taken as read: whoever was refused for it is refused again, and reads again.
      await this.#owner.trouble(cause);
    }
  }

  async #readNews(): Promise<void> {
    const owner = this.#owner;
    const { store } = owner.host;
    const loaded = await store.load(owner.id);
    if (loaded === undefined || owner.isOver) return;
    const unread = loaded.inbox.filter((mail) => mail.seq > this.#seen);
    const texts = await readTexts(store, unread);
    if (owner.isOver) return;
    if (!owner.finished) {
      for (const operation of owner.operations) receiveLateAnswer(owner, operation);
    }
    // Somebody else may have read while the blobs were.
    const news = unread.filter((mail) => mail.seq > this.#seen);
    // A move of the gate counts as mail: what was read before another read says how it stood then.
    const isNewest = loaded.row.inbox >= this.#seen;
    this.#seen = Math.max(this.#seen, loaded.row.inbox);
    if (isNewest) owner.gateIs(loaded.gate, loaded.pausedMs);
    this.#held = [...this.#held, ...news.map((mail) => readMail(mail, texts))];
    this.deliver();
  }

  /** Hands over what was read, unless the task is still replaying. */
  deliver(): void {
    const owner = this.#owner;
    if (owner.isReplaying) return;
    const mails = this.#held;
    this.#held = [];
    if (owner.finished) return;
    // First what says that nothing may begin any more.
    if (mails.some(({ type }) => type === "cancel")) owner.cancel();
    for (const mail of mails) this.#take(mail);
    this.#signals?.offer(owner.operations, owner.outbox, (operation, signal) =>
      receiveSignal(owner, operation, signal),
    );
  }

  /** True if something was read that tells the task to stop. */
  get holdsCancel(): boolean {
    return this.#held.some(({ type }) => type === "cancel");
  }

  #take(mail: ReadMail): void {
    switch (mail.type) {
      case "answer": {
        const operation = this.#owner.operationAt(mail.path);
        // Also if nobody knows yet that it was asked: its record is on the way, or its run is paused.
        if (operation !== undefined) receiveAnswer(this.#owner, operation, mail.answer);
        break;
      }
      case "signal":
        this.#signals ??= new Signals();
        this.#signals.add(mail.signal);
        break;
      case "probe":
        this.#owner.probe();
        break;
      case "cancel":
      case "resume":
        break;
    }
  }
}
