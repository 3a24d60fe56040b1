import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  canLimit,
  groupAbove,
  groupNumber,
  killMembers,
  makeGroups,
  ownGroupV2,
  removeGroups,
  setGroupValue,
} from "./control-groups.ts";
import { type GroupCounters, GroupGuard } from "./group-guard.ts";
import type { TreeLimiter } from "./tree-guard.ts";

/**
 * Limits trees by control groups of version 2, or undefined where that does not work for this process. The groups
 * stand below this process's own group, or beside it: a group with processes cannot give controllers to
 * groups below it, unless it is the root.
 */
export async function cgroupV2Limiter(): Promise<TreeLimiter | undefined> {
  const own = ownGroupV2();
  if (own === undefined) return undefined;
  const above = groupAbove(own);
  for (const parent of above === undefined ? [own] : [own, above]) {
    const limiter = limiterBelow(parent);
    if (await canLimit(limiter)) return limiter;
  }
  return undefined;
}

function limiterBelow(parent: string): TreeLimiter {
  return {
    kind: "cgroup-v2",
    groupFolders: [parent],
    guard: async (name, limits) => {
      const groups = await makeGroups([parent], name);
      const group = join(parent, name);
      try {
        await setGroupValue(group, "memory.max", limits.memoryBytes);
        if (existsSync(join(group, "memory.swap.max"))) {
          await setGroupValue(group, "memory.swap.max", 0);
        }
        await setGroupValue(group, "memory.oom.group", 1);
        await setGroupValue(group, "pids.max", limits.processes);
      } catch (error) {
        await removeGroups(groups);
        throw error;
      }
      return new GroupGuard(groups, limits, countersOf(group));
    },
  };
}

function countersOf(group: string): GroupCounters {
  return {
    cpuSeconds: () => groupNumber(group, "cpu.stat", "usage_usec") / 1e6,
    memoryKills: () => groupNumber(group, "memory.events", "oom_kill"),
    refusedForks: () => groupNumber(group, "pids.events", "max"),
    processes: () => groupNumber(group, "pids.current"),
    kill: async () => {
      await killMembers([group], () => setGroupValue(group, "pids.max", 0));
    },
  };
}
