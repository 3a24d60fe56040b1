import { constants } from "node:fs";
import { access, type FileHandle, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { FileEntry, Listing } from "../../../ports/workspace.ts";
import { heldPath, openFolder, openInside } from "./held-entry.ts";
import { systemCode } from "./system-code.ts";

/** Entries looked at for each file of the limit, so that folders without files cannot keep a walk going. */
const ENTRIES_PER_FILE = 4;
const MIN_ENTRIES = 80_000;

/** Entries of one folder that are looked at side by side. */
const BATCH = 64;

const SKIPPED_FOLDERS: ReadonlySet<string> = new Set([
  "node_modules",
  ".git",
  ".hg",
  ".svn",
  ".waggle",
]);

interface Walk {
  readonly root: string;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  readonly files: FileEntry[];
  readonly skippedFolders: string[];
  readonly unreadable: { readonly path: string; readonly reason: string }[];
  entriesLeft: number;
  truncated: boolean;
}

type Found =
  | { readonly type: "file"; readonly sizeBytes: number }
  | { readonly type: "folder" }
  | { readonly type: "skipped" }
  | { readonly type: "unreadable"; readonly reason: string }
  | { readonly type: "nothing" };

interface Looked {
  readonly path: string;
  readonly name: string;
  readonly found: Found;
}

/**
 * Lists the folder `root`, a real path. Every entry is reached from its folder held open, so that a folder that
 * becomes a link meanwhile leads nowhere (on Linux; elsewhere such a change may show names of its target).
 * One descriptor is open for each level; where they run out, deeper folders are unreadable by `EMFILE`.
 */
export async function walkFolder(
  root: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Listing> {
  const walk: Walk = {
    root,
    limit,
    signal,
    files: [],
    skippedFolders: [],
    unreadable: [],
    entriesLeft: Math.max(limit * ENTRIES_PER_FILE, MIN_ENTRIES),
    truncated: false,
  };
  await walkOpen(walk, await openFolder(root), "");
  return {
    files: walk.files,
    skippedFolders: walk.skippedFolders.sort(byCodeUnit),
    unreadable: walk.unreadable.sort((a, b) => byCodeUnit(a.path, b.path)),
    truncated: walk.truncated,
  };
}

/** Walks `folder`, which stands at `path`, and closes it. Rejects if it is the root and cannot be read. */
async function walkOpen(walk: Walk, folder: FileHandle, path: string): Promise<void> {
  try {
    const held = heldPath(folder, join(walk.root, path));
    const names = await namesIn(walk, held, path);
    const looked = await lookAtAll(walk, held, path, names);
    for (const one of looked) {
      if (walk.truncated) return;
      await take(walk, held, one);
    }
  } finally {
    await folder.close();
  }
}

async function namesIn(walk: Walk, held: string, path: string): Promise<readonly string[]> {
  try {
    return await readdir(held);
  } catch (error) {
    if (path === "") throw error;
    const reason = systemCode(error);
    if (!isGone(reason)) walk.unreadable.push({ path, reason });
    return [];
  }
}

/** In the order of whole paths, so that a cut listing is the first part of the whole one. */
async function lookAtAll(
  walk: Walk,
  held: string,
  folder: string,
  names: readonly string[],
): Promise<readonly Looked[]> {
  const looked: (Looked & { readonly key: string })[] = [];
  for (let start = 0; start < names.length; start += BATCH) {
    walk.signal?.throwIfAborted();
    if (walk.entriesLeft <= 0) {
      walk.truncated = true;
      break;
    }
    const batch = names.slice(start, start + BATCH);
    walk.entriesLeft -= batch.length;
    const found = batch.map(async (name) => {
      const path = folder === "" ? name : `${folder}/${name}`;
      const one = await look(walk.root, join(held, name), name);
      return { path, name, found: one, key: one.type === "folder" ? `${path}/` : path };
    });
    looked.push(...(await Promise.all(found)));
  }
  return looked.sort((a, b) => byCodeUnit(a.key, b.key));
}

async function take(walk: Walk, held: string, { path, name, found }: Looked): Promise<void> {
  switch (found.type) {
    case "file":
      if (walk.files.length < walk.limit) walk.files.push({ path, sizeBytes: found.sizeBytes });
      else walk.truncated = true;
      return;
    case "folder":
      return enter(walk, join(held, name), path);
    case "skipped":
      walk.skippedFolders.push(path);
      return;
    case "unreadable":
      walk.unreadable.push({ path, reason: found.reason });
      return;
    case "nothing":
      return;
  }
}

async function enter(walk: Walk, at: string, path: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await openFolder(at);
  } catch (error) {
    const reason = systemCode(error);
    if (!isGone(reason)) walk.unreadable.push({ path, reason });
    return;
  }
  await walkOpen(walk, folder, path);
}

async function look(root: string, at: string, name: string): Promise<Found> {
  try {
    const facts = await lstat(at);
    if (facts.isDirectory()) return { type: SKIPPED_FOLDERS.has(name) ? "skipped" : "folder" };
    if (facts.isSymbolicLink()) return await lookThroughLink(root, at);
    if (!facts.isFile()) return { type: "nothing" };
    await access(at, constants.R_OK);
    return { type: "file", sizeBytes: facts.size };
  } catch (error) {
    const reason = systemCode(error);
    if (!isGone(reason)) return { type: "unreadable", reason };
    // The name was decoded with replacements, so it cannot be used to reach the file.
    return name.includes("\uFFFD")
      ? { type: "unreadable", reason: "name is not UTF-8" }
      : { type: "nothing" };
  }
}

async function lookThroughLink(root: string, at: string): Promise<Found> {
  const file = await openInside(root, at);
  if (file === undefined) return { type: "nothing" };
  try {
    const facts = await file.stat();
    return facts.isFile() ? { type: "file", sizeBytes: facts.size } : { type: "nothing" };
  } finally {
    await file.close();
  }
}

/** Missing, or no longer what it was when it was looked at. */
function isGone(code: string): boolean {
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
