import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { runtimeError } from "../../../core/errors.ts";
import { killProcess, readProcess } from "./process-table.ts";
import { KILL_PATIENCE_MS, type TreeGuard, type TreeLimiter } from "./tree-guard.ts";

/** Where the kernel shows control groups. `controllers` is empty for version 2. */
interface GroupMount {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  /** The folder of the group this process is in. */
  readonly own: string;
}

/** The folder of this process's own group for `controller` of version 1, or undefined. */
export function ownGroupV1(controller: string): string | undefined {
  return groupMounts().find((mount) => mount.controllers.includes(controller))?.own;
}

/** The folder of this process's own group of version 2, or undefined. */
export function ownGroupV2(): string | undefined {
  return groupMounts().find((mount) => mount.version === 2)?.own;
}

/** Every folder in which this process may have made groups. */
export function ownGroupsForSweep(): readonly string[] {
  const own = groupMounts().map((mount) => mount.own);
  const v2 = ownGroupV2();
  const above = v2 === undefined ? undefined : groupAbove(v2);
  return [...new Set(above === undefined ? own : [...own, above])];
}

/** Pids in the group that are alive. Empty for a group that is gone. */
function livingMembers(group: string): number[] {
  let text: string;
  try {
    text = readFileSync(join(group, "cgroup.procs"), "utf8");
  } catch {
    // Removed meanwhile.
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(Number)
    .filter((pid) => pid > 0 && readProcess(pid)?.isAlive === true);
}

/**
 * Kills the members of `groups` and resolves with their number when none is alive.
 * @param stopForks - Keeps members from making more; called before each round.
 * @throws RuntimeError `INVARIANT` if one outlives a minute of kills.
 */
export async function killMembers(
  groups: readonly string[],
  stopForks: () => Promise<void>,
): Promise<number> {
  const killed = new Set<string>();
  const end = performance.now() + KILL_PATIENCE_MS;
  for (;;) {
    await stopForks();
    const members = [...new Set(groups.flatMap(livingMembers))];
    if (members.length === 0) return killed.size;
    if (performance.now() > end) {
      throw runtimeError(
        "INVARIANT",
        `${members.length} processes outlive ${KILL_PATIENCE_MS} ms of kills`,
      );
    }
    for (const pid of members) {
      const start = readProcess(pid)?.start;
      if (killProcess(pid)) killed.add(`${pid}@${start}`);
    }
    await sleep(2);
  }
}

/** Removes empty groups; the kernel may need a moment after the last member's end. Missing ones are fine. */
export async function removeGroups(groups: readonly string[]): Promise<void> {
  for (const group of groups) {
    for (let attempt = 0; existsSync(group); attempt++) {
      try {
        await rmdir(group);
      } catch (cause) {
        if (attempt === 200) {
          throw runtimeError("INVARIANT", `control group '${group}' cannot be removed`, { cause });
        }
        await sleep(10);
      }
    }
  }
}

/** Makes the folders `name` in `parents`, all or none, and returns them. */
export async function makeGroups(parents: readonly string[], name: string): Promise<string[]> {
  const made: string[] = [];
  try {
    for (const parent of parents) {
      const group = join(parent, name);
      await mkdir(group);
      made.push(group);
    }
    return made;
  } catch (error) {
    await removeGroups(made);
    throw error;
  }
}

/** Writes a number or word to a file of a group. */
export function setGroupValue(group: string, file: string, value: string | number): Promise<void> {
  return writeFile(join(group, file), String(value));
}

/** The number behind `key` in a file of a group, or the file's only number; 0 if it is not there. */
export function groupNumber(group: string, file: string, key?: string): number {
  let text: string;
  try {
    text = readFileSync(join(group, file), "utf8");
  } catch {
    // Kernels differ in which counters they show; a missing one has counted nothing.
    return 0;
  }
  if (key === undefined) return Number.parseInt(text, 10) || 0;
  const line = text.split("\n").find((one) => one.startsWith(`${key} `));
  return line === undefined ? 0 : Number(line.slice(key.length + 1));
}

/** True if a group of `limiter` can be made, joined by a process and removed: tried, not guessed. */
export async function canLimit(limiter: TreeLimiter): Promise<boolean> {
  let guard: TreeGuard | undefined;
  try {
    const limits = { cpuSeconds: 10, memoryBytes: 64 * 1024 * 1024, processes: 16 };
    const name = `waggle-probe-${process.pid}-${randomBytes(4).toString("hex")}`;
    guard = await limiter.guard(name, limits, name);
    const join =
      'for file in "$@"; do echo $$ > "$file" || exit 1; done; exec cat /proc/self/cgroup';
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", join, "sh", ...guard.joinFiles]);
    return stdout.includes(name);
  } catch {
    // No right, no controller, or a read-only mount: groups are not for this process.
    return false;
  } finally {
    await guard?.[Symbol.asyncDispose]();
  }
}

function groupMounts(): GroupMount[] {
  let memberships: string;
  let mounts: string;
  try {
    memberships = readFileSync("/proc/self/cgroup", "utf8");
    mounts = readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    // A kernel without control groups.
    return [];
  }
  const paths = new Map(
    memberships
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [, names = "", ...path] = line.split(":");
        return [names, path.join(":")] as const;
      }),
  );
  return mounts.split("\n").flatMap((line) => groupMount(line, paths));
}

/** `36 35 98:0 /root /mount/point rw,noatime - cgroup cgroup rw,memory` */
function groupMount(line: string, paths: ReadonlyMap<string, string>): GroupMount[] {
  const [front = "", back = ""] = line.split(" - ");
  const [type, , superOptions = ""] = back.split(" ");
  if (type !== "cgroup" && type !== "cgroup2") return [];
  const fields = front.split(" ");
  const [root, mountPoint] = [fields[3], fields[4]];
  if (root === undefined || mountPoint === undefined) return [];
  const controllers = type === "cgroup2" ? [] : superOptions.split(",");
  const path =
    type === "cgroup2"
      ? paths.get("")
      : [...paths].find(([names]) =>
          names.split(",").some((one) => one !== "" && controllers.includes(one)),
        )?.[1];
  if (path === undefined) return [];
  // In a container the mount may show only the part below `root`.
  const below = relative(root, path);
  const own = below.startsWith("..") ? mountPoint : join(mountPoint, below);
  return existsSync(own) ? [{ version: type === "cgroup2" ? 2 : 1, controllers, own }] : [];
}

/** The group above `group`, or undefined at the top. */
export function groupAbove(group: string): string | undefined {
  const above = dirname(group);
  return existsSync(join(above, "cgroup.procs")) ? above : undefined;
}
