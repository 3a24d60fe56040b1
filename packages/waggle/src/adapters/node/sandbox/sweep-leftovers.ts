import { readdirSync, readFileSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runtimeError } from "../../../core/errors.ts";
import { killMembers, ownGroupsForSweep, removeGroups, setGroupValue } from "./control-groups.ts";
import { environmentNames, killProcess, readProcesses, treeOf } from "./process-table.ts";
import {
  ownerState,
  parseScratchName,
  readScratchRecord,
  removeScratchFolder,
  scratchRoot,
} from "./scratch-folder.ts";
import { KILL_PATIENCE_MS } from "./tree-guard.ts";

/** What {@link sweepLeftovers} did. */
export interface SweepResult {
  /** Processes killed. */
  readonly killed: number;
  /** Scratch folders and control groups removed. */
  readonly removed: number;
}

/**
 * Ends what sandbox sessions left behind whose Waggle process was killed: kills their processes, removes their
 * scratch folders and control groups. Touches nothing of a living owner, of another user, or of an owner that cannot be
 * seen from here (another container). Safe to run at any time and side by side.
 */
export async function sweepLeftovers(): Promise<SweepResult> {
  let killed = 0;
  let removed = 0;
  for (const folder of await leftoverFolders()) {
    const groups = (readScratchRecord(folder)?.groups ?? []).filter(
      (group) =>
        group.startsWith("/sys/fs/cgroup/") && basename(group).startsWith(basename(folder)),
    );
    killed += await killGroups(groups);
    killed += await killTree(folder);
    await removeGroups(groups);
    await removeScratchFolder(folder);
    removed += 1 + groups.length;
  }
  // Groups whose scratch folder has gone already.
  const orphans = ownGroupsForSweep().flatMap(groupsWithoutOwner);
  killed += await killGroups(orphans);
  await removeGroups(orphans);
  return { killed, removed: removed + orphans.length };
}

async function leftoverFolders(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(scratchRoot())) {
    const owner = parseScratchName(name);
    if (owner === undefined) continue;
    const path = join(scratchRoot(), name);
    const facts = await lstat(path).catch(() => undefined);
    // Anybody can make a folder of that name in a shared place, with a record that names somebody's processes.
    if (facts?.isDirectory() !== true || facts.uid !== process.geteuid?.()) continue;
    const state = ownerState(owner);
    const isOld = state === "earlier boot" && facts.mtimeMs < bootTimeMs();
    if (state === "ended" || isOld) found.push(path);
  }
  return found;
}

function bootTimeMs(): number {
  return Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1] ?? 0) * 1000;
}

function groupsWithoutOwner(parent: string): string[] {
  return readdirSync(parent)
    .filter((name) => {
      const owner = parseScratchName(name);
      return owner !== undefined && ownerState(owner) === "ended";
    })
    .map((name) => join(parent, name));
}

async function killGroups(groups: readonly string[]): Promise<number> {
  return await killMembers(groups, async () => {
    for (const group of groups) {
      // Only the group of the controller pids has the file, and another sweep may have removed the group.
      await setGroupValue(group, "pids.max", 0).catch(() => undefined);
    }
  });
}

/** Kills the recorded command with all below it, and whoever names the folder in its environment. */
async function killTree(folder: string): Promise<number> {
  const command = readScratchRecord(folder)?.command ?? null;
  const killed = new Set<string>();
  const end = performance.now() + KILL_PATIENCE_MS;
  for (;;) {
    const all = readProcesses();
    const roots = all.filter(
      (one) =>
        (one.pid === command?.pid && one.start === command.start) ||
        environmentNames(one.pid, folder),
    );
    const tree = treeOf(all, new Set(roots.map((one) => one.pid))).filter((one) => one.isAlive);
    if (tree.length === 0) return killed.size;
    if (performance.now() > end) {
      throw runtimeError(
        "INVARIANT",
        `${tree.length} processes of '${folder}' outlive their kills`,
      );
    }
    for (const one of tree) if (killProcess(one.pid)) killed.add(`${one.pid}@${one.start}`);
    await sleep(2);
  }
}
