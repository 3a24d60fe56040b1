import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Turns of the event loop a second, with nothing in them: no step can be faster than one turn. */
export async function rawTurns(): Promise<number> {
  const turns = 500_000;
  const start = performance.now();
  await new Promise<void>((resolve) => {
    let left = turns;
    const turn = (): void => {
      if (--left > 0) setImmediate(turn);
      else resolve();
    };
    setImmediate(turn);
  });
  return (turns / (performance.now() - start)) * 1_000;
}

/** Promises a second that are made by one function and awaited by another, one after the other. */
export async function rawAwaits(): Promise<number> {
  const awaits = 2_000_000;
  const answer = async (value: number): Promise<number> => value;
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < awaits; i++) sum += await answer(1);
  if (sum !== awaits) throw new Error(`${sum} answers of ${awaits}`);
  return (awaits / (performance.now() - start)) * 1_000;
}

/** Rows of 300 bytes a second that SQLite alone takes, `perTransaction` in each transaction. */
export function rawInserts(
  folder: string,
  durability: "power" | "process",
  perTransaction: number,
): number {
  const transactions = durability === "power" ? 1_500 : 100_000 / perTransaction;
  const times = rawTransactions(folder, { durability, perTransaction, transactions, bytes: 300 });
  const ms = times.reduce((sum, time) => sum + time, 0);
  return (transactions * perTransaction * 1_000) / ms;
}

/** What {@link rawTransactions} is to write. */
export interface RawWrites {
  readonly durability: "power" | "process";
  readonly transactions: number;
  readonly perTransaction: number;
  /** Of each row. */
  readonly bytes: number;
}

/** What each transaction of SQLite alone takes, in ms, in the order they were made in one new file. */
export function rawTransactions(folder: string, writes: RawWrites): readonly number[] {
  const path = mkdtempSync(join(folder, "raw-"));
  const db = new DatabaseSync(join(path, "raw.db"));
  const synchronous = writes.durability === "power" ? "FULL" : "NORMAL";
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous};
    create table rows (n integer primary key, data text not null) strict`);
  const insert = db.prepare("insert into rows (data) values (?)");
  const data = "x".repeat(writes.bytes);
  const times: number[] = [];
  for (let t = 0; t < writes.transactions; t++) {
    const start = performance.now();
    db.exec("begin immediate");
    for (let i = 0; i < writes.perTransaction; i++) insert.run(data);
    db.exec("commit");
    times.push(performance.now() - start);
  }
  db.close();
  rmSync(path, { recursive: true });
  return times;
}
