import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";

/** Only Linux shows where an open file stands, and reaches entries of an open folder by path. */
const SHOWS_OPEN_FILES = process.platform === "linux";

const FOLDER_FLAGS: number =
  constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Not blocking: a pipe without a writer would hold the call for ever. */
const FILE_FLAGS: number =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** True if `path` is `root` or below it. Both absolute and real. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Opens the folder at `path` if it is no link. Whoever asked closes it. */
export function openFolder(path: string): Promise<FileHandle> {
  return open(path, FOLDER_FLAGS);
}

/**
 * The path by which entries of an open folder are reached: on Linux of that very folder, whatever stands at `path` by
 * now. Elsewhere `path` itself.
 */
export function heldPath(folder: FileHandle, path: string): string {
  return SHOWS_OPEN_FILES ? `/proc/self/fd/${folder.fd}` : path;
}

/**
 * Opens what `path` leads to, through links, if that is inside `root` still when it is open; else undefined, and
 * nothing is open. Whoever asked closes it. Rejects as the system does for what is not there or may not be read.
 */
export async function openInside(root: string, path: string): Promise<FileHandle | undefined> {
  const target = await realpath(path);
  if (!isInside(root, target)) return undefined;
  const file = await open(target, FILE_FLAGS);
  try {
    if (await standsInside(root, file, target)) return file;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

async function standsInside(root: string, file: FileHandle, target: string): Promise<boolean> {
  if (SHOWS_OPEN_FILES) return isInside(root, await readlink(`/proc/self/fd/${file.fd}`));
  const [opened, found] = await Promise.all([file.stat(), lstat(target)]);
  const isSame = opened.ino === found.ino && opened.dev === found.dev;
  return isSame && (await realpath(target)) === target;
}
