import type { EncodedEvent } from "../core/event-codec.ts";
import type { HostId, TaskId } from "../core/ids.ts";
import type {
  AppendWrite,
  CommitResult,
  Ending,
  LoadedTask,
  RefusalReason,
  Store,
  Write,
} from "../ports/store.ts";

/** Something that is to be written to a task's stream, with what belongs to it. */
export interface Change {
  readonly events: readonly EncodedEvent[];
  /** True when something new begins with it: a child, an effect (K7). */
  readonly starts: boolean;
  /** True when what begins is clean-up: it may also begin while the run is cancelling. */
  readonly cleanup?: boolean;
  /** True when a new generation of the handler begins with the first of `events`. */
  readonly restart?: boolean;
  /** True when it may only be written with all mail read (K3). */
  readonly checksInbox?: boolean;
  readonly ending?: Ending;
  /** Further writes of the same batch. `firstEvent` is the place of `events[0]` in the batch's write 0. */
  readonly extra?: (firstEvent: number) => readonly Write[];
  /** True when it need not be written any more. Asked before each try. */
  readonly isStale?: () => boolean;
  /** It is durable. `at`: wall-clock ms of the commit. */
  readonly committed: (at: number) => void;
  /**
   * Nothing of it was written and it is not tried again: one of its extra writes was refused, or (`gate`) it would
   * begin something and the run's gate is not open.
   */
  readonly refused?: (reason: RefusalReason) => void;
  /** The outbox was closed before it was known to be written. */
  readonly abandoned?: () => void;
}

/** What an outbox needs of the task it writes for. */
export interface OutboxOwner {
  readonly id: TaskId;
  /** Mails read so far. */
  readonly inboxSeen: number;
  /** Reads the mail that has come, and where the gate of the run stands; may add changes. */
  readInbox(): Promise<void>;
  /** As `readInbox`. True if the run has ended. */
  runHasEnded(): Promise<boolean>;
  /** The task is not this host's any more, or its run is over: nothing may be written. */
  lost(reason: RefusalReason): void;
  /** Everything added so far is written. */
  outboxIdle(): void;
  /** Writing begins or has ended; what is being written is waited for by a host that stops. */
  writing(isWriting: boolean): void;
  /** The store did not answer; it is asked again. */
  trouble(cause: unknown): Promise<void>;
}

const NOTHING: readonly Change[] = [];

/** Shared by all outboxes that have nothing to write; frozen, so that nothing can be added to it. */
const EMPTY: Change[] = [];
Object.freeze(EMPTY);

/** What follows it comes one microtask later. */
const SOON: Promise<void> = Promise.resolve();

/** One try to write changes. */
interface Attempt {
  readonly changes: readonly Change[];
  readonly append: AppendWrite;
  readonly writes: readonly Write[];
  /** How many of the append's events come from {@link Outbox.mark}. */
  readonly prefix: number;
  /**
   * Which change each of `writes` belongs to; write 0 is the stream's own append and belongs to all. Undefined where
   * there is one change only: the others are its own.
   */
  readonly sources: readonly (Change | undefined)[] | undefined;
}

/** What changes ask of the append that they share. */
type Demands = Pick<Change, "starts" | "cleanup" | "restart" | "checksInbox">;

const NO_EVENTS: readonly EncodedEvent[] = [];

type MutableAppend = { -readonly [Field in keyof AppendWrite]: AppendWrite[Field] };

/** Most changes in one batch; bounds the time of one transaction. */
const MAX_CHANGES = 256;

/**
 * Writes one task's stream. Owns: the version of the stream, the order of changes. At most one batch is in
 * flight (so the expected version is exact, K2); what is added meanwhile goes into the next one. Changes
 * added in one microtask turn share a batch.
 */
export class Outbox {
  readonly #store: Store;
  readonly #host: HostId;
  readonly #owner: OutboxOwner;
  /** Written in front of the next events: `resumed`, marks. */
  #prefix: readonly EncodedEvent[];
  #version: number;
  #pending: Change[] = EMPTY;
  #writing: readonly Change[] = NOTHING;
  #phase: "idle" | "scheduled" | "in flight" = "idle";
  #closed = false;

  constructor(
    store: Store,
    host: HostId,
    owner: OutboxOwner,
    version: number,
    prefix: readonly EncodedEvent[],
  ) {
    this.#store = store;
    this.#host = host;
    this.#owner = owner;
    this.#version = version;
    this.#prefix = prefix;
  }

  /** Events of the stream, as far as is known. */
  get version(): number {
    return this.#version;
  }

  get idle(): boolean {
    return this.#phase !== "in flight" && this.#pending.length === 0;
  }

