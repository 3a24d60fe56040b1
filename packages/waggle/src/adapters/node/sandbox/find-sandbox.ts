import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sandbox, SandboxOffer } from "../../../ports/sandbox.ts";
import {
  bubblewrapOptions,
  CLOSED_INSIDE,
  countsProcessesPerNamespace,
  ETC_FILES,
  HOME_INSIDE,
  NOBODY,
  PATH_INSIDE,
  SETPRIV,
  startInside,
  TAKEN_INSIDE,
} from "./bubblewrap.ts";
import { cgroupV1Limiter } from "./cgroup-v1.ts";
import { cgroupV2Limiter } from "./cgroup-v2.ts";
import { findNodeRuntime, findProgram, type NodeRuntime, STANDARD_PATH } from "./node-runtime.ts";
import { type Isolation, localSandbox, writeSharedFiles } from "./sandbox-session.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import { startScript } from "./start-script.ts";
import type { TreeLimiter } from "./tree-guard.ts";
import { treeWatchdog } from "./tree-watchdog.ts";

/** What {@link findSandbox} can be told. */
export interface FindSandboxOptions {
  /** Folders, as in `PATH`, in which `bwrap` and `npm` are looked for. Default: the standard ones. */
  readonly searchPath?: string;
  /** `watchdog`: no control groups, even where they work. Default: the best that works. */
  readonly limits?: "best" | "watchdog";
}

/** Oldest bubblewrap that can bound temporary file systems. */
const OLDEST = [0, 7] as const;

/**
 * Finds the sandbox of this machine: bubblewrap, tried out with a real command. Missing where namespaces are not
 * available, and where the trial shows that they do not hold. Needs about a fifth of a second.
 */
export async function findSandbox(options: FindSandboxOptions = {}): Promise<SandboxOffer> {
  const searchPath = options.searchPath ?? STANDARD_PATH;
  if (process.platform !== "linux") {
    return missing(
      `bubblewrap needs Linux, this is ${process.platform}`,
      "Run Waggle on Linux or in a Linux container that allows user namespaces.",
    );
  }
  const program = await findProgram("bwrap", searchPath);
  if (program === undefined) {
    return missing(
      "bubblewrap (the program 'bwrap') is not installed",
      "Install it: 'apt-get install bubblewrap' on Debian and Ubuntu, 'dnf install bubblewrap' on Fedora.",
    );
  }
  const version = await versionOf(program);
  if (version === undefined || !isNewEnough(version)) {
    return missing(
      `'${program}' is ${version ?? "no working bubblewrap"} (needed: ${OLDEST.join(".")} or newer)`,
      `Install bubblewrap ${OLDEST.join(".")} or newer.`,
    );
  }
  const asRoot = process.getuid?.() === 0;
  if (asRoot && !existsSync(SETPRIV)) {
    return missing(
      "the program 'setpriv' is not there, and commands must not run as root",
      "Install util-linux, or run Waggle as another user than root.",
    );
  }
  const limiter = options.limits === "watchdog" ? treeWatchdog() : await bestLimiter();
  const runtime = await findNodeRuntime(searchPath);
  const sandbox = localSandbox(bubblewrapIsolation({ program, version, asRoot, limiter, runtime }));
  const fault = await tryOut(sandbox);
  if (fault === undefined) return { type: "available", sandbox };
  return missing(
    `bubblewrap ${version} does not work here: ${fault}`,
    asRoot
      ? "Let this container make namespaces (for Docker: '--privileged', or a profile that allows them)."
      : "Allow user namespaces: 'sysctl -w user.max_user_namespaces=10000', on Ubuntu also 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'.",
  );
}

/** Control groups where this process may make them, else the watchdog. */
export async function bestLimiter(): Promise<TreeLimiter> {
  return (await cgroupV1Limiter()) ?? (await cgroupV2Limiter()) ?? treeWatchdog();
}

interface Bubblewrap {
  readonly program: string;
  readonly version: string;
  readonly asRoot: boolean;
  readonly limiter: TreeLimiter;
  readonly runtime: NodeRuntime;
}

