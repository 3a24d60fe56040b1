import { existsSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { runtimeError } from "../../core/errors.ts";
import type { HostId } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { retryBusy } from "./busy-retry.ts";
import { engineFault } from "./engine-error.ts";

const HOST_ID = /^host-[a-z0-9]{1,64}$/;

// Tells for certain that the process of a host has ended. Each host holds an exclusive SQLite transaction on
// a file of its own, `<store>-<host>`; the operating system lets go of it when the process ends, however it
// ends, and not while it is stopped.
// Invariants:
// H1 the lock is held before the first beat is visible, until the store is disposed or the host is freed.
// H2 these files are touched by SQLite, stat and unlink only: closing any other descriptor of a file drops
//    this process's POSIX locks on it.

/** The locks of one store's hosts, and the look at those of others. */
export class HostLocks {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #held = new Map<HostId, DatabaseSync>();

  /** @param path - Of the store. */
  constructor(path: string, clock: Clock, random: Random) {
    this.#path = path;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Holds the lock of `host` from now on.
   * @throws RuntimeError `USAGE` for an id that is none; `STORE_UNAVAILABLE` if another process goes by it.
   */
  async hold(host: HostId): Promise<void> {
    if (this.#held.has(host)) return;
    if (!HOST_ID.test(host)) {
      throw runtimeError("USAGE", `host id '${host}' does not match ${HOST_ID.source}`);
    }
    // Whoever looks whether the host is gone holds its lock for an instant.
    const lock = await retryBusy(this.#clock, this.#random, () =>
      this.#held.has(host) ? undefined : lockFile(this.#fileOf(host), "exclusive"),
    );
    if (lock !== undefined) this.#held.set(host, lock);
  }

  /** True if the process of `host` has certainly ended; false if it lives or nobody can tell. */
  isGone(host: HostId): boolean {
    return !this.#held.has(host) && hasEnded(this.#path, host);
  }

  /** Removes the lock of a host that ends here or was freed by anybody. Never throws. */
  drop(host: HostId): void {
    const held = this.#held.get(host);
    this.#held.delete(host);
    try {
      if (HOST_ID.test(host)) rmSync(this.#fileOf(host), { force: true });
    } catch {
      // The file of a host that is dead or gone is litter, no more.
    }
    held?.close();
  }

  /** Drops every lock that is held. */
  dropAll(): void {
    for (const host of [...this.#held.keys()]) this.drop(host);
  }

  #fileOf(host: HostId): string {
    return fileOf(this.#path, host);
  }
}

/** True if no process holds the lock of `host` of the store `path`; not to be asked by the one that may hold it (H2). */
export function hasEnded(path: string, host: HostId): boolean {
  const file = fileOf(path, host);
  const existing = pathToFileURL(file);
  existing.searchParams.set("mode", "rw");
  try {
    lockFile(existing, "immediate").close();
    return true;
  } catch (thrown) {
    // A host that lives has its file (H1); any other trouble with the file says nothing about the host.
    return engineFault(thrown) !== "busy" && !existsSync(file);
  }
}

function fileOf(path: string, host: HostId): string {
  return `${path}-${host}`;
}

function lockFile(file: string | URL, mode: "exclusive" | "immediate"): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec(`begin ${mode}`);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
