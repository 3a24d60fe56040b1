import { isUnfinished, type TaskRecord } from "./cached-records.ts";
import { taskIdOf } from "./task-bytes.ts";
import type { Transaction } from "./transaction.ts";

/** The number of the oldest unfinished task of an agent and key: it holds the key (K9). */
export function keyHolder(tx: Transaction, agent: number, key: string): number | undefined {
  const ofKey = tx.tasks.filter((task) => task.agent === agent && task.key === key);
  const ended = new Set(ofKey.filter((task) => !isUnfinished(task)).map(({ n }) => n));
  // What this transaction closed is still unfinished in the file, and what it created is not there yet.
  const written = tx.statements.keyHeads
    .all(agent, key, ended.size + 1)
    .map((row) => Number(row["n"]));
  const oldest = written.find((n) => !ended.has(n));
  return oldest ?? ofKey.find(isUnfinished)?.n;
}

/** True if an older task holds the key of `task`. */
export function isQueued(tx: Transaction, { agent, key, n }: TaskRecord): boolean {
  if (key === null) return false;
  const holder = keyHolder(tx, agent, key);
  return holder !== undefined && holder < n;
}

/** The task with a number that is in the file or in this transaction. */
export function taskNumbered(tx: Transaction, number: number): TaskRecord | undefined {
  const changed = tx.tasks.find(({ n }) => n === number);
  if (changed !== undefined) return changed;
  const row = tx.statements.taskIdOf.get(number);
  return row === undefined ? undefined : tx.ledger.task(taskIdOf(row["id"]));
}