function bubblewrapIsolation({
  program,
  version,
  asRoot,
  limiter,
  runtime,
}: Bubblewrap): Isolation {
  const filter = seccompFilter(process.arch);
  return {
    capabilities: {
      isolation: "namespaces",
      limits: limiter.kind,
      description: [
        `bubblewrap ${version}`,
        "no network unless asked for",
        ...(filter === undefined ? [] : ["seccomp"]),
        limiter.kind === "watchdog" ? "watchdog" : limiter.kind.replace("-", " "),
        ...(runtime.npmFolder === undefined ? ["without npm"] : []),
      ].join(", "),
    },
    limiter,
    canShareModules: true,
    owner: asRoot ? { uid: NOBODY, gid: NOBODY } : undefined,
    // bubblewrap itself, and its first process inside.
    extraProcesses: 2,
    codesNameSignals: true,
    taken: TAKEN_INSIDE,
    closed: CLOSED_INSIDE,
    prepare: async (scratch) => {
      await mkdir(join(scratch, "etc"));
      await writeSharedFiles(join(scratch, "etc"), ETC_FILES);
      if (filter !== undefined) await writeFile(join(scratch, "filter"), filter, { mode: 0o600 });
    },
    plan: async (command, folders, limits) => {
      const { scratch, copy, original, given, moduleFolders } = folders;
      const script = join(scratch, "start");
      const env = {
        ...{ PATH: PATH_INSIDE, HOME: HOME_INSIDE, LANG: "C.UTF-8", TMPDIR: "/tmp" },
        // On the network Node trusts what this machine trusts: company networks have certificates of their own.
        ...(command.network === true ? { NODE_USE_SYSTEM_CA: "1" } : {}),
      };
      const text = startScript(command.argv, given, { ...env, ...command.env });
      await writeSharedFiles(scratch, { start: text });
      const bubblewrap = bubblewrapOptions({
        runtime,
        script,
        etcFolder: join(scratch, "etc"),
        copy,
        folderInside: given,
        moduleFolders,
        original,
        network: command.network === true,
        temporaryBytes: limits.memoryBytes,
        asRoot,
      });
      const seccomp = filter === undefined ? [] : ["--seccomp", "5"];
      // Behind the watchdog, which finds the limit first unless it is outrun.
      const isBound = limiter.kind === "watchdog" && countsProcessesPerNamespace(release());
      const bound = isBound ? 2 * limits.processes + 64 : undefined;
      const argumentsFile = join(scratch, "arguments");
      const all = [...bubblewrap, ...seccomp].map((one) => `${one}\0`).join("");
      await writeFile(argumentsFile, all, { mode: 0o600 });
      return {
        argv: [program, "--args", "4", "--", ...startInside(asRoot, bound)],
        openFiles: [argumentsFile, ...(filter === undefined ? [] : [join(scratch, "filter")])],
      };
    },
  };
}

/** Prints what a command sees of the machine, as JSON. */
const SELF_TEST = `const { networkInterfaces } = require("node:os");
const { readdirSync } = require("node:fs");
const processes = readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).length;
const foreign = Object.keys(networkInterfaces()).filter((name) => name !== "lo");
console.log(JSON.stringify({ uid: process.getuid(), processes, foreign }));`;

/** Runs Node in the sandbox and looks from inside; returns what does not hold, or undefined. */
async function tryOut(sandbox: Sandbox): Promise<string | undefined> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "waggle-probe-")));
  try {
    await using session = await sandbox.open(folder);
    const { end, stdout, stderr } = await session.run({
      argv: ["node", "-e", SELF_TEST],
      limits: { wallMs: 20_000 },
    });
    if (end.type !== "exited" || end.code !== 0) {
      return `Node does not run in it (${JSON.stringify(end)}) ${stderr.slice(0, 300)}`.trim();
    }
    const seen = JSON.parse(stdout) as { uid: number; processes: number; foreign: string[] };
    if (seen.uid === 0) return "commands would run as root";
    if (seen.processes > 8) return `commands would see ${seen.processes} processes`;
    if (seen.foreign.length > 0) return `commands would reach the network by ${seen.foreign[0]}`;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ["--version"], { env: {} });
    return /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0];
  } catch {
    // Not a program for this machine: reported by the caller.
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function missing(reason: string, remedy: string): SandboxOffer {
  return { type: "missing", reason, remedy };
}
