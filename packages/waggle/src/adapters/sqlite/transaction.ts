import type { HostId, TaskId } from "../../core/ids.ts";
import type { Statements } from "./statements.ts";

/** Task numbers kept in memory: 65,536, about 8 MB. */
const MAX_TASK_NUMBERS = 65_536;

/** Numbers of tasks by id. A number never changes once its task is committed; the oldest entries make room. */
export class TaskNumbers {
  readonly #numbers = new Map<TaskId, number>();

  /** The number of `task`, or undefined if it is not remembered. */
  get(task: TaskId): number | undefined {
    return this.#numbers.get(task);
  }

  /** Remembers the number of a task that is committed. */
  set(task: TaskId, number: number): void {
    if (this.#numbers.size >= MAX_TASK_NUMBERS) {
      const [oldest] = this.#numbers.keys();
      if (oldest !== undefined) this.#numbers.delete(oldest);
    }
    this.#numbers.set(task, number);
  }
}

/**
 * What is known within one write transaction, from `begin immediate` to its end. Nothing in it may be
 * believed after a rollback, so it is made anew for each transaction.
 */
export class Transaction {
  readonly statements: Statements;
  /** Wall-clock ms: the time of everything that is written. */
  readonly at: number;
  /** Position of the newest event. */
  position: number;
  /** True once something is written that another claim could find. */
  madeDue = false;
  /** Hosts that were declared dead. */
  readonly freed: HostId[] = [];
  readonly #known: TaskNumbers;
  readonly #seen = new Map<TaskId, number>();
  readonly #dead = new Map<HostId, boolean>();

  /** @param known - Numbers of committed tasks; what this transaction learns enters it by `committed` only. */
  constructor(statements: Statements, known: TaskNumbers, at: number) {
    this.statements = statements;
    this.at = at;
    this.#known = known;
    this.position = Number(statements.lastPosition.get()?.["position"]);
  }

  /** The number of `task`, or undefined if there is no such task. */
  taskNumber(task: TaskId): number | undefined {
    const known = this.#known.get(task) ?? this.#seen.get(task);
    if (known !== undefined) return known;
    const row = this.statements.taskNumber.get({ id: task });
    if (row === undefined) return undefined;
    const number = Number(row["n"]);
    this.#seen.set(task, number);
    return number;
  }

  /** Remembers the number of a task that was just created. */
  created(task: TaskId, number: number): void {
    this.#seen.set(task, number);
  }

  /** True if `host` has been declared dead. */
  isDead(host: HostId): boolean {
    let dead = this.#dead.get(host);
    if (dead === undefined) {
      dead = this.statements.hostFacts.get({ id: host })?.["dead"] === 1;
      this.#dead.set(host, dead);
    }
    return dead;
  }

  /** Says that `host` was declared dead. */
  killed(host: HostId): void {
    this.#dead.set(host, true);
    this.freed.push(host);
  }

  /** Takes back all that was learnt since `position` was the newest: those writes were rolled back. */
  rolledBack(position: number, freed: number): void {
    this.position = position;
    this.freed.length = freed;
    this.#seen.clear();
    this.#dead.clear();
  }

  /** Hands the numbers of this transaction's tasks on: it is committed. */
  committed(): void {
    for (const [task, number] of this.#seen) this.#known.set(task, number);
  }
}
