import { RuntimeError } from "../../../core/errors.ts";
import type { FileEntry, Listing, Workspace } from "../../../ports/workspace.ts";
import { counted, listed } from "../finding.ts";

/** Files whose text one analysis reads at most; the rest is counted, not read. */
const MAX_FILES_READ: number = 5_000;

/** Text that one analysis reads at most, in bytes. */
const MAX_BYTES_READ: number = 64 * 1024 * 1024;

/** Longest single file that is read, in bytes. */
const MAX_FILE_BYTES: number = 1024 * 1024;

/** Why the text of a listed file was not looked at. */
export type UnreadReason =
  | "binary or not plain text"
  | "too large"
  | "over the reading budget"
  | "gone";

/** One file with its text. */
export interface SourceText {
  readonly path: string;
  readonly sizeBytes: number;
  readonly text: string;
}

/** A listed file that was not read. */
export interface UnreadFile {
  readonly path: string;
  readonly reason: UnreadReason;
}

/** A folder through the {@link Workspace} port, with the reading bounded. Holds nothing that must be disposed. */
export class ProjectFiles {
  readonly root: string;
  readonly listing: Listing;
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  readonly #paths: ReadonlySet<string>;

  private constructor(workspace: Workspace, root: string, listing: Listing, signal: AbortSignal) {
    this.#workspace = workspace;
    this.root = root;
    this.listing = listing;
    this.#signal = signal;
    this.#paths = new Set(listing.files.map((file) => file.path));
  }

  /**
   * Lists `root`.
   * @throws RuntimeError `NOT_FOUND` if it is no folder that can be read.
   */
  static async open(
    workspace: Workspace,
    root: string,
    signal: AbortSignal,
  ): Promise<ProjectFiles> {
    return new ProjectFiles(workspace, root, await workspace.list(root, { signal }), signal);
  }

  /** True if `path` is a listed file. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** True if a file or folder is at `path`, listed or in a skipped folder such as `node_modules`. */
  async exists(path: string): Promise<boolean> {
    return this.has(path) || (await this.#workspace.exists(this.root, path));
  }

  /** The text of one file, a leading byte order mark removed; null if it is not there or not plain text. */
  async text(path: string): Promise<string | null> {
    const text = await this.#read(path);
    return typeof text === "string" ? text : null;
  }

  /**
   * Reads the text of all listed files that `wanted` picks, in path order, within the budget, and hands each to
   * `visit`. Returns those that were wanted and not read.
   */
  async each(
    wanted: (file: FileEntry) => boolean,
    visit: (source: SourceText) => void,
  ): Promise<readonly UnreadFile[]> {
    const unread: UnreadFile[] = [];
    let files = 0;
    let bytes = 0;
    for (const file of this.listing.files.filter(wanted)) {
      const reason = budgetReason(file, files, bytes);
      if (reason !== null) {
        unread.push({ path: file.path, reason });
        continue;
      }
      files++;
      bytes += file.sizeBytes;
      const text = await this.#read(file.path);
      if (typeof text === "string") visit({ path: file.path, sizeBytes: file.sizeBytes, text });
      else unread.push({ path: file.path, reason: text.reason });
    }
    return unread;
  }

  async #read(path: string): Promise<string | { readonly reason: UnreadReason }> {
    try {
      const text = await this.#workspace.readText(this.root, path, {
        signal: this.#signal,
        maxBytes: MAX_FILE_BYTES,
      });
      if (text === null) return { reason: "binary or not plain text" };
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    } catch (error) {
      // A file that went away between listing and reading is a fact of the folder, not a failure of ours.
      if (RuntimeError.is(error, "NOT_FOUND")) return { reason: "gone" };
      throw error;
    }
  }
}

/** One sentence about the files that were not `done` (as in "searched for TODOs"), or none. */
export function describeUnread(unread: readonly UnreadFile[], done: string): readonly string[] {
  if (unread.length === 0) return [];
  const reasons = [...new Set(unread.map((file) => file.reason))].sort();
  const parts = reasons.map(
    (reason) =>
      `${reason}: ${listed(
        unread.flatMap((file) => (file.reason === reason ? [file.path] : [])),
        5,
      )}`,
  );
  return [
    `${counted(unread.length, "file")} ${unread.length === 1 ? "was" : "were"} not ${done} (${parts.join("; ")})`,
  ];
}

function budgetReason(file: FileEntry, files: number, bytes: number): UnreadReason | null {
  if (file.sizeBytes > MAX_FILE_BYTES) return "too large";
  if (files >= MAX_FILES_READ || bytes + file.sizeBytes > MAX_BYTES_READ) {
    return "over the reading budget";
  }
  return null;
}
