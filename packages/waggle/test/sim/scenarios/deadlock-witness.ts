import { decodeEvent } from "../../../src/core/event-codec.ts";
import type { Path, TaskId } from "../../../src/core/ids.ts";
import type { RuntimeError } from "../../../src/index.ts";
import type { Batch, DeliverWrite, TaskRow } from "../../../src/ports/store.ts";
import { deadlockedTasks } from "./deadlock-reference.ts";
import type { KernelWorld } from "./kernel-world.ts";

/** What the mail that breaks a deadlock says. */
interface Alarm {
  readonly tasks: readonly TaskId[];
  readonly cycle: readonly string[];
}

/** Watches a ledger for deadlocks, by the reference, and judges every alarm that is given. */
export class DeadlockWitness {
  readonly #kernel: KernelWorld;
  readonly #latestMs: number;
  readonly #mayDissolve: boolean;
  /** Asks that a task has before it does nothing more. */
  readonly #asks = new Map<TaskId, number>();
  readonly #told = new Set<TaskId>();
  #isDeadlocked = false;
  #since = 0;
  #deadlocks = 0;
  #alarms = 0;

  /**
   * @param latestMs - Virtual ms within which the alarm has to be given after the last edge.
   * @param mayDissolve - True: a deadlock may end before anybody has found it, by a time-out or a cancel.
   */
  constructor(kernel: KernelWorld, latestMs: number, mayDissolve: boolean) {
    this.#kernel = kernel;
    this.#latestMs = latestMs;
    this.#mayDissolve = mayDissolve;
    kernel.ledger.beforeCommit = (batch) => this.#judge(batch);
    kernel.ledger.onCommit(() => this.#look());
  }

  /** A handler of `task` is about to ask `count` times; before these stand in the ledger, it moves. */
  expects(task: TaskId, count: number): void {
    this.#asks.set(task, count);
  }

  /** A handler was told of a deadlock. */
  told(task: TaskId, error: RuntimeError): void {
    this.#told.add(task);
    const { tasks = [], cycle = [] } = (error.details ?? {}) as Partial<Alarm>;
    if (tasks.length < 2 || cycle.length !== tasks.length) {
      this.#kernel.report(`a deadlock without its cycle: ${JSON.stringify(error.details)}`);
    }
  }

  /** A host has died; called when the process starts anew. */
  hostDied(): void {
    if (this.#isDeadlocked) this.#kernel.mark("a host died in a deadlock");
  }

  /** What is wrong when all runs are over. */
  verdict(): string | undefined {
    this.#kernel.mark(this.#deadlocks > 0 ? "deadlocked" : "never deadlocked");
    if (this.#mayDissolve) {
      if (this.#alarms > 0) this.#kernel.mark("an alarm beside what dissolves deadlocks");
      if (this.#alarms < this.#deadlocks) this.#kernel.mark("a deadlock dissolved");
      return this.#told.size > this.#alarms ? "more were told than alarms were given" : undefined;
    }
    if (this.#alarms !== this.#deadlocks) {
      return `${this.#deadlocks} deadlocks and ${this.#alarms} alarms`;
    }
    return this.#told.size === this.#alarms
      ? undefined
      : `${this.#alarms} alarms, and ${this.#told.size} tasks were told`;
  }

  #deadlocked(): ReadonlySet<TaskId> {
    const { ledger } = this.#kernel;
    return deadlockedTasks(ledger, (task) => this.#isActive(task), this.#kernel.now());
  }

  #isActive(task: TaskId): boolean {
    const expected = this.#asks.get(task) ?? 0;
    const asked = this.#kernel.events(task).filter(({ type }) => type === "asked");
    return asked.length < expected;
  }

  #look(): void {
    const was = this.#isDeadlocked;
    this.#isDeadlocked = this.#deadlocked().size > 0;
    if (was || !this.#isDeadlocked) return;
    this.#deadlocks++;
    this.#since = this.#kernel.now();
  }

  /** Judges the alarm in a batch as things stand before it; it counts when the batch is applied. */
  #judge({ writes }: Batch): ((isApplied: boolean) => void) | undefined {
    // A task that closes with what it was told passes it on: that is no further alarm.
    if (writes.some(({ type }) => type === "append")) return undefined;
    for (const write of writes) {
      if (write.type !== "deliver" || write.kind !== "answer") continue;
      const alarm = alarmOf(write.data);
      if (alarm === undefined || !this.#isTaken(write)) continue;
      const problems = this.#problemsOf(write, alarm);
      return (isApplied) => {
        if (!isApplied) {
          this.#kernel.mark("an alarm was refused");
          return;
        }
        this.#alarms++;
        for (const problem of problems) this.#kernel.report(problem);
      };
    }
    return undefined;
  }

  /** False for mail that comes too late: nobody is told. */
  #isTaken({ task, path }: DeliverWrite): boolean {
    const loaded = this.#kernel.ledger.load(task);
    if (loaded === undefined || loaded.row.state !== "open") return false;
    return loaded.inbox.every((mail) => mail.path !== path);
  }

  #problemsOf({ task, path }: DeliverWrite, { tasks }: Alarm): readonly string[] {
    const { ledger } = this.#kernel;
    const problems: string[] = [];
    const deadlocked = this.#deadlocked();
    const moving = tasks.find((one) => !deadlocked.has(one));
    if (moving !== undefined) problems.push(`a false alarm: ${this.#describe(moving)}`);
    const [victim] = tasks;
    const row = victim === undefined ? undefined : ledger.load(victim)?.row;
    if (row?.parent !== task || row.path !== path) problems.push("another one is told");
    for (const [i, one] of tasks.entries()) {
      const next = tasks[(i + 1) % tasks.length];
      if (next === undefined || this.#waitsFor(one, next)) continue;
      problems.push(`in the cycle ${tasks.join(", ")}, ${one} does not wait for ${next}`);
    }
    const lateMs = this.#kernel.now() - this.#since;
    if (lateMs > this.#latestMs) problems.push(`the alarm came ${lateMs} ms late`);
    return problems;
  }

  #describe(task: TaskId): string {
    const loaded = this.#kernel.ledger.load(task);
    const events = this.#kernel.events(task).map(({ type }) => type);
    return JSON.stringify({ ...loaded?.row, events, inbox: loaded?.inbox });
  }

  #waitsFor(one: TaskId, next: TaskId): boolean {
    const { ledger } = this.#kernel;
    const [waiter, awaited] = [ledger.load(one)?.row, ledger.load(next)?.row];
    if (waiter === undefined || awaited === undefined) return false;
    if (awaited.parent === one) return awaited.awaited && !this.#isAnswered(waiter, awaited.path);
    const { agent, key } = waiter;
    if (key === null) return false;
    return ledger.find({ agent, key, state: "open" })[0]?.id === next;
  }

  #isAnswered({ id }: TaskRow, path: Path | null): boolean {
    const events = (this.#kernel.ledger.load(id)?.events ?? []).map((one) => decodeEvent(one));
    return events.some((event) => event.type === "received" && event.path === path);
  }
}

function alarmOf(data: string): Alarm | undefined {
  const { outcome } = JSON.parse(data) as {
    outcome: { readonly error?: { readonly code: string; readonly details?: Alarm } };
  };
  return outcome.error?.code === "DEADLOCK" ? outcome.error.details : undefined;
}
