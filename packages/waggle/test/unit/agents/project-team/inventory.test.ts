import { expect, test } from "vitest";
import type { Finding } from "../../../../src/agents/project-team/finding.ts";
import { ProjectFiles } from "../../../../src/agents/project-team/folder/project-files.ts";
import { takeInventory } from "../../../../src/agents/project-team/researcher/inventory.ts";
import { type MemoryFile, memoryWorkspace, ROOT } from "./memory-workspace.ts";

async function inventory(
  files: Readonly<Record<string, MemoryFile>>,
): ReturnType<typeof takeInventory> {
  const signal = new AbortController().signal;
  return takeInventory(await ProjectFiles.open(memoryWorkspace(files), ROOT, signal));
}

const titles = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ severity, title, file, line }) => `${severity}: ${title} @${file}:${line}`);

async function seen(files: Readonly<Record<string, MemoryFile>>): Promise<readonly string[]> {
  const all = titles((await inventory(files)).findings);
  return all.filter((title) => !/engines is not set|no README|no licence/.test(title));
}

test("counts files, lines and bytes by language, without lock files", async () => {
  const found = await inventory({
    "a.js": "one\ntwo\n",
    "b.ts": "one\ntwo",
    "c.mjs": "",
    "README.md": "# x\n",
    "package-lock.json": "{\n\n}\n",
    "logo.png": "binary\0",
  });
  expect(found.languages).toEqual([
    { name: "JavaScript", files: 2, lines: 2, sizeBytes: 8 },
    { name: "TypeScript", files: 1, lines: 2, sizeBytes: 7 },
    { name: "Markdown", files: 1, lines: 1, sizeBytes: 4 },
  ]);
  expect(found).toMatchObject({ fileCount: 6, lines: 5, projectKinds: [], manifest: null });
});

test("finds nothing to say about an empty folder but that it is empty", async () => {
  expect(await inventory({})).toMatchObject({ fileCount: 0, findings: [], notDone: [] });
});

test.each([
  ["pyproject.toml", "python"],
  ["go.mod", "go"],
  ["Cargo.toml", "rust"],
  ["pom.xml", "java"],
  ["composer.json", "php"],
])("recognises a project by %s", async (name, kind) => {
  expect((await inventory({ [name]: "x", "sub/package.json": "{}" })).projectKinds).toEqual([kind]);
});

test("gives the place where package.json stops being JSON", async () => {
  const text = '{\n  "name": "x",\n  "version" "1"\n}\n';
  const found = await inventory({ "package.json": text });
  const [finding] = found.findings;
  expect(finding).toMatchObject({
    severity: "high",
    category: "syntax",
    file: "package.json",
    line: 3,
    detail: expect.stringContaining("line 3, column 13"),
  });
  expect(found.manifest).toBeNull();
});

test.each([
  ["[]", "it holds no object", 1],
  ['{\n"a": 1,\n', "", 3],
  ["", "", 1],
])("calls %j a broken package.json", async (text, reason, line) => {
  const { findings } = await inventory({ "package.json": text });
  expect(findings[0]).toMatchObject({ category: "syntax", line });
  expect(findings[0]?.detail).toContain(reason);
});

test("takes a package.json with a byte order mark as npm does", async () => {
  const { manifest } = await inventory({ "package.json": '\ufeff{ "name": "x" }' });
  expect(manifest?.name).toBe("x");
});

test("checks every entry point as Node resolves it", async () => {
  const { entryPoints } = await inventory({
    "package.json": JSON.stringify({
      main: "lib",
      types: "./types.d.ts",
      bin: { cli: "bin/cli.js" },
      exports: {
        ".": { import: "./lib/index.js", require: null },
        "./sub/*": "./lib/sub/*.js",
        "./none/*": "./none/*.js",
        "./out": "../out.js",
      },
    }),
    "lib/index.js": "x",
    "lib/sub/a.js": "x",
  });
  expect(entryPoints.map(({ field, state }) => [field, state])).toEqual([
    ["main", "found"],
    ["types", "missing"],
    ["bin.cli", "missing"],
    ['exports["."].import', "found"],
    ['exports["./sub/*"]', "found"],
    ['exports["./none/*"]', "missing"],
    ['exports["./out"]', "outside"],
  ]);
});

