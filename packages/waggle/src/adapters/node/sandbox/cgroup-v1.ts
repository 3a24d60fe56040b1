import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  canLimit,
  groupNumber,
  killMembers,
  makeGroups,
  ownGroupV1,
  removeGroups,
  setGroupValue,
} from "./control-groups.ts";
import { type GroupCounters, GroupGuard } from "./group-guard.ts";
import type { TreeLimiter } from "./tree-guard.ts";

/**
 * Limits trees by control groups of version 1 below this process's own ones, or undefined where that does not work
 * for this process. Needs the controllers memory, pids and cpuacct.
 */
export async function cgroupV1Limiter(): Promise<TreeLimiter | undefined> {
  const memory = ownGroupV1("memory");
  const pids = ownGroupV1("pids");
  const cpu = ownGroupV1("cpuacct");
  if (memory === undefined || pids === undefined || cpu === undefined) return undefined;
  const parents = [...new Set([memory, pids, cpu])];
  const limiter: TreeLimiter = {
    kind: "cgroup-v1",
    groupFolders: parents,
    guard: async (name, limits) => {
      const groups = await makeGroups(parents, name);
      const inMemory = join(memory, name);
      const inPids = join(pids, name);
      const inCpu = join(cpu, name);
      try {
        await setGroupValue(inMemory, "memory.limit_in_bytes", limits.memoryBytes);
        if (existsSync(join(inMemory, "memory.memsw.limit_in_bytes"))) {
          await setGroupValue(inMemory, "memory.memsw.limit_in_bytes", limits.memoryBytes);
        }
        await setGroupValue(inPids, "pids.max", limits.processes);
      } catch (error) {
        await removeGroups(groups);
        throw error;
      }
      const counters: GroupCounters = {
        cpuSeconds: () => groupNumber(inCpu, "cpuacct.usage") / 1e9,
        memoryKills: () => groupNumber(inMemory, "memory.oom_control", "oom_kill"),
        refusedForks: () => groupNumber(inPids, "pids.events", "max"),
        processes: () => groupNumber(inPids, "pids.current"),
        kill: async () => {
          await killMembers(groups, () => setGroupValue(inPids, "pids.max", 0));
        },
      };
      return new GroupGuard(groups, limits, counters);
    },
  };
  return (await canLimit(limiter)) ? limiter : undefined;
}
