import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { nodeWorkspace } from "../../../src/adapters/node/index.ts";
import type { RuntimeError } from "../../../src/core/errors.ts";

const workspace = nodeWorkspace();
const codeOf = (error: unknown): string => (error as RuntimeError).code;

function makeFolder(files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "waggle-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const pathsOf = async (folder: string, limit?: number): Promise<string[]> =>
  (await workspace.list(folder, limit === undefined ? {} : { limit })).files.map(
    (file) => file.path,
  );

test("lists every file with its size, in code-unit order of whole paths", async () => {
  const folder = makeFolder({
    "b.txt": "12",
    "a/z.txt": "1",
    "a.txt": "",
    "a-b/c": "123",
    Z: "é",
    ".hidden": "x",
  });
  expect(await workspace.list(folder)).toEqual({
    files: [
      { path: ".hidden", sizeBytes: 1 },
      { path: "Z", sizeBytes: 2 },
      { path: "a-b/c", sizeBytes: 3 },
      { path: "a.txt", sizeBytes: 0 },
      { path: "a/z.txt", sizeBytes: 1 },
      { path: "b.txt", sizeBytes: 2 },
    ],
    skippedFolders: [],
    unreadable: [],
    truncated: false,
  });
});

test("leaves out packages, histories and the ledger, at any depth, and says so", async () => {
  const folder = makeFolder({
    "node_modules/a/index.js": "",
    "x/node_modules/b.js": "",
    ".git/HEAD": "",
    ".hg/a": "",
    ".svn/a": "",
    ".waggle/db": "",
    "x/.gitignore": "",
  });
  const listing = await workspace.list(folder);
  expect(listing.files.map((file) => file.path)).toEqual(["x/.gitignore"]);
  expect(listing.skippedFolders).toEqual([
    ".git",
    ".hg",
    ".svn",
    ".waggle",
    "node_modules",
    "x/node_modules",
  ]);
});

test("a cut listing is the first part of the whole one", async () => {
  const folder = makeFolder(
    Object.fromEntries(["a.txt", "a/1", "a/2", "a-x/1", "b", "c/d/e"].map((path) => [path, ""])),
  );
  const whole = await pathsOf(folder);
  for (let limit = 1; limit <= whole.length; limit++) {
    const part = await workspace.list(folder, { limit });
    expect(part.files.map((file) => file.path)).toEqual(whole.slice(0, limit));
    expect(part.truncated).toBe(limit < whole.length);
  }
});

test("links to files inside are listed and read; all others lead nowhere", async () => {
  const outside = makeFolder({ "secret.txt": "canary" });
  const folder = makeFolder({ "real/a.txt": "inside" });
  symlinkSync("real/a.txt", join(folder, "link.txt"));
  symlinkSync("real", join(folder, "folder-link"));
  symlinkSync(".", join(folder, "loop"));
  symlinkSync("self", join(folder, "self"));
  symlinkSync("nothing", join(folder, "dangling"));
  symlinkSync(join(outside, "secret.txt"), join(folder, "outside.txt"));
  symlinkSync(outside, join(folder, "outside"));
  symlinkSync("/dev/zero", join(folder, "zero"));
  const listing = await workspace.list(folder);
  expect(listing.files).toEqual([
    { path: "link.txt", sizeBytes: 6 },
    { path: "real/a.txt", sizeBytes: 6 },
  ]);
  expect(await workspace.readText(folder, "link.txt")).toBe("inside");
  expect(await workspace.readText(folder, "folder-link/a.txt")).toBe("inside");
  for (const path of [
    "outside.txt",
    "outside/secret.txt",
    "zero",
    "../x",
    "/etc/passwd",
    "real/../../x",
  ]) {
    expect(await workspace.readText(folder, path)).toBeNull();
    expect(await workspace.exists(folder, path)).toBe(false);
  }
  expect(await workspace.exists(folder, "link.txt")).toBe(true);
  expect(await workspace.exists(folder, "folder-link")).toBe(true);
  expect(await workspace.exists(folder, "dangling")).toBe(false);
  expect(await workspace.exists(folder, "self")).toBe(false);
});

test("no path, however made, reads a file outside of the root", async () => {
  const parent = makeFolder({
    secret: "canary",
    "root/a/b.txt": "inside",
    "root/secret": "inside",
  });
  const root = join(parent, "root");
  symlinkSync("..", join(root, "up"));
  symlinkSync(parent, join(root, "a/out"));
  symlinkSync("../../root", join(root, "a/round"));
  const part = fc.constantFrom(
    "..",
    ".",
    "a",
    "up",
    "out",
    "round",
    "root",
    "secret",
    "b.txt",
    "",
    parent,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 7 }), async (parts) => {
      const text = await workspace.readText(root, parts.join("/")).catch(codeOf);
      expect(["inside", "NOT_FOUND", null]).toContain(text);
    }),
    { numRuns: 500, seed: 7 },
  );
});

