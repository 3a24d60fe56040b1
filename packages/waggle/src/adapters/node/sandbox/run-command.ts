import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { constants as osConstants } from "node:os";
import type { Readable } from "node:stream";
import { runtimeError } from "../../../core/errors.ts";
import type { CommandEnd, CommandLimits, CommandResult } from "../../../ports/sandbox.ts";
import { OutputCapture } from "./output-capture.ts";
import { STARTED } from "./start-script.ts";
import { LOOK_MS, type TreeGuard, type TreeLimit } from "./tree-guard.ts";

/** Largest file a command may write. The port has no limit on disk; this one keeps a runaway write from filling it. */
const MAX_FILE_BYTES = 1024 ** 3;

/** Highest descriptor that this process may have inherited; each one up to it is covered at the start. */
const MAX_DESCRIPTOR = 4096;

/** What to start and how to hold it. */
export interface Launch {
  /** Absolute program and arguments, up to the start script. */
  readonly argv: readonly string[];
  /** Files given to it open for reading, as descriptors 4, 5, ... */
  readonly openFiles: readonly string[];
  readonly limits: Required<CommandLimits>;
  readonly guard: TreeGuard;
  readonly signal: AbortSignal | undefined;
  /** Stands in the environment of all that runs before the command itself, so that it can be found from outside. */
  readonly marker: string;
  /** True: a code above 128 stands for a signal that ended the command (the shell's convention). */
  readonly codesNameSignals: boolean;
  /** Called with the pid of the first process. */
  onStart(pid: number): void;
}

/**
 * Enters the groups named before `--`, sets what the kernel limits per process, and becomes the rest of the arguments.
 * Arguments: CPU seconds, file blocks of 512 bytes, KiB of data or `unlimited`.
 */
const ENTER = `ulimit -c 0
# Refused only where a lower limit holds already.
for limit in "-t $1" "-f $2" "-d $3"; do ulimit $limit 2>/dev/null || :; done
shift 3
while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done
shift
exec "$@"`;

type Stop = "wall" | "abort" | TreeLimit;

/**
 * Runs the launch to its end. When it resolves or rejects, no process of the tree is alive.
 * @throws RuntimeError `SANDBOX_UNAVAILABLE` if the command was never reached; the signal's reason.
 */
export async function runCommand(launch: Launch): Promise<CommandResult> {
  launch.signal?.throwIfAborted();
  const files: FileHandle[] = [];
  try {
    for (const path of launch.openFiles) files.push(await open(path, "r"));
    const nothing = await open("/dev/null", "r");
    files.push(nothing);
    const given = files.slice(0, -1).map((file) => file.fd);
    return await hold(launch, start(launch, given, nothing.fd));
  } finally {
    for (const file of files) await file.close();
  }
}

function start(launch: Launch, given: readonly number[], nothing: number): ChildProcess {
  const { limits, guard } = launch;
  const data = guard.dataBytesPerProcess;
  return spawn(
    "/bin/sh",
    [
      ...["-c", ENTER, "sh"],
      // The whole tree's CPU is counted; per process the kernel's own limit stands behind that count.
      String(Math.ceil(limits.cpuSeconds) + 1),
      String(Math.ceil(MAX_FILE_BYTES / 512)),
      data === undefined ? "unlimited" : String(Math.ceil(data / 1024)),
      ...[...guard.joinFiles, "--", ...launch.argv],
    ],
    {
      cwd: "/",
      env: { WAGGLE_SCRATCH: launch.marker },
      // Its own session: a Ctrl-C at the terminal is for Waggle, not for the command.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe", ...given, ...covers(4 + given.length, nothing)],
    },
  );
}

/**
 * Entries of `stdio` from descriptor `from` on that put nothing in the place of what this process itself has
 * inherited: Node marks such descriptors only up to the first gap, and the command would get the rest.
 */
function covers(from: number, nothing: number): ("ignore" | number)[] {
  const inherited = readdirSync("/proc/self/fdinfo")
    .map(Number)
    .filter((fd) => fd >= from && !isClosedOnExec(fd));
  const last = Math.max(from - 1, ...inherited);
  if (last > MAX_DESCRIPTOR) {
    throw runtimeError(
      "SANDBOX_UNAVAILABLE",
      `descriptor ${last} was inherited and would reach the command (limit ${MAX_DESCRIPTOR})`,
    );
  }
  return Array.from({ length: last - from + 1 }, (_, i) =>
    inherited.includes(from + i) ? nothing : "ignore",
  );
}

