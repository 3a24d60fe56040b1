import { describe, expect, test } from "vitest";
import type { RuntimeError } from "../../../src/core/errors.ts";
import {
  leftoversOf,
  makeFolder,
  makeSandbox,
  processesWith,
  runLine,
  subjects,
  uniqueSeconds,
  until,
} from "./sandbox-fixture.ts";

const codeOf = (error: unknown): string => (error as RuntimeError).code;

describe.each(subjects)("commands by $name", { timeout: 30_000 }, ({ make, isolated }) => {
  test("exit codes and signals are told apart", async () => {
    await using session = await (await make()).open(makeFolder());
    const end = async (line: string): Promise<unknown> =>
      (await session.run({ argv: ["sh", "-c", line] })).end;
    expect(await end("exit 0")).toEqual({ type: "exited", code: 0 });
    expect(await end("exit 7")).toEqual({ type: "exited", code: 7 });
    expect(await end("exit 127")).toEqual({ type: "exited", code: 127 });
    expect(await end("kill -TERM $$")).toEqual({ type: "signaled", signal: "SIGTERM" });
    expect(await end("kill -KILL $$")).toEqual({ type: "signaled", signal: "SIGKILL" });
  });

  test("a program that is not there or is none is unstartable", async () => {
    await using session = await (await make()).open(makeFolder({ "plain.txt": "text" }));
    for (const program of ["no-such-program", "./missing", "./plain.txt", "/usr", "cd"]) {
      const { end } = await session.run({ argv: [program, "x"] });
      expect(end).toEqual({ type: "unstartable", reason: expect.stringContaining(`'${program}'`) });
    }
  });

  test("arguments reach the program as they are", async () => {
    const odd = ["", " ", "'", '"', "$HOME", "a\nb", "*", "--", "-e", "=", "\\", "ünï", "`id`"];
    await using session = await (await make()).open(makeFolder());
    const script = "console.log(JSON.stringify(process.argv.slice(1)))";
    const { stdout } = await session.run({ argv: ["node", "-e", script, "--", ...odd] });
    expect(JSON.parse(stdout)).toEqual(odd);
  });

  test("a program whose name looks like an option or an assignment is started", async () => {
    const folder = makeFolder({ "a=b": "#!/bin/sh\necho $1\n", "-x": "#!/bin/sh\necho $1\n" });
    await using session = await (await make()).open(folder);
    await session.run({ argv: ["chmod", "755", "./a=b", "./-x"] });
    expect((await session.run({ argv: ["./a=b", "1"] })).stdout).toBe("1\n");
    expect((await session.run({ argv: ["a=b", "2"], env: { PATH: ".:/bin" } })).stdout).toBe("2\n");
    expect((await session.run({ argv: ["-x", "3"], env: { PATH: ".:/bin" } })).stdout).toBe("3\n");
  });

  test("the tests of a small project run by node and by npm", async () => {
    const folder = makeFolder({
      "package.json": JSON.stringify({
        name: "tiny",
        version: "1.0.0",
        scripts: { test: "node --test" },
      }),
      "tiny.test.js":
        'const test = require("node:test"); test("adds", () => require("node:assert").equal(1 + 1, 2));',
    });
    await using session = await (await make()).open(folder);
    for (const argv of [
      ["node", "--test"],
      ["npm", "test"],
    ] as const) {
      const result = await session.run({ argv });
      expect(result.stdout + result.stderr).toContain("pass 1");
      expect(result.end).toEqual({ type: "exited", code: 0 });
    }
    const npx = await session.run({ argv: ["npx", "--version"] });
    expect(npx.stdout).toMatch(/^\d+\./);
  });

  test("a project sees itself under the path it has outside, if there are walls", async () => {
    const folder = makeFolder();
    const { stdout } = await runLine(await make(), folder, "pwd");
    expect(stdout.trim() === folder).toBe(isolated);
  });

  test("abort kills the tree and gives its reason", async () => {
    const seconds = uniqueSeconds();
    const abort = new AbortController();
    await using session = await (await make()).open(makeFolder());
    const line = `setsid sleep ${seconds} & (sleep ${seconds} &) ; sleep ${seconds}`;
    const running = session.run({ argv: ["sh", "-c", line] }, { signal: abort.signal });
    const settled = expect(running).rejects.toBe("enough");
    await until(() => processesWith(seconds).length >= 3);
    abort.abort("enough");
    await settled;
    expect(processesWith(seconds)).toEqual([]);
    expect((await session.run({ argv: ["echo", "again"] })).stdout).toBe("again\n");
  });

  test("abort at any moment of the start leaves nothing", async () => {
    const seconds = uniqueSeconds();
    await using session = await (await make()).open(makeFolder());
    for (const ms of [0, 1, 2, 3, 4, 5, 6, 8, 10, 12]) {
      const abort = new AbortController();
      setTimeout(() => abort.abort("enough"), ms);
      const command = { argv: ["setsid", "-w", "sleep", seconds] } as const;
      await expect(session.run(command, { signal: abort.signal })).rejects.toBe("enough");
      expect(processesWith(seconds)).toEqual([]);
    }
  });

  test("a second command at the same time is refused, and the first goes on", async () => {
    await using session = await (await make()).open(makeFolder());
    const first = session.run({ argv: ["sleep", "0.2"] });
    await expect(session.run({ argv: ["true"] })).rejects.toSatisfy((e) => codeOf(e) === "USAGE");
    expect((await first).end).toEqual({ type: "exited", code: 0 });
  });

  test("closing kills what runs, and a closed session runs nothing", async () => {
    const seconds = uniqueSeconds();
    const session = await (await make()).open(makeFolder());
    const running = session.run({ argv: ["sleep", seconds] });
    const settled = expect(running).rejects.toSatisfy((e) => codeOf(e) === "CLOSED");
    await until(() => processesWith(seconds).length > 0);
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await settled;
    expect(processesWith(seconds)).toEqual([]);
    await expect(session.run({ argv: ["true"] })).rejects.toSatisfy((e) => codeOf(e) === "CLOSED");
  });

  test("sessions side by side do not disturb each other", async () => {
    const sandbox = await make();
    const folder = makeFolder({ "n.txt": "0" });
    const one = async (n: number): Promise<string> => {
      await using session = await sandbox.open(folder);
      const line = `echo ${n} > n.txt; sleep 0.2; cat n.txt`;
      return (await session.run({ argv: ["sh", "-c", line] })).stdout.trim();
    };
    const killed = runLine(sandbox, folder, "while :; do :; done", { wallMs: 100 });
    expect(await Promise.all([1, 2, 3, 4, 5].map(one))).toEqual(["1", "2", "3", "4", "5"]);
    expect((await killed).end).toEqual({ type: "limit", limit: "wall" });
  });

  test("a folder tree that is too deep for paths, and folders without rights, are removed", async () => {
    const sandbox = await make();
    const session = await sandbox.open(makeFolder());
    const script = `const { chmodSync, mkdirSync } = require("fs"); const name = "d".repeat(100);
      mkdirSync("shut/in", { recursive: true }); chmodSync("shut", 0);
      for (let i = 0; i < 60; i++) { mkdirSync(name); process.chdir(name); }`;
    const { end } = await session.run({ argv: ["node", "-e", script] });
    expect(end).toEqual({ type: "exited", code: 0 });
    await session[Symbol.asyncDispose]();
    expect(leftoversOf(process.pid)).toEqual([]);
  });

  test("limits and names that make no sense are refused", async () => {
    await using session = await (await make()).open(makeFolder());
    for (const command of [
      { argv: ["true"] as const, limits: { wallMs: 0 } },
      { argv: ["true"] as const, limits: { memoryBytes: Number.NaN } },
      { argv: ["a\0b"] as const },
      { argv: [""] as const },
      { argv: ["true"] as const, env: { "A=B": "1" } },
    ]) {
      await expect(session.run(command)).rejects.toSatisfy((e) => codeOf(e) === "USAGE");
    }
  });
});

test("the sandbox without walls says so", async () => {
  expect((await makeSandbox(false)).capabilities.isolation).toBe("none");
});