  /** True while `change` is part of a batch whose outcome is not known yet. */
  isWriting(change: Change): boolean {
    return this.#writing.includes(change);
  }

  add(change: Change): void {
    if (this.#closed) {
      change.abandoned?.();
      return;
    }
    // What is added first gets a list of its own size: there is seldom more.
    if (this.#pending === EMPTY) this.#pending = [change];
    else this.#pending.push(change);
    this.#schedule();
  }

  /** Puts `event` in front of the next events, whatever they are. */
  mark(event: EncodedEvent): void {
    this.#prefix = [...this.#prefix, event];
  }

  /** Writes what would go in front of the first events, if it is not written yet. */
  addPrefix(): void {
    const events = this.#prefix;
    if (events.length === 0) return;
    this.#prefix = [];
    this.add({ events, starts: false, committed: () => {} });
  }

  /** Nothing is written any more; what is in flight may still be applied, but is not reported. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const left = [...this.#writing, ...this.#pending];
    this.#pending = EMPTY;
    for (const change of left) change.abandoned?.();
  }

  /** The append that ends this task as part of another task's batch. Only while idle. */
  closingAppend(events: readonly EncodedEvent[], inbox: number, ending: Ending): AppendWrite {
    return {
      type: "append",
      task: this.#owner.id,
      version: this.#version,
      inbox,
      starts: false,
      events: this.#prefix.length === 0 ? events : [...this.#prefix, ...events],
      ending,
    };
  }

  #schedule(): void {
    if (this.#phase !== "idle") return;
    this.#phase = "scheduled";
    // One microtask later: what the handler starts in one go shares a batch.
    void SOON.then(() => {
      this.#phase = "in flight";
      this.#owner.writing(true);
      this.#writeNext();
    });
  }

  // Callbacks in the place of an async loop: this is written twice for each ask, and the loop took 0.8 KB each time.
  #writeNext(): void {
    const changes = this.#closed ? NOTHING : this.#take();
    if (changes.length === 0) {
      this.#phase = "idle";
      this.#owner.writing(false);
      if (!this.#closed) this.#owner.outboxIdle();
      return;
    }
    this.#writing = changes;
    const attempt = this.#build(changes);
    const { writes } = attempt;
    void this.#store
      .commit({ host: this.#host, writes })
      .then((result) => this.#settled(attempt, result));
  }

  #settled(attempt: Attempt, result: CommitResult): void {
    const recovery = this.#closed ? undefined : this.#react(attempt, result);
    if (recovery === undefined) this.#goOn();
    else void recovery.then(() => this.#goOn());
  }

  /** @returns undefined if all that has to be done is done. */
  #react(attempt: Attempt, result: CommitResult): Promise<void> | undefined {
    if (result.type === "unknown") return this.#findOut(attempt, result.cause);
    if (result.type === "refused") {
      return this.#refused(attempt.changes, sourceOf(attempt, result.write), result.reason);
    }
    this.#applied(attempt, result.at);
    return undefined;
  }

  #goOn(): void {
    this.#writing = NOTHING;
    this.#writeNext();
  }

  #take(): Change[] {
    if (this.#pending.some((change) => change.isStale !== undefined)) this.#leaveOutStale();
    if (this.#pending.length <= MAX_CHANGES) {
      const all = this.#pending;
      this.#pending = EMPTY;
      return all;
    }
    return this.#pending.splice(0, MAX_CHANGES);
  }

  #leaveOutStale(): void {
    const pending = this.#pending;
    this.#pending = EMPTY;
    const kept = pending.filter((change) => change.isStale?.() !== true);
    // Whoever is asked may have added what is to be written instead.
    this.#pending = [...kept, ...this.#pending];
  }

  #build(changes: readonly Change[]): Attempt {
    const prefix = this.#prefix.length;
    const [only] = changes;
    if (changes.length === 1 && only !== undefined) {
      const isPlain = prefix === 0 || only.events.length === 0;
      const events = isPlain ? only.events : [...this.#prefix, ...only.events];
      const append = this.#append(only, events, only.ending);
      const extra = only.extra?.(prefix);
      const writes = extra === undefined ? [append] : [append, ...extra];
      return { changes, append, writes, prefix, sources: undefined };
    }
    const events: EncodedEvent[] = [...this.#prefix];
    const further: Write[] = [];
    const sources: (Change | undefined)[] = [undefined];
    let ending: Ending | undefined;
    for (const change of changes) {
      const first = events.length;
      events.push(...change.events);
      ending = change.ending ?? ending;
      for (const write of change.extra?.(first) ?? []) {
        further.push(write);
        sources.push(change);
      }
    }
    // The prefix never stands alone.
    const written = events.length > prefix ? events : NO_EVENTS;
    const append = this.#append(demandsOf(changes), written, ending);
    return { changes, append, writes: [append, ...further], prefix, sources };
  }

  /** @param demands - What is asked of the append as a whole. */
  #append(
    demands: Demands,
    events: readonly EncodedEvent[],
    ending: Ending | undefined,
  ): AppendWrite {
    const { starts, cleanup, restart, checksInbox } = demands;
    const append: MutableAppend = {
      type: "append",
      task: this.#owner.id,
      version: this.#version,
      starts,
      events,
    };
    if (starts && cleanup === true) append.cleanup = true;
    if (restart === true) append.restart = true;
    if (checksInbox === true) append.inbox = this.#owner.inboxSeen;
    if (ending !== undefined) append.ending = ending;
    return append;
  }

  #applied({ changes, append, prefix }: Attempt, at: number): void {
    const count = append.events.length;
    this.#version += count;
    // A mark may have come in front while this was written.
    if (count > 0 && prefix > 0) this.#prefix = this.#prefix.slice(prefix);
    for (const change of changes) change.committed(at);
  }

