import type { CallOptions } from "./call-options.ts";

/** What a file of a workspace is, without its content. */
export interface FileEntry {
  /** Relative to the root of the workspace, with `/`, never starting with `/` or `..`. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** What {@link Workspace.list} found. */
export interface Listing {
  /** Regular files, sorted by path in code-unit order. */
  readonly files: readonly FileEntry[];
  /** Folders whose content was left out on purpose (`node_modules`, `.git`), sorted. */
  readonly skippedFolders: readonly string[];
  /** Files and folders that exist but could not be read, each with the reason, sorted. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  /** True when the limit on files was reached: `files` is then the first part only. */
  readonly truncated: boolean;
}

/** A read-only view of the folders of a machine. Never writes, never follows a link out of `root`. */
export interface Workspace {
  /**
   * Every file below `root`, at most `limit` (default 20,000).
   * @param root - Absolute path.
   * @throws RuntimeError `NOT_FOUND` if `root` does not exist, is no folder or cannot be read; nothing happened.
   */
  list(root: string, options?: CallOptions & { readonly limit?: number }): Promise<Listing>;
  /**
   * The text of one file as UTF-8, or null if it is binary, longer than `maxBytes` (default 1 MiB), or leads
   * out of `root`.
   * @throws RuntimeError `NOT_FOUND` if there is no such file.
   */
  readText(
    root: string,
    path: string,
    options?: CallOptions & { readonly maxBytes?: number },
  ): Promise<string | null>;
  /** True if something is at `path` below `root` (a file, a folder, or a link that stays inside). */
  exists(root: string, path: string): Promise<boolean>;
}
