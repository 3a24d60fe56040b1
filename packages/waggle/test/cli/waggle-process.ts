import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../bin/waggle.mjs", import.meta.url));

/** How a process of `waggle` ended, and all it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running process of `waggle`. */
export interface WaggleProcess {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves with the output so far when `isThere` holds for it; rejects when the process ends first. */
  output(isThere: (output: string) => boolean): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Closes this side of its stdout. */
  closeStdout(): void;
}

/** A place to run `waggle` in: a folder to stand in, a project beside it, and temporary files of its own. */
export interface Place extends AsyncDisposable {
  /** Where the processes stand. */
  readonly cwd: string;
  /** `project/` beside it. */
  readonly project: string;
  /** Where the processes keep their temporary files: sandbox copies. */
  readonly temporary: string;
  /** Starts `waggle` with these arguments. */
  start(args: readonly string[], how?: StartHow): WaggleProcess;
  /** Runs `waggle` to its end. */
  run(args: readonly string[], how?: StartHow): Promise<Ended>;
}

export interface StartHow {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** True: even root may not write or read what the file modes forbid. */
  readonly obeysModes?: boolean;
  /** Put in front of the program, such as `script` for a terminal. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/** Files of a project by path. */
export type Files = Readonly<Record<string, string>>;

/** A project with a test that takes a moment, so that there is a middle in which to kill. */
export function projectWithTests(testMs: number, isFailing: boolean = false): Files {
  return {
    "package.json": JSON.stringify({
      name: "tiny",
      version: "1.0.0",
      type: "module",
      license: "MIT",
      engines: { node: ">=20" },
      scripts: { test: "node --test" },
    }),
    "README.md": "# tiny\n",
    "add.js": "export const add = (a, b) => a + b; // TODO check the arguments\n",
    "add.test.js": `import assert from "node:assert/strict";
import test from "node:test";
import { add } from "./add.js";
test("adds", async () => {
  await new Promise((resolve) => setTimeout(resolve, ${testMs}));
  assert.equal(add(1, 2), ${isFailing ? 4 : 3});
});
`,
  };
}

/** Makes a place with a project of `files`. Dispose it: its processes are killed and its folders removed. */
export async function makePlace(files: Files): Promise<Place> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "cli-test-")));
  const [cwd, project, temporary] = ["stand", "project", "tmp"].map((name) => join(home, name));
  if (cwd === undefined || project === undefined || temporary === undefined) throw new Error();
  for (const folder of [cwd, project, temporary]) await mkdir(folder);
  await writeFiles(project, files);
  const running = new Set<WaggleProcess>();
  const start = (args: readonly string[], how: StartHow = {}): WaggleProcess => {
    const started = startWaggle(args, { cwd, ...how }, temporary);
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  return {
    cwd,
    project,
    temporary,
    start,
    run: (args, how) => start(args, how).ended,
    [Symbol.asyncDispose]: async () => {
      for (const one of running) one.kill("SIGKILL");
      await Promise.all([...running].map((one) => one.ended));
      // What a killed process had started may still be writing.
      await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

/** Writes `files` below `folder`. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

function startWaggle(
  args: readonly string[],
  how: StartHow & { readonly cwd: string },
  temporary: string,
): WaggleProcess {
  const node = [process.execPath, PROGRAM, ...args];
  const limited = how.obeysModes === true && process.getuid?.() === 0;
  const powers = "-dac_override,-dac_read_search";
  const plain = limited ? ["setpriv", "--bounding-set", powers, "--", ...node] : node;
  const [program = "", ...rest] = how.wrap?.(plain) ?? plain;
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(program, rest, {
    cwd: how.cwd,
    env: { PATH, HOME, NODE_COMPILE_CACHE, TMPDIR: temporary, ...how.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return watched(child);
}

function watched(child: ChildProcessByStdio<null, Readable, Readable>): WaggleProcess {
  const text = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (piece: string) => {
      text[name] += piece;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...text }));
  });
  const output = (isThere: (output: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const all = text.stdout + text.stderr;
        if (!isThere(all)) return;
        listeners.delete(look);
        resolve(all);
      };
      listeners.add(look);
      void ended.then(({ stdout, stderr }) =>
        reject(new Error(`ended before the output came:\n${stdout}${stderr}`)),
      );
      look();
    });
  return {
    pid: child.pid ?? 0,
    ended,
    output,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout.destroy(),
  };
}

/** Lines of progress: what a process of `waggle run` prints before the report. */
export function progressLines(output: string): readonly string[] {
  return output.split("\n").filter((line) => /^(start|step|done|fail|plan|skip) /.test(line));
}

/** The run that a process of `waggle run` names in its first line. */
export function runOf(output: string): string {
  return /^waggle \S+, process \d+, run (\S+)$/m.exec(output)?.[1] ?? "";
}

/** A report without what differs from one execution to the next: ids, places of files, durations. */
export function comparable(report: unknown): unknown {
  const text = JSON.stringify(report, (key, value: unknown) =>
    key === "run" || key === "files" || key === "durationMs" ? undefined : value,
  );
  return JSON.parse(text.replaceAll(/\d+\.\d+ s\b/g, "0 s"));
}

/** Processes that live and whose command, folder or environment names `temporary`: what a sandbox left behind. */
export async function processesNaming(temporary: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // A process that has ended meanwhile, or is another user's, cannot be read.
    const read = (file: string): Promise<string> =>
      readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    if (`${await read("cmdline")}${await read("environ")}`.includes(temporary)) found.push(pid);
  }
  return found;
}
