import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How a command is run. */
export interface CommandOptions {
  readonly cwd: string;
  /** After so many ms it is killed, with all it has started. */
  readonly limitMs: number;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: no. */
  readonly shell?: boolean;
}

/** How a command ended. */
export interface CommandResult {
  readonly stdout: string;
  /** Why it failed, in one line; undefined when it ended with 0. */
  readonly failed: string | undefined;
}

/** Of each stream the last so many characters are kept. */
const KEPT = 100_000;

/** Runs a command in a process group of its own, and kills what is left of the group when it has ended. Never rejects. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const child = spawn(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    shell: options.shell ?? false,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout = tailOf(child.stdout);
  const stderr = tailOf(child.stderr);
  let failed: string | undefined;
  const limit = setTimeout(() => {
    failed = `stopped after ${options.limitMs / 1_000} s`;
    killGroup(child);
  }, options.limitMs);
  const onExit = (): void => killGroup(child);
  process.once("exit", onExit);
  try {
    // Its output is complete only when those that it has started are gone, too.
    child.once("exit", () => killGroup(child));
    const [code, signal] = await once(child, "close");
    if (code !== 0) failed ??= `${signal ?? `exit ${code}`}: ${reasonIn(stderr())}`;
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(limit);
    process.off("exit", onExit);
  }
  return { stdout: stdout(), failed };
}

function tailOf(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (more: string) => {
    text = (text + more).slice(-KEPT);
  });
  return () => text;
}

/** The line that names the error, otherwise the last one. */
function reasonIn(stderr: string): string {
  const lines = stderr.split("\n").flatMap((line) => line.trim() || []);
  const named = lines.find((line) => /^(npm error |\w*Error\b)/.test(line));
  return (named ?? lines.at(-1) ?? "no word on stderr").slice(0, 300);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}
