import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { unisolatedSandbox } from "../../../src/adapters/node/index.ts";
import type { RuntimeError } from "../../../src/core/errors.ts";
import type { Sandbox } from "../../../src/ports/sandbox.ts";
import { absence, leftoversOf, makeFolder, makeSandbox, runLine } from "./sandbox-fixture.ts";

const codeOf = (error: unknown): string => (error as RuntimeError).code;
const sandbox: Sandbox = absence === false ? await makeSandbox(true) : await unisolatedSandbox();
const printed = async (folder: string, line: string): Promise<string> =>
  (await runLine(sandbox, folder, line)).stdout;

test("files, folders, rights and links are copied; history and ledger are not", async () => {
  const folder = makeFolder({
    "a/b.txt": "b",
    ".hidden": "h",
    ".git/HEAD": "g",
    "a/.git": "g",
    ".waggle/x.db": "w",
    "run.sh": "#!/bin/sh\necho ran",
  });
  chmodSync(join(folder, "run.sh"), 0o755);
  symlinkSync("a/b.txt", join(folder, "inner"));
  mkdirSync(join(folder, "empty"));
  const listed = await printed(folder, "find . -mindepth 1 | sort; cat a/b.txt inner; ./run.sh");
  expect(listed.split("\n")).toEqual([
    "./.hidden",
    "./a",
    "./a/b.txt",
    "./empty",
    "./inner",
    "./run.sh",
    "bbran",
    "",
  ]);
});

test("pipes, sockets and loops are no trap", async () => {
  const folder = makeFolder({ "a.txt": "a" });
  execFileSync("sh", ["-c", "mkfifo pipe"], { cwd: folder });
  symlinkSync("loop", join(folder, "loop"));
  symlinkSync(".", join(folder, "self"));
  symlinkSync("/", join(folder, "outside"));
  expect(await printed(folder, "ls; cat a.txt")).toBe("a.txt\nloop\noutside\nself\na");
});

test("a file without rights to write is writable in the copy", async () => {
  const folder = makeFolder({ "locked/a.txt": "a" });
  chmodSync(join(folder, "locked/a.txt"), 0o400);
  chmodSync(join(folder, "locked"), 0o500);
  onTestFinished(() => chmodSync(join(folder, "locked"), 0o700));
  expect(
    await printed(folder, "echo new > locked/a.txt; echo b > locked/b.txt; cat locked/*"),
  ).toBe("new\nb\n");
});

test("set-user-id does not survive the copy", async () => {
  const folder = makeFolder({ tool: "#!/bin/sh\n" });
  chmodSync(join(folder, "tool"), 0o6755);
  expect(await printed(folder, "stat -c %a tool")).toBe("755\n");
});

test("packages are copied when they are to be written", async () => {
  const folder = makeFolder({ "node_modules/dep/index.js": "1" });
  await using session = await sandbox.open(folder, { writableModules: true });
  const line = "echo 2 > node_modules/dep/index.js && cat node_modules/dep/index.js";
  expect((await session.run({ argv: ["sh", "-c", line] })).stdout).toBe("2\n");
});

test("a folder over the size limit is refused and nothing is left", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "big"), "");
  truncateSync(join(folder, "big"), 2000);
  await expect(sandbox.open(folder, { maxCopyBytes: 1999 })).rejects.toSatisfy(
    (e) => codeOf(e) === "VALUE_TOO_LARGE",
  );
  expect(leftoversOf(process.pid)).toEqual([]);
  await using session = await sandbox.open(folder, { maxCopyBytes: 2000 });
  expect((await session.run({ argv: ["stat", "-c", "%s", "big"] })).stdout).toBe("2000\n");
});

test("a folder that is missing, a file, or the whole machine is refused and nothing is left", async () => {
  const folder = makeFolder({ "a.txt": "" });
  for (const path of [join(folder, "none"), join(folder, "a.txt")]) {
    await expect(sandbox.open(path)).rejects.toSatisfy((e) => codeOf(e) === "NOT_FOUND");
  }
  for (const path of ["/", "/tmp", "relative"]) {
    await expect(sandbox.open(path)).rejects.toSatisfy((e) => codeOf(e) === "USAGE");
  }
  expect(leftoversOf(process.pid)).toEqual([]);
});

test("an aborted copy leaves nothing", async () => {
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, "x"]));
  const folder = makeFolder(files);
  const reason = new Error("enough");
  for (const turns of [0, 1, 3, 10, 30]) {
    const abort = new AbortController();
    const opening = sandbox.open(folder, { signal: abort.signal });
    const settled = expect(opening).rejects.toBe(reason);
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    abort.abort(reason);
    await settled;
  }
  expect(leftoversOf(process.pid)).toEqual([]);
});
