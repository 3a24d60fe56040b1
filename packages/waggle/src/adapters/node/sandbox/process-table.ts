import { readdirSync, readFileSync } from "node:fs";

/** A process as the kernel's table shows it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Ticks since boot. With the pid it names a process for good: pids are used again. */
  readonly start: number;
  /** False for one that has ended and only waits to be collected. */
  readonly isAlive: boolean;
  /** CPU ticks used by itself and by the children it has collected. */
  readonly cpuTicks: number;
  readonly threads: number;
  readonly residentPages: number;
}

/** CPU ticks in a second: fixed by the kernel's interface to programs. */
export const TICKS_PER_SECOND: number = 100;

/** The process `pid`, or undefined if there is none. Needs `/proc`. */
export function readProcess(pid: number | "self"): ProcessFacts | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    // Ended meanwhile.
    return undefined;
  }
  // The name in brackets may hold anything, brackets and spaces too.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (index: number): number => Number(fields[index]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(1),
    start: field(19),
    isAlive: fields[0] !== "Z" && fields[0] !== "X",
    cpuTicks: field(11) + field(12) + field(13) + field(14),
    threads: field(17),
    residentPages: field(21),
  };
}

/** All processes that can be seen. */
export function readProcesses(): ProcessFacts[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((facts) => facts !== undefined);
}

/** Those of `all` in `roots` or below one of them. */
export function treeOf(
  all: readonly ProcessFacts[],
  roots: ReadonlySet<number>,
): readonly ProcessFacts[] {
  const parents = new Map(all.map((one) => [one.pid, one.parent]));
  const isBelow = (pid: number): boolean => {
    const seen = new Set<number>();
    for (
      let at: number | undefined = pid;
      at !== undefined && !seen.has(at);
      at = parents.get(at)
    ) {
      if (roots.has(at)) return true;
      seen.add(at);
    }
    return false;
  };
  return all.filter((one) => isBelow(one.pid));
}

/** True if the environment of `pid` names `text`; false too where it may not be read. */
export function environmentNames(pid: number, text: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").includes(text);
  } catch {
    // Ended, or of another user.
    return false;
  }
}

/** True if a process with this pid and start is alive. */
export function isSameProcessAlive(pid: number, start: number): boolean {
  const facts = readProcess(pid);
  return facts?.isAlive === true && facts.start === start;
}

/** Sends SIGKILL; false if there was no such process. */
export function killProcess(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    // Ended meanwhile.
    return false;
  }
}
