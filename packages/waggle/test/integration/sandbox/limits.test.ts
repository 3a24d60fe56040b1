import { describe, expect, test } from "vitest";
import type { CommandLimits } from "../../../src/ports/sandbox.ts";
import {
  leftoversOf,
  makeFolder,
  processesWith,
  runLine,
  subjects,
  uniqueSeconds,
} from "./sandbox-fixture.ts";

const MIB = 1024 * 1024;

describe.each(subjects)("limits by $name", { timeout: 40_000 }, ({ make }) => {
  const end = async (line: string, limits: CommandLimits): Promise<unknown> => {
    const result = await runLine(await make(), makeFolder(), line, limits);
    return result.end;
  };

  test("a hanging command is killed with all it started", async () => {
    const seconds = uniqueSeconds();
    const line = `setsid sleep ${seconds} & (sleep ${seconds} &); nohup sleep ${seconds} & trap '' TERM INT HUP; sleep ${seconds}; sleep ${seconds}`;
    expect(await end(line, { wallMs: 400 })).toEqual({ type: "limit", limit: "wall" });
    expect(processesWith(seconds)).toEqual([]);
  });

  test("what a command leaves behind ends with it", async () => {
    const seconds = uniqueSeconds();
    const line = `setsid sleep ${seconds} & (sleep ${seconds} &); nohup sleep ${seconds} & sleep 0.2`;
    expect(await end(line, {})).toEqual({ type: "exited", code: 0 });
    expect(processesWith(seconds)).toEqual([]);
  });

  test("spinning processes are killed at the CPU seconds of the whole tree", async () => {
    const line = "(while :; do :; done) & (while :; do :; done) & while :; do :; done";
    expect(await end(line, { cpuSeconds: 1, wallMs: 20_000 })).toEqual({
      type: "limit",
      limit: "cpu",
    });
  });

  test("a memory eater is killed, also when the eater is not the command itself", async () => {
    const eater = `node -e 'const a = []; for (;;) a.push(Buffer.alloc(${4 * MIB}, 1))'`;
    expect(
      await end(`${eater} & sleep 30; sleep 30`, { memoryBytes: 192 * MIB, wallMs: 20_000 }),
    ).toEqual({
      type: "limit",
      limit: "memory",
    });
  });

  test.for(["sh", "bash"])("endless forks of a shell (%s) end it", async (shell) => {
    const seconds = uniqueSeconds();
    // One gives up when a fork is refused, the other tries again for ever.
    const line = `exec ${shell} -c 'while :; do sleep ${seconds} & done'`;
    expect(await end(line, { processes: 64, wallMs: 20_000 })).toEqual({
      type: "limit",
      limit: "processes",
    });
    expect(processesWith(seconds)).toEqual([]);
  });

  test("a bomb of forks is held and ends with its command", async ({ skip }) => {
    // The watchdog is outrun by what doubles faster than it looks: for the machine's sake it gets no bomb.
    if ((await make()).capabilities.limits === "watchdog") skip("limited by the watchdog");
    const seconds = uniqueSeconds();
    const line = `exec bash -c 'bomb() { bomb | bomb & sleep ${seconds}; }; bomb & sleep 0.5'`;
    // The command ends by itself, unless this machine is so slow that the bomb is given up on first.
    expect([
      { type: "exited", code: 0 },
      { type: "limit", limit: "processes" },
    ]).toContainEqual(await end(line, { processes: 64 }));
    expect(processesWith(seconds)).toEqual([]);
  });

  test("a flood of output neither blocks the command nor fills the memory", async () => {
    const line =
      "echo first; yes é | tr -d '\\n' | head -c 30000000; echo; echo last; echo done >&2";
    const result = await runLine(await make(), makeFolder(), line, { outputBytes: 4096 });
    expect(result.end).toEqual({ type: "exited", code: 0 });
    expect(result.outputTruncated).toBe(true);
    expect(Buffer.byteLength(result.stdout)).toBeLessThan(4096 + 100);
    expect(result.stdout).toMatch(/^first\n/);
    expect(result.stdout).toMatch(/\n\.\.\. \d{8} bytes cut \.\.\.\n/);
    expect(result.stdout).toMatch(/\nlast\n$/);
    expect(result.stderr).toBe("done\n");
  });

  test("an endless flood ends at the wall", async () => {
    const result = await runLine(await make(), makeFolder(), "yes", {
      wallMs: 300,
      outputBytes: 100,
    });
    expect(result.end).toEqual({ type: "limit", limit: "wall" });
    expect(result.outputTruncated).toBe(true);
  });

  test("a command within its limits is left alone", async () => {
    const line = `node -e 'Buffer.alloc(${20 * MIB}, 1); process.exitCode = 3'`;
    expect(await end(line, { memoryBytes: 256 * MIB, cpuSeconds: 20, processes: 32 })).toEqual({
      type: "exited",
      code: 3,
    });
  });

  test("nothing is left of any of it", () => {
    expect(leftoversOf(process.pid)).toEqual([]);
  });
});
