import { join } from "node:path";
import { removeGroups } from "./control-groups.ts";
import type { TreeGuard, TreeLimit, TreeLimits } from "./tree-guard.ts";

/**
 * Looks in a row that found the group refusing more forks, or still full, after which the tree is taken for one that
 * never recovers. One refusal alone is left to the command, which may do with less.
 */
const REFUSING_LOOKS = 10;

/** What the kernel counts for the groups of one command, whatever the version. */
export interface GroupCounters {
  cpuSeconds(): number;
  /** Processes killed for want of memory. */
  memoryKills(): number;
  /** Forks refused because of the limit. */
  refusedForks(): number;
  processes(): number;
  /** Kills all members and resolves when none is alive. */
  kill(): Promise<void>;
}

// Owns: the groups of one command, from their making to their removal. Doesn't own: the processes' pipes and timers.
// Invariants: G1 limits on memory and processes hold in the kernel without us; looking only finds out that one was
// reached. G2 the groups are removed only when empty.
/** A {@link TreeGuard} by control groups. */
export class GroupGuard implements TreeGuard {
  readonly joinFiles: readonly string[];
  readonly dataBytesPerProcess: undefined = undefined;
  readonly #groups: readonly string[];
  readonly #limits: TreeLimits;
  readonly #counters: GroupCounters;
  #refused = 0;
  #refusingLooks = 0;

  constructor(groups: readonly string[], limits: TreeLimits, counters: GroupCounters) {
    this.joinFiles = groups.map((group) => join(group, "cgroup.procs"));
    this.#groups = groups;
    this.#limits = limits;
    this.#counters = counters;
  }

  watch(): void {
    // The kernel knows the members.
  }

  look(): TreeLimit | undefined {
    const counters = this.#counters;
    if (counters.memoryKills() > 0) return "memory";
    if (counters.cpuSeconds() >= this.#limits.cpuSeconds) return "cpu";
    const refused = counters.refusedForks();
    const isFull = refused > 0 && counters.processes() >= this.#limits.processes;
    this.#refusingLooks = isFull || refused > this.#refused ? this.#refusingLooks + 1 : 0;
    this.#refused = refused;
    return this.#refusingLooks >= REFUSING_LOOKS ? "processes" : undefined;
  }

  verdict(hasFailed: boolean): TreeLimit | undefined {
    const counters = this.#counters;
    if (counters.memoryKills() > 0) return "memory";
    if (!hasFailed) return undefined;
    if (counters.cpuSeconds() >= this.#limits.cpuSeconds) return "cpu";
    return counters.refusedForks() > 0 ? "processes" : undefined;
  }

  killAll(): Promise<void> {
    return this.#counters.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeGroups(this.#groups);
  }
}
