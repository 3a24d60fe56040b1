import type { CallOptions } from "./call-options.ts";

/** Limits of one command. All of them always hold where {@link SandboxCapabilities} says so. */
export interface CommandLimits {
  /** Wall-clock ms, then the whole process tree is killed. Default 120,000. */
  readonly wallMs?: number;
  /** CPU seconds of the whole tree. Default 120. */
  readonly cpuSeconds?: number;
  /** Resident memory of the whole tree, in bytes. Default 1 GiB. */
  readonly memoryBytes?: number;
  /** Processes and threads of the tree at one time. Default 256. */
  readonly processes?: number;
  /** Kept output in bytes, of stdout and of stderr each; the middle is cut out. Default 1 MiB. */
  readonly outputBytes?: number;
}

/** A command to run in a {@link SandboxSession}. */
export interface Command {
  /** Program and arguments; no shell in between. */
  readonly argv: readonly [string, ...string[]];
  /** Added to a minimal environment (`PATH`, `HOME`, `LANG`, `TMPDIR`); nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** True: the command reaches the network. Default false: it has no interface but loopback. */
  readonly network?: boolean;
  readonly limits?: CommandLimits;
}

/** How a command ended. */
export type CommandEnd =
  | { readonly type: "exited"; readonly code: number }
  | { readonly type: "signaled"; readonly signal: string }
  /** A limit was reached and the tree was killed. */
  | { readonly type: "limit"; readonly limit: "wall" | "cpu" | "memory" | "processes" }
  /** The program does not exist or cannot be started. */
  | { readonly type: "unstartable"; readonly reason: string };

/** What a command did. When it is returned, no process of its tree is alive. */
export interface CommandResult {
  readonly end: CommandEnd;
  readonly stdout: string;
  readonly stderr: string;
  /** True when output was cut to `outputBytes`. */
  readonly outputTruncated: boolean;
  readonly wallMs: number;
}

/** What a sandbox really enforces here. */
export interface SandboxCapabilities {
  /** `namespaces`: own mounts, processes and network. `none`: nothing but limits. */
  readonly isolation: "namespaces" | "none";
  /** How memory and processes are limited. `watchdog` looks every 100 ms and can be outrun for that long. */
  readonly limits: "cgroup-v1" | "cgroup-v2" | "watchdog";
  /** In words for a report, such as `bubblewrap 0.8.0, no network, cgroup v1`. */
  readonly description: string;
}

/** A private, writable copy of a folder in which commands run. The original is never written. */
export interface SandboxSession extends AsyncDisposable {
  /**
   * Runs `command` in the copy, under the original's path. One at a time per session.
   * @throws the signal's reason when it aborts; the tree has been killed by then.
   */
  run(command: Command, options?: CallOptions): Promise<CommandResult>;
}

/** Runs foreign code where it can do no harm. */
export interface Sandbox {
  readonly capabilities: SandboxCapabilities;
  /**
   * Copies `folder` (without `.git`; `node_modules` is shared read-only, or copied when `writableModules`)
   * and opens a session on the copy. Disposing the session removes the copy.
   * @param folder - Absolute path.
   * @throws RuntimeError `NOT_FOUND`, or `VALUE_TOO_LARGE` above `maxCopyBytes` (default 512 MiB); nothing is left behind.
   */
  open(
    folder: string,
    options?: CallOptions & { readonly maxCopyBytes?: number; readonly writableModules?: boolean },
  ): Promise<SandboxSession>;
}

/** The answer to "is there a sandbox here?". A missing one is data: what needs it is left out and says why. */
export type SandboxOffer =
  | { readonly type: "available"; readonly sandbox: Sandbox }
  /** `remedy` is one sentence that a user can act on. */
  | { readonly type: "missing"; readonly reason: string; readonly remedy: string };
