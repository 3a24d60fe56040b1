import { constants } from "node:fs";
import {
  chmod,
  copyFile,
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  symlink,
} from "node:fs/promises";
import { join } from "node:path";
import { runtimeError } from "../../../core/errors.ts";

/** Files, folders and links a copy may hold. */
const MAX_ENTRIES = 200_000;

/** Files of one folder that are copied side by side. */
const BATCH = 16;

/** Never copied: the history, and Waggle's own ledger. */
const LEFT_OUT: ReadonlySet<string> = new Set([".git", ".waggle"]);

/** How a folder is copied. */
export interface CopyOptions {
  readonly maxBytes: number;
  /** False: `node_modules` folders become empty ones, and their paths are returned. */
  readonly copiesModules: boolean;
  /** Who owns the copy. Undefined: who copies. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly signal: AbortSignal | undefined;
}

interface Copying extends CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly moduleFolders: string[];
  bytes: number;
  entries: number;
}

/**
 * Copies the folder `from` to `to`, which must not exist. Links are copied as links, wherever they point. Left out are
 * `.git`, `.waggle`, sockets, pipes, devices, and what cannot be read. Needs `/proc`: every file is opened below
 * its already open folder, so a folder that is replaced by a link meanwhile leads nowhere.
 * @returns Paths, relative to `from`, of the `node_modules` folders that were left empty.
 * @throws RuntimeError `NOT_FOUND` if `from` is no folder or cannot be read; `VALUE_TOO_LARGE`; the signal's reason.
 *   A part of the copy may be there then.
 */
export async function copyFolder(
  from: string,
  to: string,
  options: CopyOptions,
): Promise<readonly string[]> {
  const copying: Copying = { ...options, from, to, moduleFolders: [], bytes: 0, entries: 0 };
  let root: FileHandle;
  try {
    root = await open(from, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw runtimeError("NOT_FOUND", `'${from}' is no folder that can be read`, { cause });
  }
  await copyOpenFolder(copying, root, "");
  return copying.moduleFolders;
}

/** Copies the content of `folder`, which stands at `path`, and closes it. */
async function copyOpenFolder(copying: Copying, folder: FileHandle, path: string): Promise<void> {
  try {
    copying.signal?.throwIfAborted();
    const target = join(copying.to, path);
    await mkdir(target, { mode: 0o700 });
    const held = `/proc/self/fd/${folder.fd}`;
    const entries = await readdir(held, { withFileTypes: true });
    countEntries(copying, entries.length);
    const wanted = entries.filter((entry) => !LEFT_OUT.has(entry.name));
    const folders = wanted.filter((entry) => entry.isDirectory());
    const others = wanted.filter((entry) => entry.isFile() || entry.isSymbolicLink());
    for (let start = 0; start < others.length; start += BATCH) {
      copying.signal?.throwIfAborted();
      const batch = others.slice(start, start + BATCH);
      const results = await Promise.allSettled(
        batch.map((entry) =>
          entry.isFile()
            ? copyOneFile(copying, join(held, entry.name), join(target, entry.name))
            : copyLink(copying, join(held, entry.name), join(target, entry.name)),
        ),
      );
      for (const result of results) if (result.status === "rejected") throw result.reason;
    }
    for (const entry of folders) {
      await copySubfolder(copying, held, path === "" ? entry.name : join(path, entry.name));
    }
    // Last, so that a folder without the right to write can be filled.
    await giveAway(copying, target, (await folder.stat()).mode);
  } finally {
    await folder.close();
  }
}

async function copySubfolder(copying: Copying, held: string, path: string): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "node_modules" && !copying.copiesModules) {
    const target = join(copying.to, path);
    await mkdir(target, { mode: 0o700 });
    await giveAway(copying, target, 0o755);
    copying.moduleFolders.push(path);
    return;
  }
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const folder = await unlessUnreadable(open(join(held, name), flags));
  if (folder !== undefined) await copyOpenFolder(copying, folder, path);
}

async function copyOneFile(copying: Copying, from: string, to: string): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await unlessUnreadable(open(from, flags));
  if (file === undefined) return;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return;
    copying.bytes += facts.size;
    if (copying.bytes > copying.maxBytes) {
      throw runtimeError(
        "VALUE_TOO_LARGE",
        `folder '${copying.from}' holds more than ${copying.maxBytes} bytes to copy`,
        { details: { limit: copying.maxBytes } },
      );
    }
    await copyFile(`/proc/self/fd/${file.fd}`, to, constants.COPYFILE_FICLONE);
    await giveAway(copying, to, facts.mode);
  } finally {
    await file.close();
  }
}

async function copyLink(copying: Copying, from: string, to: string): Promise<void> {
  const target = await unlessUnreadable(readlink(from));
  if (target === undefined) return;
  await symlink(target, to);
  if (copying.owner !== undefined) await lchown(to, copying.owner.uid, copying.owner.gid);
}

/** Rights of the original, but its new owner may always read and write, and nothing runs as somebody else. */
async function giveAway(copying: Copying, path: string, mode: number): Promise<void> {
  const isFolder = (await lstat(path)).isDirectory();
  await chmod(path, (mode & 0o777) | (isFolder ? 0o700 : 0o600));
  if (copying.owner !== undefined) await lchown(path, copying.owner.uid, copying.owner.gid);
}

function countEntries(copying: Copying, more: number): void {
  copying.entries += more;
  if (copying.entries > MAX_ENTRIES) {
    throw runtimeError(
      "VALUE_TOO_LARGE",
      `folder '${copying.from}' holds more than ${MAX_ENTRIES} files and folders`,
      { details: { limit: MAX_ENTRIES } },
    );
  }
}

const UNREADABLE: ReadonlySet<string> = new Set([
  "EACCES",
  "EPERM",
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "ENXIO",
  "EINVAL",
]);

/** The result, or undefined if it may not be read, is gone, or has become something else. */
async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (UNREADABLE.has(code)) return undefined;
    throw error;
  }
}
