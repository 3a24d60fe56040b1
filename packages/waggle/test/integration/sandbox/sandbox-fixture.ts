import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { findSandbox, nodeClock, unisolatedSandbox } from "../../../src/adapters/node/index.ts";
import type { CommandResult, Sandbox, SandboxOffer } from "../../../src/ports/sandbox.ts";

const offer: SandboxOffer = await findSandbox();

/** Why tests of the real sandbox are left out here, or false. */
export const absence: string | false = offer.type === "missing" ? offer.reason : false;

/** A way to run commands that the tests go over. */
export interface Subject {
  readonly name: string;
  readonly isolated: boolean;
  readonly watched: boolean;
  make(): Promise<Sandbox>;
}

/** The four combinations of walls and limits; those with walls only where there are some. */
export const subjects: readonly Subject[] = (
  [
    { name: "bubblewrap and groups", isolated: true, watched: false },
    { name: "bubblewrap and watchdog", isolated: true, watched: true },
    { name: "groups alone", isolated: false, watched: false },
    { name: "watchdog alone", isolated: false, watched: true },
  ] as const
)
  .filter((one) => !one.isolated || absence === false)
  .map((one) => ({ ...one, make: () => makeSandbox(one.isolated, one.watched) }));

/** Finds one, or fails the test. */
export async function makeSandbox(isolated: boolean, watched = false): Promise<Sandbox> {
  const limits = watched ? "watchdog" : "best";
  if (!isolated) return unisolatedSandbox({ limits });
  const found = await findSandbox({ limits });
  if (found.type === "missing") throw new Error(found.reason);
  return found.sandbox;
}

/** A folder with these files, removed after the test. */
export function makeFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "waggle-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
  }
  return folder;
}

/** Runs a shell line in a session of its own. */
export async function runLine(
  sandbox: Sandbox,
  folder: string,
  line: string,
  limits: Parameters<Awaited<ReturnType<Sandbox["open"]>>["run"]>[0]["limits"] = {},
): Promise<CommandResult> {
  await using session = await sandbox.open(folder);
  return await session.run({ argv: ["sh", "-c", line], limits });
}

/** Pids of living processes of the whole machine whose command line holds `text`. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
      } catch {
        // Ended meanwhile.
        return false;
      }
    });
}

/** Waits until `isTrue`, or gives up after ten seconds and lets the assertion that follows speak. */
export async function until(isTrue: () => boolean): Promise<void> {
  const clock = nodeClock();
  const end = clock.monotonic() + 10_000;
  while (!isTrue() && clock.monotonic() < end) await sleep(20);
}

/** Scratch folders and control groups of the process `pid` that are there now. */
export function leftoversOf(pid: number): string[] {
  const name = new RegExp(`^waggle-[0-9a-f]{8}-\\d+-${pid}-`);
  const groups = controlGroups();
  return [
    ...readdirSync(tmpdir()),
    ...groups.map((path) => path.slice(path.lastIndexOf("/") + 1)),
  ].filter((one) => name.test(one));
}

let markers = 0;

/** Seconds for `sleep` that no other process of this machine uses: finds its processes from outside. */
export function uniqueSeconds(): string {
  markers += 1;
  return `${50_000 + process.pid}.${String(markers).padStart(4, "0")}`;
}

/** Names of all control groups. Other tests remove theirs meanwhile, which ends a listing: then it is made again. */
function controlGroups(tries: number = 50): string[] {
  try {
    return readdirSync("/sys/fs/cgroup", { recursive: true, encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries <= 1) throw error;
    return controlGroups(tries - 1);
  }
}
