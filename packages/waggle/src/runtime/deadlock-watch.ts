import { type RuntimeError, runtimeError } from "../core/errors.ts";
import type { HostId, TaskId } from "../core/ids.ts";
import { errorPayload } from "../core/payload.ts";
import type { Clock } from "../ports/clock.ts";
import type { ExpectWrite, Store, TaskRow } from "../ports/store.ts";
import { cancelMail } from "./drops.ts";
import { seeFromLedger } from "./ledger-view.ts";
import { encodeAnswer, type Operation } from "./operation.ts";
import { type Deadlock, findDeadlock, type SeeTask, type WaitNode } from "./wait-graph.ts";

// Looks for deadlocks after the commits that may have closed one, and breaks them.
// Owns: which searches are still to be done. Doesn't own: the search itself (wait-graph.ts).
// A search is begun when a message is queued behind a key, and whenever a task comes to rest that a search has
// passed: the later of two edges that close a cycle sees both. Whoever would have searched may have left memory or
// died over it: what stays queued is searched from again at a later beat.

/** A task in this host's memory. */
interface WaitingLife {
  readonly id: TaskId;
  readonly task: { readonly agent: string; readonly operation: string };
  readonly operations: Iterable<Operation>;
  readonly resting: boolean;
  /** Mails read so far. */
  readonly inboxSeen: number;
  readonly outbox: { readonly version: number; readonly idle: boolean };
  watched: boolean;
}

/** What a watch needs of its host. */
export interface WatchOwner {
  readonly id: HostId;
  readonly store: Store;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
  lifeOf(task: TaskId): WaitingLife | undefined;
  /** Mail was written to a task that this host may not own. */
  mailed(): void;
  trouble(cause: unknown): Promise<void>;
  activityBegan(): void;
  activityEnded(): void;
}

/** Queued tasks from which one sweep searches at most; the next one goes on with the others. */
const MAX_SWEPT = 20;

/** Deadlocks in a row that changed before they were broken; then it is left to the next sweep. */
const MAX_CHANGED = 3;

/** Searches for one host, one after the other. */
export class DeadlockWatch {
  readonly #owner: WatchOwner;
  readonly #seeInLedger: SeeTask;
  readonly #waiting = new Set<TaskId>();
  /** Tasks that were queued at the last sweep. */
  #queuedBefore: ReadonlySet<TaskId> = new Set();
  #swept = 0;
  #isSearching = false;

  constructor(owner: WatchOwner) {
    this.#owner = owner;
    this.#seeInLedger = seeFromLedger(owner.store, owner.clock);
  }