  async #refused(
    changes: readonly Change[],
    source: Change | undefined,
    reason: RefusalReason,
  ): Promise<void> {
    if (source !== undefined) {
      // Before it is told: each change hears once what became of it, also if the outbox is closed meanwhile.
      this.#writing = NOTHING;
      this.#pending = [...changes.filter((change) => change !== source), ...this.#pending];
      source.refused?.(reason);
      return;
    }
    if (reason === "behind") await this.#readAndRetry(changes);
    else if (reason === "gate") await this.#gateClosed(changes);
    else this.#owner.lost(reason);
  }

  /** What would begin something is given back; what says how something ended is written (K7). */
  async #gateClosed(changes: readonly Change[]): Promise<void> {
    this.#writing = NOTHING;
    this.#pending = [...changes, ...this.#pending];
    const hasEnded = await this.#owner.runHasEnded();
    if (this.#closed) return;
    if (hasEnded) {
      this.#owner.lost("gate");
      return;
    }
    const given = new Set(changes.filter((change) => change.starts && change.cleanup !== true));
    this.#pending = this.#pending.filter((change) => !given.has(change));
    for (const change of given) change.refused?.("gate");
  }

  /** What the mail says may make some of the changes stale. */
  async #readAndRetry(changes: readonly Change[]): Promise<void> {
    this.#writing = [];
    this.#pending = [...changes, ...this.#pending];
    await this.#owner.readInbox();
  }

  /** Reads what became of a batch. The exact version tells: nobody else writes this stream (K1, K2). */
  async #findOut(attempt: Attempt, cause: unknown): Promise<void> {
    const { changes, append } = attempt;
    await this.#owner.trouble(cause);
    const loaded = await this.#reload();
    if (loaded === undefined) return;
    const { row, events } = loaded;
    // `events` are the last of the stream; a new generation begins with its first.
    const written = events.slice(Math.max(0, this.#version - (row.version - events.length)));
    if (row.owner === this.#host && row.version === this.#version) {
      // Without events the version cannot tell; but an ending gives the task away, so the owner does.
      await this.#readAndRetry(changes);
    } else if (
      (append.ending !== undefined || row.owner === this.#host) &&
      written.length === append.events.length &&
      written.every((event, i) => event.data === append.events[i]?.data)
    ) {
      this.#applied(attempt, written.at(-1)?.at ?? 0);
    } else {
      this.#owner.lost("fenced");
    }
  }

  /** The task as it stands now; asks until the store answers. Undefined once the outbox is closed. */
  async #reload(): Promise<LoadedTask | undefined> {
    while (!this.#closed) {
      try {
        const loaded = await this.#store.load(this.#owner.id);
        if (loaded === undefined) this.#owner.lost("absent");
        return this.#closed ? undefined : loaded;
      } catch (error) {
        await this.#owner.trouble(error);
      }
    }
    return undefined;
  }
}

function demandsOf(changes: readonly Change[]): Demands {
  return {
    starts: changes.some((change) => change.starts),
    // What may be written while the run is cancelling.
    cleanup: changes.every((change) => !change.starts || change.cleanup === true),
    restart: changes.some((change) => change.restart === true),
    checksInbox: changes.some((change) => change.checksInbox === true),
  };
}

/** The change that write `index` belongs to; undefined: to all of them. */
function sourceOf({ changes, sources }: Attempt, index: number): Change | undefined {
  if (index === 0) return undefined;
  return sources === undefined ? changes[0] : sources[index];
}
