import { type FileHandle, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { RuntimeError, runtimeError } from "../../../core/errors.ts";
import type { CallOptions } from "../../../ports/call-options.ts";
import type { Listing, Workspace } from "../../../ports/workspace.ts";
import { isInside, openInside } from "./held-entry.ts";
import { systemCode } from "./system-code.ts";
import { walkFolder } from "./walk-folder.ts";

const DEFAULT_FILE_LIMIT = 20_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;

/**
 * The folders of this machine, read-only.
 *
 * `list` follows no link to a folder. A link to a regular file is listed under its own path if the file is inside
 * `root`. A file that exists but may not be read stands in `unreadable` only. What disappears during the walk is
 * left out. `readText` throws `NOT_FOUND` for folders, devices and files that may not be read, too.
 */
export function nodeWorkspace(): Workspace {
  return { list, readText, exists };
}

async function list(
  root: string,
  options: CallOptions & { readonly limit?: number } = {},
): Promise<Listing> {
  const limit = options.limit ?? DEFAULT_FILE_LIMIT;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw runtimeError("USAGE", `limit of a listing is ${limit} (at least 1)`);
  }
  options.signal?.throwIfAborted();
  const realRoot = await rootFolder(root);
  try {
    return await walkFolder(realRoot, limit, options.signal);
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw unreadable(`folder '${root}'`, cause);
  }
}

async function readText(
  root: string,
  path: string,
  options: CallOptions & { readonly maxBytes?: number } = {},
): Promise<string | null> {
  const { signal } = options;
  signal?.throwIfAborted();
  const realRoot = await rootFolder(root);
  if (!isInside(realRoot, resolve(realRoot, path))) return null;
  let file: FileHandle | undefined;
  try {
    file = await openInside(realRoot, join(realRoot, path));
    return file === undefined
      ? null
      : await decode(file, options.maxBytes ?? DEFAULT_MAX_BYTES, `'${path}' in '${root}'`, signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (RuntimeError.is(cause)) throw cause;
    throw unreadable(`file '${path}' in '${root}'`, cause);
  } finally {
    await file?.close();
  }
}

async function decode(
  file: FileHandle,
  maxBytes: number,
  what: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const facts = await file.stat();
  if (!facts.isFile()) throw runtimeError("NOT_FOUND", `${what} is no file`);
  if (facts.size > maxBytes) return null;
  // One byte more than allowed tells a file that has grown since its size was taken. Files that show no size
  // (the kernel's own) are read too, so the size is no bound.
  const buffer = Buffer.allocUnsafe(maxBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const bytes = buffer.subarray(0, length);
  if (length > maxBytes || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: binary, by the port's words.
    return null;
  }
}

async function exists(root: string, path: string): Promise<boolean> {
  try {
    const realRoot = await realpath(root);
    if (!isInside(realRoot, resolve(realRoot, path))) return false;
    return isInside(realRoot, await realpath(join(realRoot, path)));
  } catch {
    // Missing, dangling and unreachable are all "nothing is there" to the caller.
    return false;
  }
}

async function rootFolder(root: string): Promise<string> {
  if (!isAbsolute(root)) throw runtimeError("USAGE", `folder '${root}' is not absolute`);
  try {
    const real = await realpath(root);
    if ((await stat(real)).isDirectory()) return real;
  } catch (cause) {
    throw unreadable(`folder '${root}'`, cause);
  }
  throw runtimeError("NOT_FOUND", `'${root}' is no folder`);
}

function unreadable(what: string, cause: unknown): RuntimeError {
  return runtimeError("NOT_FOUND", `${what} cannot be read: ${systemCode(cause)}`, { cause });
}
