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

/** Rows of 300 bytes a second that SQLite alone takes, `perTransaction` in each transaction. */
export function rawInserts(
  folder: string,
  durability: "power" | "process",
  perTransaction: number,
): number {
  const path = mkdtempSync(join(folder, "raw-"));
  const db = new DatabaseSync(join(path, "raw.db"));
  const synchronous = durability === "power" ? "FULL" : "NORMAL";
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous};
    create table rows (n integer primary key, data text not null) strict`);
  const insert = db.prepare("insert into rows (data) values (?)");
  const data = "x".repeat(300);
  const transactions = durability === "power" ? 1_500 : 100_000 / perTransaction;
  const start = performance.now();
  for (let t = 0; t < transactions; t++) {
    db.exec("begin immediate");
    for (let i = 0; i < perTransaction; i++) insert.run(data);
    db.exec("commit");
  }
  const seconds = (performance.now() - start) / 1_000;
  db.close();
  rmSync(path, { recursive: true });
  return (transactions * perTransaction) / seconds;
}
