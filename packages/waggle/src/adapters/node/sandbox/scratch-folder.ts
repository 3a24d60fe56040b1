import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runtimeError } from "../../../core/errors.ts";
import { isSameProcessAlive, readProcess } from "./process-table.ts";

/** Who made a scratch folder, as far as its name tells. */
export interface ScratchOwner {
  /** First 8 digits of the boot's id. */
  readonly boot: string;
  /** The process-id namespace: pids mean nothing in another one. */
  readonly pidSpace: string;
  readonly pid: number;
  readonly start: number;
}

/** What a scratch folder says about its running command. Format version 1. */
export interface ScratchRecord {
  readonly version: 1;
  /** Folders of its control groups. */
  readonly groups: readonly string[];
  readonly command: { readonly pid: number; readonly start: number } | null;
}

const NAME = /^waggle-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-[0-9a-f]{12}/;

/** Folder of all scratch folders. */
export function scratchRoot(): string {
  return tmpdir();
}

/** Makes a new folder for this process alone, mode 700, whose name tells {@link ScratchOwner}. Whoever asked removes it. */
export async function makeScratchFolder(): Promise<{
  readonly path: string;
  readonly name: string;
}> {
  const { boot, pidSpace, pid, start } = thisOwner();
  const name = `waggle-${boot}-${pidSpace}-${pid}-${start}-${randomBytes(6).toString("hex")}`;
  const path = join(scratchRoot(), name);
  await mkdir(path, { mode: 0o700 });
  return { path, name };
}

/** The owner named by a scratch folder, or by a control group named after one; undefined for any other name. */
export function parseScratchName(name: string): ScratchOwner | undefined {
  const [, boot, pidSpace, pid, start] = NAME.exec(name) ?? [];
  if (boot === undefined || pidSpace === undefined) return undefined;
  return { boot, pidSpace, pid: Number(pid), start: Number(start) };
}

/** `alive`, `ended`, or `unknown` for an owner that cannot be seen from here. `earlier boot` has surely ended, if it was this machine's. */
export function ownerState(owner: ScratchOwner): "alive" | "ended" | "earlier boot" | "unknown" {
  const self = thisOwner();
  if (owner.boot !== self.boot) return "earlier boot";
  if (owner.pidSpace !== self.pidSpace) return "unknown";
  return isSameProcessAlive(owner.pid, owner.start) ? "alive" : "ended";
}

/** Replaces the record of the folder, at once or not at all. */
export function writeScratchRecord(folder: string, record: ScratchRecord): void {
  const path = join(folder, "record.json");
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The record of the folder; undefined if there is none that this version can read. */
export function readScratchRecord(folder: string): ScratchRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(folder, "record.json"), "utf8")) as ScratchRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    // The owner ended before it wrote one.
    return undefined;
  }
}

/**
 * Removes a scratch folder with all that commands left in it, whatever rights and depth they gave it.
 * @throws RuntimeError `INVARIANT` if something of it stays.
 */
export async function removeScratchFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
    return;
  } catch {
    // Paths longer than the system takes, or folders without rights: the system's own tools walk step by step.
  }
  const run = promisify(execFile);
  try {
    await run("/bin/chmod", ["-R", "u+rwX", "--", path]).catch(() => undefined);
    await run("/bin/rm", ["-rf", "--", path]);
  } catch (cause) {
    throw runtimeError("INVARIANT", `scratch folder '${path}' cannot be removed`, { cause });
  }
}

function thisOwner(): ScratchOwner {
  const start = readProcess("self")?.start;
  if (start === undefined) throw runtimeError("SANDBOX_UNAVAILABLE", "/proc cannot be read");
  return {
    boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8),
    pidSpace: /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0",
    pid: process.pid,
    start,
  };
}