  /** Searches soon from `task`. */
  search(task: TaskId): void {
    if (this.#owner.stopped.aborted) return;
    this.#waiting.add(task);
    if (!this.#isSearching) void this.#run();
  }

  /**
   * Searches from tasks of `agents` that were queued at the last sweep already, the oldest thousand of each agent in
   * turn. @throws what the store throws.
   */
  async sweep(agents: readonly string[]): Promise<void> {
    const queued: TaskId[] = [];
    for (const agent of agents) {
      const open = await this.#owner.store.find({ agent, state: "open" });
      queued.push(...open.filter(isQueued).map(({ id }) => id));
    }
    const lasting = queued.filter((task) => this.#queuedBefore.has(task));
    this.#queuedBefore = new Set(queued);
    if (this.#swept >= lasting.length) this.#swept = 0;
    const next = lasting.slice(this.#swept, this.#swept + MAX_SWEPT);
    this.#swept += next.length;
    for (const task of next) this.search(task);
  }

  async #run(): Promise<void> {
    this.#isSearching = true;
    this.#owner.activityBegan();
    for (const task of this.#waiting) {
      this.#waiting.delete(task);
      if (this.#owner.stopped.aborted) break;
      try {
        await this.#searchFrom(task);
      } catch (cause) {
        await this.#owner.trouble(cause);
        this.#waiting.add(task);
      }
    }
    this.#isSearching = false;
    this.#owner.activityEnded();
  }

  async #searchFrom(task: TaskId): Promise<void> {
    for (let changed = 0; changed < MAX_CHANGED; changed++) {
      const found = await findDeadlock(task, (one) => this.#see(one));
      if (found === undefined) return;
      if (await this.#break(found)) {
        // Breaking one may leave another.
        this.#waiting.add(task);
        return;
      }
    }
  }

  async #see(task: TaskId): Promise<WaitNode | undefined> {
    const { store, id } = this.#owner;
    const life = this.#owner.lifeOf(task);
    if (life !== undefined) return seeLife(life, id);
    const seen = await this.#seeInLedger(task);
    if (seen?.moves !== true) return seen;
    const loaded = await store.load(task);
    const owner = loaded?.row.owner ?? null;
    const isProbed = loaded?.inbox.some(({ kind }) => kind === "probe") ?? false;
    if (owner === null || owner === id || isProbed) return seen;
    // Its host is asked to show what it waits for, and searches from there whenever that is in the ledger.
    const result = await store.commit({
      host: id,
      writes: [{ type: "deliver", task, kind: "probe", path: null, data: "null", late: "drop" }],
    });
    if (result.type === "unknown") throw storeUnknown("the probe of a task", result.cause);
    this.#owner.mailed();
    return seen;
  }

  /**
   * The victim's asker gets the error, the victim is closed unrun: only if all that wait for each other still do, in
   * the same commit, so nobody is told of a deadlock that is none any more.
   * @returns False if one of them has changed: it moves, or another searcher was first.
   */
  async #break({ cycle, victim, members }: Deadlock): Promise<boolean> {
    const { store, id } = this.#owner;
    const loaded = await store.load(victim.task);
    if (loaded === undefined || loaded.row.parent === null) return false;
    const { parent, path } = loaded.row;
    const { encoded } = errorPayload(deadlockError(cycle).toData());
    const data = encodeAnswer(victim.task, encoded);
    const result = await store.commit({
      host: id,
      writes: [
        ...members.map(stillAsRead),
        { type: "deliver", task: parent, kind: "answer", path, data, late: "drop" },
        cancelMail(victim.task),
      ],
    });
    if (result.type === "unknown") throw storeUnknown("the end of a deadlock", result.cause);
    if (result.type === "refused") return false;
    this.#owner.mailed();
    return true;
  }
}

function stillAsRead({ task, reading }: WaitNode): ExpectWrite {
  return { type: "expect", task, ...reading };
}

function storeUnknown(what: string, cause: unknown): RuntimeError {
  const message = `the commit of ${what} has an unknown outcome: ${String(cause)}`;
  return runtimeError("STORE_UNAVAILABLE", message);
}

/** True for a task that is waited for, and has not begun, because an older one holds its key. */
function isQueued({ awaited, key, owner, due, version }: TaskRow): boolean {
  return awaited && key !== null && owner === null && due === null && version === 0;
}

function seeLife(life: WaitingLife, host: HostId): WaitNode {
  const operations = [...life.operations];
  // What is still to be written may be that it gave up what it waits for.
  const isStill = life.resting && life.outbox.idle;
  const moves = !isStill || operations.some(({ outside }) => outside);
  // What it waits for may end while another thing it waits for does not.
  life.watched = true;
  return {
    task: life.id,
    agent: life.task.agent,
    operation: life.task.operation,
    moves,
    waitsFor: operations.flatMap(({ child }) => child ?? []),
    order: 0,
    // It has a life: its turn has come.
    queuedOnKey: false,
    // Mail that it has not read may be what it waits for, or that its run is not open any more.
    reading: { version: life.outbox.version, inbox: life.inboxSeen, owner: host, gate: "open" },
  };
}

function deadlockError(cycle: readonly WaitNode[]): RuntimeError {
  const names = cycle.map(({ agent, operation }) => `${agent}.${operation}`);
  const tasks = cycle.map(({ task }) => task);
  const message = `a deadlock: ${[...names, names[0]].join(" waits for ")}; the last question of it was given up`;
  return runtimeError("DEADLOCK", message, { details: { cycle: names, tasks } });
}
