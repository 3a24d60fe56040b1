import { chmod, lstat, realpath, stat, writeFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { runtimeError } from "../../../core/errors.ts";
import type { CallOptions } from "../../../ports/call-options.ts";
import type {
  Command,
  CommandLimits,
  CommandResult,
  Sandbox,
  SandboxCapabilities,
  SandboxSession,
} from "../../../ports/sandbox.ts";
import { settledLimits } from "./command-settings.ts";
import { copyFolder } from "./copy-folder.ts";
import { readProcess } from "./process-table.ts";
import { runCommand } from "./run-command.ts";
import {
  makeScratchFolder,
  removeScratchFolder,
  scratchRoot,
  writeScratchRecord,
} from "./scratch-folder.ts";
import type { TreeLimiter } from "./tree-guard.ts";

const DEFAULT_MAX_COPY_BYTES = 512 * 1024 * 1024;

/** The folders of one session, all absolute. */
interface SessionFolders {
  readonly scratch: string;
  readonly copy: string;
  readonly original: string;
  /** The original's path as the caller gave it. */
  readonly given: string;
  /** `node_modules` folders that were left empty in the copy, relative. */
  readonly moduleFolders: readonly string[];
}

/** What one way of running commands adds to the session that all have in common. */
export interface Isolation {
  readonly capabilities: SandboxCapabilities;
  readonly limiter: TreeLimiter;
  /** True: `node_modules` is shared by a read-only mount. False: it is copied. */
  readonly canShareModules: boolean;
  /** Who owns the copy; undefined: this process's user. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Processes of the isolation itself that the groups would count with the command's. */
  readonly extraProcesses: number;
  readonly codesNameSignals: boolean;
  /** Paths that a project cannot stand in the place of, nor above. */
  readonly taken: readonly string[];
  /** Paths that a project cannot stand below. */
  readonly closed: readonly string[];
  /** Makes what all commands of a session need in its scratch folder. */
  prepare(scratch: string): Promise<void>;
  /** Writes what one command needs and says how to start it. */
  plan(
    command: Command,
    folders: SessionFolders,
    limits: Required<CommandLimits>,
  ): Promise<{
    readonly argv: readonly string[];
    readonly openFiles: readonly string[];
  }>;
}

/** The sandbox that runs commands by `isolation`. */
export function localSandbox(isolation: Isolation): Sandbox {
  return {
    capabilities: isolation.capabilities,
    open: (folder, options) => openSession(isolation, folder, options),
  };
}

async function openSession(
  isolation: Isolation,
  folder: string,
  options: CallOptions & {
    readonly maxCopyBytes?: number;
    readonly writableModules?: boolean;
  } = {},
): Promise<SandboxSession> {
  options.signal?.throwIfAborted();
  const given = resolve(folder);
  const original = await originalFolder(isolation, folder, given);
  const { path: scratch, name } = await makeScratchFolder();
  try {
    const copy = join(scratch, "copy");
    const moduleFolders = await copyFolder(original, copy, {
      maxBytes: options.maxCopyBytes ?? DEFAULT_MAX_COPY_BYTES,
      copiesModules: options.writableModules === true || !isolation.canShareModules,
      owner: isolation.owner,
      signal: options.signal,
    });
    await isolation.prepare(scratch);
    return new LocalSession(isolation, name, { scratch, copy, original, given, moduleFolders });
  } catch (error) {
    await removeScratchFolder(scratch);
    throw error;
  }
}

async function originalFolder(
  isolation: Isolation,
  folder: string,
  given: string,
): Promise<string> {
  if (!isAbsolute(folder)) throw runtimeError("USAGE", `folder '${folder}' is not absolute`);
  let original: string;
  try {
    original = await realpath(given);
  } catch (cause) {
    throw runtimeError("NOT_FOUND", `folder '${folder}' does not exist`, { cause });
  }
  if (!(await stat(original)).isDirectory()) {
    throw runtimeError("NOT_FOUND", `'${folder}' is no folder`);
  }
  const taken = [...isolation.taken, await realpath(scratchRoot())];
  for (const path of [given, original]) {
    const held = taken.find((one) => path === "/" || one === path || one.startsWith(`${path}/`));
    const holder = isolation.closed.find((one) => path.startsWith(`${one}/`));
    if (held !== undefined || holder !== undefined) {
      throw runtimeError(
        "USAGE",
        `folder '${folder}' cannot be copied: it ${held === undefined ? `is in '${holder}'` : `holds '${held}'`}`,
      );
    }
  }
  return original;
}

// Owns: a scratch folder with the copy, and the one command running in it. Doesn't own: the original.
// Invariants: S1 at most one command at a time. S2 after run() has settled, no process of its tree is alive and its
// groups are gone. S3 after dispose nothing of the session is left, in memory or on disk.
class LocalSession implements SandboxSession {
  readonly #isolation: Isolation;
  readonly #name: string;
  readonly #folders: SessionFolders;
  readonly #closing = new AbortController();
  #running: Promise<unknown> | undefined;
  #removal: Promise<void> | undefined;
  #runs = 0;

  constructor(isolation: Isolation, name: string, folders: SessionFolders) {
    this.#isolation = isolation;
    this.#name = name;
    this.#folders = folders;
  }

  async run(command: Command, options: CallOptions = {}): Promise<CommandResult> {
    options.signal?.throwIfAborted();
    if (this.#removal !== undefined) throw runtimeError("CLOSED", "the sandbox session was closed");
    if (this.#running !== undefined) {
      throw runtimeError("USAGE", "a command is running in this sandbox session already (limit 1)");
    }
    const signal =
      options.signal === undefined
        ? this.#closing.signal
        : AbortSignal.any([options.signal, this.#closing.signal]);
    const running = this.#run(command, signal);
    this.#running = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  async #remove(): Promise<void> {
    this.#closing.abort(
      runtimeError("CLOSED", "the sandbox session was closed while a command ran"),
    );
    await this.#running;
    await removeScratchFolder(this.#folders.scratch);
  }

  async #run(command: Command, signal: AbortSignal): Promise<CommandResult> {
    const { limiter, extraProcesses, codesNameSignals } = this.#isolation;
    const { scratch } = this.#folders;
    const limits = settledLimits(command);
    const moduleFolders = await this.#moduleFolders();
    const { argv, openFiles } = await this.#isolation.plan(
      command,
      { ...this.#folders, moduleFolders },
      limits,
    );
    const groupName = `${this.#name}-${++this.#runs}`;
    const groups = limiter.groupFolders.map((folder) => join(folder, groupName));
    writeScratchRecord(scratch, { version: 1, groups, command: null });
    const guard = await limiter.guard(
      groupName,
      { ...limits, processes: limits.processes + extraProcesses },
      scratch,
    );
    try {
      return await runCommand({
        argv,
        openFiles,
        limits,
        guard,
        signal,
        marker: scratch,
        codesNameSignals,
        onStart: (pid) => {
          const start = readProcess(pid)?.start;
          if (start === undefined) return;
          writeScratchRecord(scratch, { version: 1, groups, command: { pid, start } });
        },
      });
    } finally {
      await guard[Symbol.asyncDispose]();
      writeScratchRecord(scratch, { version: 1, groups: [], command: null });
    }
  }

  /** Those that are still folders on both sides, reached through folders only (a command may have made links). */
  async #moduleFolders(): Promise<readonly string[]> {
    const kept: string[] = [];
    for (const path of this.#folders.moduleFolders) {
      const inCopy = await isPlainWay(this.#folders.copy, path);
      if (inCopy && (await isPlainWay(this.#folders.original, path))) kept.push(path);
    }
    return kept;
  }
}

async function isPlainWay(root: string, path: string): Promise<boolean> {
  let at = root;
  for (const name of path.split("/")) {
    at = join(at, name);
    const facts = await lstat(at).catch(() => undefined);
    if (facts?.isDirectory() !== true) return false;
  }
  return true;
}

/** Writes files that commands may read and only this process's user may change, whatever its umask. */
export async function writeSharedFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, text);
    await chmod(path, 0o644);
  }
}