test("text is read as it is; what is no text or too long is null", async () => {
  const folder = makeFolder({
    "a.txt": "\uFEFFgrüße\r\n",
    empty: "",
    "zero.bin": Buffer.from([65, 0, 66]),
    "latin.txt": Buffer.from([0x67, 0xfc]),
    "long.txt": "x".repeat(11),
  });
  expect(await workspace.readText(folder, "a.txt")).toBe("\uFEFFgrüße\r\n");
  expect(await workspace.readText(folder, "empty")).toBe("");
  expect(await workspace.readText(folder, "zero.bin")).toBeNull();
  expect(await workspace.readText(folder, "latin.txt")).toBeNull();
  expect(await workspace.readText(folder, "long.txt", { maxBytes: 10 })).toBeNull();
  expect(await workspace.readText(folder, "long.txt", { maxBytes: 11 })).toBe("x".repeat(11));
});

test("what is no file cannot be read, and does not hold the call", async () => {
  const folder = makeFolder({ "d/a": "" });
  execFileSync("sh", ["-c", "mkfifo pipe"], { cwd: folder });
  expect(await pathsOf(folder)).toEqual(["d/a"]);
  for (const path of ["missing", "d", "pipe", "d/a/b", "", "x".repeat(300), "a\0b"]) {
    await expect(workspace.readText(folder, path)).rejects.toSatisfy(
      (error) => codeOf(error) === "NOT_FOUND",
    );
  }
});

test("a root that is missing, a file or relative is refused", async () => {
  const folder = makeFolder({ a: "" });
  for (const root of [join(folder, "none"), join(folder, "a")]) {
    await expect(workspace.list(root)).rejects.toSatisfy((error) => codeOf(error) === "NOT_FOUND");
    expect(await workspace.exists(root, "a")).toBe(false);
  }
  await expect(workspace.list("relative")).rejects.toSatisfy((error) => codeOf(error) === "USAGE");
  await expect(workspace.list(folder, { limit: 0 })).rejects.toSatisfy(
    (error) => codeOf(error) === "USAGE",
  );
});

test.skipIf(process.getuid?.() !== 0)("what may not be read is told with the reason", async () => {
  const folder = makeFolder({ "a.txt": "a", "secret.txt": "s", "shut/b.txt": "b" });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, "secret.txt"), 0o000);
  chmodSync(join(folder, "shut"), 0o000);
  const program = fileURLToPath(import.meta.resolve("./list-folder.ts"));
  // Root that must obey modes: another user might not even reach this checkout.
  const powers = "-dac_override,-dac_read_search";
  const node = [process.execPath, "--conditions=waggle-source", program];
  const run = (root: string): string =>
    execFileSync("setpriv", ["--bounding-set", powers, "--", ...node, root], {
      encoding: "utf8",
      stdio: "pipe",
    });
  expect(JSON.parse(run(folder))).toEqual({
    listing: {
      files: [{ path: "a.txt", sizeBytes: 1 }],
      skippedFolders: [],
      unreadable: [
        { path: "secret.txt", reason: "EACCES" },
        { path: "shut", reason: "EACCES" },
      ],
      truncated: false,
    },
    reading: "NOT_FOUND",
  });
  expect(() => run(join(folder, "shut"))).toThrow(/NOT_FOUND|cannot be read/);
});

test("a folder that changes under the walk neither breaks it nor leads it out", {
  timeout: 30_000,
}, async () => {
  const outside = makeFolder({ "secret.txt": "canary" });
  const folder = makeFolder({ "stays.txt": "" });
  let isOver = false;
  onTestFinished(async () => {
    isOver = true;
    await churn;
  });
  const churn = (async () => {
    for (let i = 0; !isOver; i++) {
      const at = join(folder, `d${i % 5}`);
      rmSync(at, { recursive: true, force: true });
      if (i % 3 === 0) symlinkSync(outside, at);
      else {
        mkdirSync(join(at, "x"), { recursive: true });
        writeFileSync(join(at, "x/f.txt"), "");
        if (i % 2 === 0) renameSync(join(at, "x"), join(at, "y"));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let i = 0; i < 100; i++) {
    const listing = await workspace.list(folder);
    expect(listing.files.map((file) => file.path)).toContain("stays.txt");
    expect(listing.files.filter((file) => file.path.includes("secret"))).toEqual([]);
  }
});

test("a deep and a wide folder are listed, and an abort stops the walk", async () => {
  const folder = makeFolder();
  const deep = Array.from({ length: 200 }, () => "d").join("/");
  mkdirSync(join(folder, deep), { recursive: true });
  writeFileSync(join(folder, deep, "end.txt"), "");
  for (let i = 0; i < 1500; i++) writeFileSync(join(folder, `f${i}`), "");
  expect((await pathsOf(folder)).length).toBe(1501);
  const abort = new AbortController();
  const listing = workspace.list(folder, { signal: abort.signal });
  abort.abort("enough");
  await expect(listing).rejects.toBe("enough");
});

test("a name that is not UTF-8 is told, not dropped", async () => {
  const folder = makeFolder();
  execFileSync("sh", ["-c", "printf x > \"$(printf 'bad\\377name')\""], { cwd: folder });
  const { files, unreadable } = await workspace.list(folder);
  expect(files).toEqual([]);
  expect(unreadable).toEqual([{ path: "bad\uFFFDname", reason: "name is not UTF-8" }]);
});
