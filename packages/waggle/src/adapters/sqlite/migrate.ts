import type { DatabaseSync } from "node:sqlite";
import { runtimeError } from "../../core/errors.ts";
import type { HostId } from "../../core/ids.ts";
import { hasEnded } from "./host-locks.ts";
import { FORMAT_VERSION } from "./schema.ts";

// Files of older formats are brought to the present one when they are opened, in one transaction.
// Invariants:
// M1 a file is changed only while no host of it lives: one of an older Waggle would go on by the older rules.
// M2 what comes out is what a new file of the present format would hold.

/** What brings a file of a format to the next one. */
const STEPS: ReadonlyMap<string, string> = new Map([
  // Tasks are bound to versions of their agents' code; those that were there are bound to none.
  [
    "1",
    `alter table tasks add column code int not null default 0;
    drop index tasks_due;
    create index tasks_due on tasks(agent, code, priority, due) where owner is null and due is not null;
    update meta set value = '2' where key = 'format';`,
  ],
]);

/** True if a file of `format` can be opened: it is of the present one, or can be brought to it. */
export function isReadable(format: string): boolean {
  return format === String(FORMAT_VERSION) || STEPS.has(format);
}

/**
 * Brings the store `path`, which is open as `database`, to the present format.
 * @param formatOf - Reads the format.
 * @throws RuntimeError `STORE_FORMAT` while a process of an older Waggle works on it; nothing was changed.
 */
export function migrate(
  database: DatabaseSync,
  path: string,
  formatOf: (database: DatabaseSync) => string | undefined,
): void {
  if (!STEPS.has(formatOf(database) ?? "")) return;
  database.exec("begin immediate");
  try {
    // Another process may have been first.
    for (;;) {
      const format = formatOf(database) ?? "";
      const step = STEPS.get(format);
      if (step === undefined) break;
      refuseWhileUsed(database, path, format);
      database.exec(step);
    }
    database.exec("commit");
  } catch (thrown) {
    if (database.isTransaction) database.exec("rollback");
    throw thrown;
  }
}

function refuseWhileUsed(database: DatabaseSync, path: string, found: string): void {
  const rows = database.prepare("select id from hosts where dead = 0 and beat > 0").all();
  const living = rows.map((row) => row["id"] as HostId).filter((host) => !hasEnded(path, host));
  if (living.length === 0) return;
  throw runtimeError(
    "STORE_FORMAT",
    `store ${path} has format ${found} and is in use by ${living.join(", ")}: end the processes of the older version of Waggle, then open it again`,
    { details: { found, readable: FORMAT_VERSION, living } },
  );
}
