import type { SandboxCapabilities } from "../../../ports/sandbox.ts";

/** The limits that are counted over a whole tree, all set. */
export interface TreeLimits {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly processes: number;
}

/** A limit that a {@link TreeGuard} can find reached. */
export type TreeLimit = "cpu" | "memory" | "processes";

/** Counts, limits and kills the processes of one command. Who made it disposes it, after {@link killAll}. */
export interface TreeGuard extends AsyncDisposable {
  /** Files that the first process writes its pid to before it starts anything. */
  readonly joinFiles: readonly string[];
  /** Bytes of private memory that no single process may map, or undefined: the group limits the sum. */
  readonly dataBytesPerProcess: number | undefined;
  /** Tells the guard a process of the tree, as soon as it is known. */
  watch(pid: number): void;
  /** The limit that is reached now and asks for a kill, if any. Called every {@link LOOK_MS}. */
  look(): TreeLimit | undefined;
  /** The limit that made the command end, looked up once after its end. */
  verdict(hasFailed: boolean): TreeLimit | undefined;
  /**
   * Kills the tree and resolves when none of it is alive. Any number of times, at any time.
   * @throws RuntimeError `INVARIANT` if a process outlives a minute of kills.
   */
  killAll(): Promise<void>;
}

/** Makes guards. */
export interface TreeLimiter {
  readonly kind: SandboxCapabilities["limits"];
  /** Folders in which groups named after their scratch folder are made; empty for `watchdog`. */
  readonly groupFolders: readonly string[];
  /**
   * @param name - Unique in this machine; the name of the group.
   * @param marker - Text in the environment of all processes of the tree that have not changed theirs.
   */
  guard(name: string, limits: TreeLimits, marker: string): Promise<TreeGuard>;
}

/** Pause between two looks at a tree. */
export const LOOK_MS: number = 100;

/** How long a tree may take to die of SIGKILL: long, for a bomb of forks that outran the watchdog is killed one by one. */
export const KILL_PATIENCE_MS: number = 60_000;
