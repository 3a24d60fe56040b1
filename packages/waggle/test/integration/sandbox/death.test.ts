import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { sweepLeftovers } from "../../../src/adapters/node/index.ts";
import {
  absence,
  leftoversOf,
  makeFolder,
  processesWith,
  subjects,
  uniqueSeconds,
  until,
} from "./sandbox-fixture.ts";

// A place of its own for scratch folders: a sweep of another test must not come first.
const ownPlace = mkdtempSync(join(tmpdir(), "waggle-test-"));
chmodSync(ownPlace, 0o777);
const usualPlace = process.env["TMPDIR"];
process.env["TMPDIR"] = ownPlace;
afterAll(() => {
  if (usualPlace === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = usualPlace;
  rmSync(ownPlace, { recursive: true, force: true });
});

const PROGRAM = fileURLToPath(import.meta.resolve("./hold-command.ts"));

function hold(walls: string, limits: string, line: string, uid?: number): ChildProcess {
  const folder = makeFolder();
  chmodSync(folder, 0o755);
  const args = ["--conditions=waggle-source", PROGRAM, walls, limits, line, folder];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    ...(uid === undefined
      ? {}
      : { uid, gid: uid, env: { PATH: "/usr/bin:/bin", TMPDIR: ownPlace } }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe.each(subjects)(
  "death of Waggle by SIGKILL, $name",
  { timeout: 30_000 },
  ({ isolated, watched }) => {
    test("leaves no process, folder or group once the next start has swept", async () => {
      const seconds = uniqueSeconds();
      // Four ways to get away: a session of its own, two forks, no hang-up signal, and all of them at once.
      const line = `setsid sleep ${seconds} & (sleep ${seconds} &); nohup sleep ${seconds} >/dev/null & (setsid nohup sh -c 'sleep ${seconds} & sleep ${seconds}' >/dev/null &); sleep ${seconds}`;
      const child = hold(isolated ? "isolated" : "open", watched ? "watchdog" : "best", line);
      const pid = child.pid ?? 0;
      const sleepers = (): number => processesWith(`sleep\0${seconds}`).length;
      await until(() => sleepers() === 6);
      expect(sleepers()).toBe(6);
      // A sweep beside the living owner touches nothing of it.
      await sweepLeftovers();
      expect(sleepers()).toBe(6);
      expect(leftoversOf(pid)).not.toEqual([]);
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      if (isolated) {
        // Without any sweep.
        await until(() => sleepers() === 0);
        expect(sleepers()).toBe(0);
      }
      const { killed, removed } = await sweepLeftovers();
      expect(removed).toBeGreaterThan(0);
      // Groups are seen by every sweep of this machine, so another one may have come first.
      if (!isolated && watched) expect(killed).toBeGreaterThan(5);
      expect(processesWith(seconds)).toEqual([]);
      expect(leftoversOf(pid)).toEqual([]);
    });
  },
);

test("a sweep touches nothing of an owner it cannot see, of another user, or of another name", async () => {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  const pidSpace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0];
  const random = randomBytes(6).toString("hex");
  // Of an owner that has ended, so it would be swept if it were this user's.
  const foreign = `waggle-${boot}-${pidSpace}-4000000-1-${random}`;
  const names = [
    `waggle-00000000-1-1-1-${random}`,
    `waggle-${boot}-1-1-1-${random}`,
    `waggle-${boot}-${pidSpace}-1-1-short`,
    `waggle-test-${random}`,
    ...(process.getuid?.() === 0 ? [foreign] : []),
  ];
  for (const name of names) {
    const folder = join(tmpdir(), name);
    mkdirSync(folder);
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    if (name === foreign) chownSync(folder, 65_533, 65_533);
  }
  await sweepLeftovers();
  expect(names.filter((name) => !existsSync(join(tmpdir(), name)))).toEqual([]);
});

test("a sweep believes no record that names groups of others or a process that began at another time", async () => {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  const pidSpace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0];
  const folder = join(
    tmpdir(),
    `waggle-${boot}-${pidSpace}-4000000-1-${randomBytes(6).toString("hex")}`,
  );
  const bystander = spawn("sleep", ["60"]);
  onTestFinished(() => void bystander.kill("SIGKILL"));
  mkdirSync(folder, { mode: 0o700 });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const groups = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup", `${folder}/../group`];
  const command = { pid: bystander.pid, start: 1 };
  writeFileSync(join(folder, "record.json"), JSON.stringify({ version: 1, groups, command }));
  await sweepLeftovers();
  expect(existsSync(folder)).toBe(false);
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
});

/** False where this checkout stands below a folder that other users may not enter: they cannot even start Node. */
function isReachableByOthers(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

const isReachable = isReachableByOthers(process.execPath);

test.skipIf(isReachable)(
  "a user who is not root is not tried: others cannot enter this checkout",
  () => {
    expect(isReachable).toBe(false);
  },
);

describe.skipIf(absence !== false || process.getuid?.() !== 0 || !isReachable)(
  "a user who is not root",
  { timeout: 30_000 },
  () => {
    const run = async (
      line: string,
    ): Promise<{ readonly stdout: string; readonly end: unknown }> => {
      const child = hold("isolated", "best", line, 65_533);
      let text = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      await new Promise((resolve) => child.once("close", resolve));
      expect(leftoversOf(child.pid ?? 0)).toEqual([]);
      return JSON.parse(text) as { readonly stdout: string; readonly end: unknown };
    };

    test("gets the same walls by user namespaces", async () => {
      const { stdout, end } = await run(
        "id -u; cat /etc/shadow; grep ^CapEff /proc/self/status; ls /sys /root; touch /usr/x && echo wrote; echo $(ls -d /proc/[0-9]* | wc -l)",
      );
      expect(end).toEqual({ type: "exited", code: 0 });
      const [uid, capabilities, processes] = stdout.trim().split("\n");
      expect(uid).toBe("65533");
      expect(capabilities).toBe("CapEff:\t0000000000000000");
      expect(Number(processes)).toBeLessThan(6);
    });

    test("is safe from a bomb of forks, by the kernel's own bound behind the watchdog", async () => {
      const seconds = uniqueSeconds();
      const { end } = await run(
        `exec bash -c 'bomb() { bomb | bomb & sleep ${seconds}; }; bomb & sleep 10'`,
      );
      expect(end).toEqual({ type: "limit", limit: "processes" });
      expect(processesWith(seconds)).toEqual([]);
    });
  },
);
