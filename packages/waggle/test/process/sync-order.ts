import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { childCommand, startChild } from "./child-process.ts";

/** What {@link traceSyncOrder} found. */
export interface SyncFigures {
  /** Appends that were acknowledged. */
  readonly acknowledged: number;
  /** Those that were acknowledged while something written to the log was not on the disk yet. */
  readonly early: number;
}

/**
 * Traces the system calls of a process that appends to a store in `folder`, and counts acknowledgements that
 * are written before the log they rely on is synced. A kill cannot show this: the system keeps what a dead
 * process wrote.
 * @throws Error if strace is not installed.
 */
export async function traceSyncOrder(
  folder: string,
  durability: "power" | "process",
  appends: number,
): Promise<SyncFigures> {
  const strace = ["/usr/bin/strace", "/usr/local/bin/strace", "/bin/strace"].find(existsSync);
  if (strace === undefined) throw new Error("strace is not installed; this check needs it");
  const trace = join(folder, `trace-${durability}.txt`);
  const path = join(folder, `${durability}.db`);
  const child = startChild([
    strace,
    ...["-f", "-y", "-e", "trace=write,pwrite64,writev,pwritev,fsync,fdatasync", "-o", trace],
    ...childCommand("appending-child", [path, durability, "run", "4", String(appends / 4 - 1)]),
  ]);
  await child.ended();
  return countEarly(readFileSync(trace, "utf8").split("\n"), `${path}-wal`);
}

function countEarly(calls: readonly string[], log: string): SyncFigures {
  let [acknowledged, early, isDirty] = [0, 0, false];
  for (const line of calls) {
    const call = /^\d+ +(\w+)\((\d+)<([^>]*)>/.exec(line);
    if (call === null) continue;
    const [, name = "", descriptor, target] = call;
    if (target === log) {
      isDirty = name.includes("write");
    } else if (name === "write" && descriptor === "1" && /"run-\d+ \d+\\n"/.test(line)) {
      acknowledged += 1;
      if (isDirty) early += 1;
    }
  }
  return { acknowledged, early };
}
