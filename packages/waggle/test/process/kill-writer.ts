import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { parseRunId, rootTaskId } from "../../src/core/ids.ts";
import type { Store } from "../../src/ports/store.ts";
import { done } from "../../src/testing/store-conformance/writes.ts";
import { childCommand, startChild } from "./child-process.ts";

/** What {@link killWriters} found. All but the first two must be 0. */
export interface KillFigures {
  readonly kills: number;
  /** Appends that were acknowledged before a kill. */
  readonly acknowledged: number;
  /** Acknowledged ones that are not there afterwards. */
  readonly lost: number;
  /** Streams with a hole, a repetition or a wrong event. */
  readonly broken: number;
  /** Kills after which SQLite finds fault with the file. */
  readonly corrupt: number;
}

/**
 * Kills processes that append with durability `power` to one store in `folder`, each at a random moment
 * (kill -9), and looks after each kill whether everything acknowledged is there.
 * @param random - Uniform in [0, 1); chooses the moments.
 */
export async function killWriters(
  folder: string,
  kills: number,
  random: () => number = Math.random,
): Promise<KillFigures> {
  const path = join(folder, "store.db");
  const figures = { kills: 0, acknowledged: 0, lost: 0, broken: 0, corrupt: 0 };
  for (let kill = 0; kill < kills; kill++) {
    const prefix = `kill-${kill}`;
    const acknowledged = await appendUntilKilled(path, prefix, random);
    await using store = await sqliteStore(path)({ clock: nodeClock(), random: nodeRandom() });
    figures.kills += 1;
    for (const [run, version] of acknowledged) {
      const there = await intactVersion(store, run);
      figures.acknowledged += version;
      figures.lost += Math.max(0, version - (there ?? 0));
      figures.broken += there === undefined ? 1 : 0;
    }
    figures.corrupt += isIntact(path) ? 0 : 1;
  }
  return figures;
}

/** The highest version that was acknowledged of each run. */
async function appendUntilKilled(
  path: string,
  prefix: string,
  random: () => number,
): Promise<ReadonlyMap<string, number>> {
  const child = startChild(
    childCommand("appending-child", [path, "power", prefix, "8", "1000000"]),
  );
  await child.said("\n");
  const moment = performance.now() + random() * 60;
  while (performance.now() < moment) await new Promise((resolve) => setImmediate(resolve));
  child.process.kill("SIGKILL");
  const versions = new Map<string, number>();
  const lines = (await child.ended()).split("\n");
  // The last one may be cut in two.
  for (const line of lines.slice(0, -1)) {
    const [run = "", version] = line.split(" ");
    versions.set(run, Number(version));
  }
  return versions;
}

/** Number of events of the run's root, or undefined if they are not exactly what was appended. */
async function intactVersion(store: Store, name: string): Promise<number | undefined> {
  const run = parseRunId(name);
  const loaded = await store.load(rootTaskId(run));
  if (loaded === undefined) return undefined;
  const { events, row } = loaded;
  const isRight = events.every(
    ({ data }, version) => version === 0 || data === done(`${run} ${version}`).data,
  );
  return isRight && row.version === events.length ? row.version : undefined;
}

function isIntact(path: string): boolean {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare("pragma integrity_check").get();
    return row?.["integrity_check"] === "ok";
  } finally {
    database.close();
  }
}
