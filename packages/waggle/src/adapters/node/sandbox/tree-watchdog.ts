import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runtimeError } from "../../../core/errors.ts";
import {
  environmentNames,
  killProcess,
  type ProcessFacts,
  readProcess,
  readProcesses,
  TICKS_PER_SECOND,
  treeOf,
} from "./process-table.ts";
import {
  KILL_PATIENCE_MS,
  type TreeGuard,
  type TreeLimit,
  type TreeLimiter,
  type TreeLimits,
} from "./tree-guard.ts";

/**
 * What one process may map, as a multiple of the tree's memory, when it outruns the watchdog. Mapped is more than
 * resident (Node maps twice what it uses and more), so a tight bound would kill what is within its limit.
 */
const DATA_FACTOR = 4;
const DATA_EXTRA_BYTES = 1024 ** 3;

/** Limits trees by looking at the process table. Works everywhere, can be outrun between two looks. */
export function treeWatchdog(): TreeLimiter {
  return {
    kind: "watchdog",
    groupFolders: [],
    guard: async (_name, limits, marker) => new WatchdogGuard(limits, marker),
  };
}

// Owns: the knowledge which processes belong to one command. Doesn't own: the processes' pipes and timers.
// Invariants: D1 a process once seen in the tree belongs to it for good, wherever its parent goes (pid and start
// time name it). D2 after killAll() no process of D1, nothing below one, and nothing with the marker is alive.
class WatchdogGuard implements TreeGuard {
  readonly joinFiles: readonly string[] = [];
  readonly dataBytesPerProcess: number;
  readonly #limits: TreeLimits;
  readonly #marker: string;
  readonly #known = new Map<number, number>();
  readonly #pageBytes = pageBytes();
  #firstStart: number | undefined;
  #cpuTicks = 0;

  constructor(limits: TreeLimits, marker: string) {
    this.#limits = limits;
    this.#marker = marker;
    this.dataBytesPerProcess = limits.memoryBytes * DATA_FACTOR + DATA_EXTRA_BYTES;
  }

  watch(pid: number): void {
    const facts = readProcess(pid);
    if (facts === undefined) return;
    this.#firstStart ??= facts.start;
    // An older process has got the number of one that has ended.
    if (facts.start >= this.#firstStart) this.#known.set(pid, facts.start);
  }

  look(): TreeLimit | undefined {
    const tree = this.#tree(false);
    const sum = (count: (one: ProcessFacts) => number): number =>
      tree.reduce((total, one) => total + count(one), 0);
    // A process that ended uncollected takes its ticks along, so the sum may fall.
    this.#cpuTicks = Math.max(
      this.#cpuTicks,
      sum((one) => one.cpuTicks),
    );
    // First: pages that processes share count for each of them, so very many look like very much memory.
    if (sum((one) => one.threads) > this.#limits.processes) return "processes";
    if (sum((one) => one.residentPages) * this.#pageBytes > this.#limits.memoryBytes)
      return "memory";
    return this.#isOverCpu() ? "cpu" : undefined;
  }

  verdict(hasFailed: boolean): TreeLimit | undefined {
    return hasFailed && this.#isOverCpu() ? "cpu" : undefined;
  }

  async killAll(): Promise<void> {
    const end = performance.now() + KILL_PATIENCE_MS;
    for (let tree = this.#tree(true); tree.length > 0; tree = this.#tree(true)) {
      if (performance.now() > end) {
        throw runtimeError(
          "INVARIANT",
          `${tree.length} processes outlive ${KILL_PATIENCE_MS} ms of kills`,
        );
      }
      for (const one of tree) killProcess(one.pid);
      await sleep(2);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#known.clear();
  }

  #isOverCpu(): boolean {
    return this.#cpuTicks >= this.#limits.cpuSeconds * TICKS_PER_SECOND;
  }

  /** The living tree; whom it meets for the first time becomes known. `isThorough` looks for the marker too. */
  #tree(isThorough: boolean): readonly ProcessFacts[] {
    const all = readProcesses();
    const roots = new Set(
      all.filter((one) => this.#known.get(one.pid) === one.start).map((one) => one.pid),
    );
    for (const pid of this.#known.keys()) if (!roots.has(pid)) this.#known.delete(pid);
    if (isThorough) {
      for (const one of all) if (environmentNames(one.pid, this.#marker)) roots.add(one.pid);
    }
    const tree = treeOf(all, roots).filter((one) => one.isAlive);
    for (const one of tree) this.#known.set(one.pid, one.start);
    return tree;
  }
}

function pageBytes(): number {
  const found = /KernelPageSize:\s+(\d+) kB/.exec(readFileSync("/proc/self/smaps", "latin1"));
  return Number(found?.[1] ?? 4) * 1024;
}