test("does not blame a folder that a build makes, nor a main that Node replaces", async () => {
  const built = JSON.stringify({ main: "dist/index.js", scripts: { build: "tsc" } });
  expect(await seen({ "package.json": built })).toEqual([
    "info: main names a file that is not there: dist/index.js @package.json:null",
  ]);
  expect(await seen({ "package.json": '{ "main": "gone.js" }', "index.js": "x" })).toEqual([
    "medium: main names a file that is not there: gone.js @package.json:null",
  ]);
});

test("finds scripts that run missing files, not those after cd or in built folders", async () => {
  const scripts = {
    gone: "node --enable-source-maps scripts/gone.mjs && echo",
    there: "node scripts/there.js",
    moved: "cd sub && node gone.js",
    built: "node dist/x.js",
    flag: "node -e '1'",
  };
  expect(
    await seen({ "package.json": JSON.stringify({ scripts }), "scripts/there.js": "x" }),
  ).toEqual([
    "medium: script 'gone' runs a file that is not there: scripts/gone.mjs @package.json:null",
  ]);
});

test("finds merge conflicts by all three markers, not headings or fixtures", async () => {
  const conflict = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n";
  expect(
    await seen({
      "src/a.js": conflict,
      "docs/git.md": conflict,
      "test/fixtures/b.js": conflict,
      "src/c.js": "// <<<<<<< HEAD\n",
      "src/d.yml": "Title\n=======\n",
    }),
  ).toEqual(["high: a merge conflict is not resolved @src/a.js:2"]);
});

test("finds files with secrets unless .gitignore covers them", async () => {
  const files = { ".env": "A=1", ".env.local": "B=1", ".env.example": "A=", "deep/.env": "C=1" };
  expect(await seen(files)).toEqual([
    "medium: a file that usually holds secrets is not ignored @.env:null",
    "medium: a file that usually holds secrets is not ignored @.env.local:null",
    "medium: a file that usually holds secrets is not ignored @deep/.env:null",
  ]);
  expect(await seen({ ...files, ".gitignore": "node_modules\n.env*\n" })).toEqual([]);
});

test("finds private keys outside of tests", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nabc\n";
  expect(
    await seen({
      "server.key": key,
      "test/keys/x.pem": key,
      "public.pem": "-----BEGIN PUBLIC KEY",
    }),
  ).toEqual(["medium: a private key lies in the project @server.key:null"]);
});

test("names empty test files, very large files and what cannot be read", async () => {
  const found = await inventory({
    "test/empty.test.js": "// later\n",
    "data.bin": { sizeBytes: 6 * 1024 * 1024 },
    "huge.js": { sizeBytes: 2 * 1024 * 1024 },
    "locked/x.js": { unreadable: "permission denied" },
  });
  expect(titles(found.findings)).toEqual([
    "low: a test file is empty @test/empty.test.js:null",
    "low: a very large file @data.bin:null",
    "low: something could not be read @locked/x.js:null",
    "low: no README @null:null",
  ]);
  expect(found.notDone).toEqual(["1 file was not read (too large: huge.js)"]);
});

test("asks for a licence of packages that are not private, and for a lock file where there are dependencies", async () => {
  const open = await inventory({ "package.json": '{ "dependencies": { "a": "1" } }' });
  expect(titles(open.findings)).toEqual([
    "low: no README @null:null",
    "low: no licence @null:null",
    "info: engines is not set @null:null",
    "info: no lock file @null:null",
  ]);
  const closed = await inventory({ "package.json": '{ "private": true }', "readme.MD": "x" });
  expect(titles(closed.findings)).toEqual(["info: engines is not set @null:null"]);
});