function isClosedOnExec(fd: number): boolean {
  try {
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
    return (Number.parseInt(flags ?? "0", 8) & 0o2000000) !== 0;
  } catch {
    // Closed meanwhile.
    return true;
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

async function hold(launch: Launch, child: ChildProcess): Promise<CommandResult> {
  const { guard, limits, signal } = launch;
  const startedAt = performance.now();
  const [, stdoutPipe, stderrPipe, statusPipe] = child.stdio as unknown as readonly Readable[];
  const stdout = capture(stdoutPipe, limits.outputBytes);
  const stderr = capture(stderrPipe, limits.outputBytes);
  const status = capture(statusPipe, 4096);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("exit", (code, name) => resolve({ code, signal: name }));
    child.once("error", (cause) => {
      reject(
        runtimeError("SANDBOX_UNAVAILABLE", `cannot start a process: ${cause.message}`, { cause }),
      );
    });
  });

  let stopped: Stop | undefined;
  let fault: unknown;
  const stop = (why: Stop): void => {
    stopped ??= why;
    // Whoever is in the tree now is known from here on, wherever its parent's end leaves it.
    guard.look();
    // The first process is outside its group until it has entered; its end is what is awaited below.
    child.kill("SIGKILL");
  };
  const wall = setTimeout(() => stop("wall"), limits.wallMs);
  const looks = setInterval(() => {
    try {
      const limit = guard.look();
      if (limit !== undefined) stop(limit);
    } catch (error) {
      // A tree that cannot be seen cannot be held within its limits.
      fault ??= error;
      child.kill("SIGKILL");
    }
  }, LOOK_MS);
  const onAbort = (): void => stop("abort");
  signal?.addEventListener("abort", onAbort, { once: true });
  // It may have aborted while files were opened; a listener added afterwards hears nothing of that.
  if (signal?.aborted) onAbort();
  let exit: Exit;
  let wallMs: number;
  try {
    if (child.pid !== undefined) {
      guard.watch(child.pid);
      launch.onStart(child.pid);
    }
    exit = await exited;
    wallMs = performance.now() - startedAt;
  } finally {
    clearTimeout(wall);
    clearInterval(looks);
    signal?.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
    await guard.killAll();
  }
  await closed;
  if (stopped === "abort") throw signal?.reason;
  if (fault !== undefined) {
    throw runtimeError("SANDBOX_UNAVAILABLE", "the processes of the command cannot be counted", {
      cause: fault,
    });
  }
  const end =
    stopped === undefined
      ? endOf(exit, status.text(), stderr.text(), launch)
      : ({ type: "limit", limit: stopped } as const);
  return {
    end,
    stdout: stdout.text(),
    stderr: stderr.text(),
    outputTruncated: stdout.isTruncated || stderr.isTruncated,
    wallMs,
  };
}

function capture(pipe: Readable | undefined, limitBytes: number): OutputCapture {
  const kept = new OutputCapture(limitBytes);
  pipe?.on("data", (chunk: Buffer) => kept.take(chunk));
  // A pipe that breaks has nothing more to give; what came is kept.
  pipe?.on("error", () => undefined);
  return kept;
}

function endOf(exit: Exit, status: string, stderr: string, launch: Launch): CommandEnd {
  const limit = launch.guard.verdict(exit.code !== 0);
  if (limit !== undefined) return { type: "limit", limit };
  if (!status.startsWith(STARTED)) {
    throw runtimeError(
      "SANDBOX_UNAVAILABLE",
      `the sandbox ended before its command began: ${stderr.trim().slice(0, 500) || `code ${exit.code}`}`,
    );
  }
  const reason = status.slice(STARTED.length);
  if (reason !== "") return { type: "unstartable", reason };
  if (exit.signal !== null) return { type: "signaled", signal: exit.signal };
  const code = exit.code ?? 0;
  const signal = launch.codesNameSignals ? signalNamed(code) : undefined;
  return signal === undefined ? { type: "exited", code } : { type: "signaled", signal };
}

/** `SIGKILL` for 137; undefined where a code names no signal. */
function signalNamed(code: number): string | undefined {
  return Object.entries(osConstants.signals).find(([, number]) => number + 128 === code)?.[0];
}
