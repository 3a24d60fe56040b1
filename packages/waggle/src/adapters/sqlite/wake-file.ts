import { closeSync, type FSWatcher, openSync, watch, writeSync } from "node:fs";

const BYTE: Uint8Array = new Uint8Array(1);

// Tells other processes that something became claimable: one byte is written to a file beside the store, after the
// commit, and the file is watched (half a millisecond). The log of SQLite changes before its commit is visible.

/** The wake-up file of one store. */
export class WakeFile {
  readonly #path: string;
  #file: number | undefined;
  #watcher: FSWatcher | undefined;

  /** @param path - Of the store. The file itself is made at the first use. */
  constructor(path: string) {
    this.#path = `${path}-wake`;
  }

  /** Wakes all who watch. Never throws: whoever waits also polls. */
  wake(): void {
    try {
      this.#file ??= openSync(this.#path, "a+");
      writeSync(this.#file, BYTE, 0, 1, 0);
    } catch {
      // A full disk, or too many open files.
    }
  }

  /** Calls `listener` after somebody woke, this store or another; in place of an earlier listener. */
  watch(listener: () => void): void {
    this.stop();
    try {
      this.#file ??= openSync(this.#path, "a+");
      this.#watcher = watch(this.#path, { persistent: false }, listener);
      this.#watcher.on("error", () => this.stop());
    } catch {
      // The system has no watch left to give; whoever waits also polls.
    }
  }

  /** Ends what {@link WakeFile.watch} began. */
  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Ends everything. */
  close(): void {
    this.stop();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
