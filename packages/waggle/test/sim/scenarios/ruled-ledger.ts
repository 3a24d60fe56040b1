import { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import type { HostId, TaskId } from "../../../src/core/ids.ts";
import type {
  Batch,
  Claimed,
  ClaimRequest,
  CommitResult,
  TaskRow,
  Write,
} from "../../../src/ports/store.ts";

/**
 * A ledger that checks after every change what must hold of it at each moment: nothing is forgotten (K8), one task
 * per key (K9), accepted messages are done, dead or open, and what waits in a mailbox is what its cell says.
 */
export class RuledLedger extends MemoryLedger {
  readonly #report: (problem: string) => void;
  readonly #accepted = new Set<TaskId>();
  /** Messages that nobody has claimed yet, by agent; with the most that ever waited. */
  readonly #waiting = new Map<string, { readonly tasks: Set<TaskId>; most: number }>();
  #untilCheck = 0;
  /** Called with each batch before it is applied or refused; what it returns is called when that is decided. */
  beforeCommit: ((batch: Batch) => ((isApplied: boolean) => void) | undefined) | undefined;

  constructor(now: () => number, report: (problem: string) => void) {
    super({ now });
    this.#report = report;
  }

  override commit(batch: Batch): CommitResult {
    const decided = this.beforeCommit?.(batch);
    const result = super.commit(batch);
    decided?.(result.type === "committed");
    if (result.type === "committed") {
      for (const write of batch.writes) this.#note(write);
      this.#check();
    }
    return result;
  }

  override claim(request: ClaimRequest): readonly Claimed[] {
    const claimed = super.claim(request);
    for (const { task } of claimed) {
      for (const { tasks } of this.#waiting.values()) tasks.delete(task);
    }
    if (claimed.length > 0) this.#check();
    return claimed;
  }

  /** Most messages that ever waited for `agent` at one moment. */
  mostWaiting(agent: string): number {
    return this.#waiting.get(agent)?.most ?? 0;
  }

  #note(write: Write): void {
    if (write.type === "trim") this.#accepted.clear();
    if (write.type !== "create") return;
    const { id, agent } = write.task;
    if (this.#accepted.has(id)) this.#report(`task ${id} was accepted twice`);
    this.#accepted.add(id);
    if (write.owner === null) this.#waits(agent, id, write.mailbox);
  }

  #waits(agent: string, task: TaskId, limit: number | undefined): void {
    const waiting = this.#waiting.get(agent) ?? { tasks: new Set(), most: 0 };
    this.#waiting.set(agent, waiting);
    waiting.tasks.add(task);
    waiting.most = Math.max(waiting.most, waiting.tasks.size);
    if (limit !== undefined && waiting.tasks.size > limit) {
      this.#report(`${waiting.tasks.size} messages wait for '${agent}' (limit ${limit})`);
    }
  }

  /** Each change of a small world; in a large one as many as make its cost linear. */
  #check(): void {
    if (--this.#untilCheck > 0) return;
    this.#untilCheck = Math.ceil(this.#accepted.size / 32);
    const problem = this.violation();
    if (problem !== undefined) this.#report(problem);
  }

  /** What does not hold now; undefined: all does. */
  violation(): string | undefined {
    const rows = this.find({ limit: Number.POSITIVE_INFINITY });
    return (
      this.#unconserved(rows) ??
      forgotten(this, rows) ??
      crowdedKey(this, rows) ??
      this.#miscounted()
    );
  }

  /** Conservation: a message that was accepted is there, whatever became of it. */
  #unconserved(rows: readonly TaskRow[]): string | undefined {
    const there = new Set(rows.map(({ id }) => id));
    for (const id of this.#accepted) if (!there.has(id)) return `task ${id} is lost`;
    return undefined;
  }

  #miscounted(): string | undefined {
    for (const { cell, amount } of this.cells("mailbox.")) {
      const agent = cell.slice("mailbox.".length);
      const real = this.#waiting.get(agent)?.tasks.size ?? 0;
      if (amount !== real) return `${real} messages wait for '${agent}', its cell says ${amount}`;
    }
    return undefined;
  }
}

function isUnfinished({ state }: TaskRow): boolean {
  return state === "open" || state === "stuck";
}

function nameOf({ agent, operation, id }: TaskRow): string {
  return `${agent}.${operation} (${id.slice(0, 8)})`;
}

/**
 * K8: every open task has an owner that was not declared dead, or a time from when it may be claimed, or waits for
 * an open child, for a time or a signal, or behind the holder of its key; or its run is paused.
 */
function forgotten(ledger: MemoryLedger, rows: readonly TaskRow[]): string | undefined {
  const alive = new Set<HostId>(ledger.hosts().map(({ host }) => host));
  const awaited = new Set(
    rows.flatMap((row) => (row.awaited && isUnfinished(row) ? (row.parent ?? []) : [])),
  );
  for (const row of rows) {
    if (row.owner !== null && !alive.has(row.owner)) return `${nameOf(row)} is owned by the dead`;
    if (row.state !== "open" || row.owner !== null || row.due !== null || row.outside) continue;
    if (awaited.has(row.id) || isQueued(row, rows)) continue;
    if (ledger.runs({ run: row.run })[0]?.gate === "paused") continue;
    return `${nameOf(row)} is forgotten`;
  }
  return undefined;
}

function isQueued(row: TaskRow, rows: readonly TaskRow[]): boolean {
  if (row.key === null) return false;
  const head = rows.find(
    (other) => other.agent === row.agent && other.key === row.key && isUnfinished(other),
  );
  return head !== row;
}

/** K9: of the unfinished tasks of one key, only the oldest has begun. */
function crowdedKey(ledger: MemoryLedger, rows: readonly TaskRow[]): string | undefined {
  for (const row of rows) {
    if (!isUnfinished(row) || !isQueued(row, rows)) continue;
    const events = ledger.load(row.id)?.events ?? [];
    if (events.some(({ type }) => type !== "started")) {
      return `${nameOf(row)} has begun while an older task holds its key '${row.key}'`;
    }
  }
  return undefined;
}
