import { expect, test } from "vitest";
import { ProjectFiles } from "../../../../src/agents/project-team/folder/project-files.ts";
import { analyseDependencies } from "../../../../src/agents/project-team/researcher/dependencies.ts";
import { type MemoryFile, memoryWorkspace, ROOT } from "./memory-workspace.ts";

async function analyse(
  files: Readonly<Record<string, MemoryFile>>,
): ReturnType<typeof analyseDependencies> {
  const signal = new AbortController().signal;
  return analyseDependencies(await ProjectFiles.open(memoryWorkspace(files), ROOT, signal));
}

const manifest = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify(fields);

const uses = (report: Awaited<ReturnType<typeof analyse>>): Readonly<Record<string, string>> =>
  Object.fromEntries(report.declared.map(({ name, use }) => [name, use]));

test("finds what is used and not declared, graded by where it is used", async () => {
  const report = await analyse({
    "package.json": manifest({ name: "own", dependencies: { used: "1" } }),
    "src/a.js": `
      import "used"; import "missing-in-source"; import "own/sub"; import "#alias"; import "node:fs"; import "path";
      try { require("optional-thing") } catch {}`,
    "test/a.test.js": 'import "missing-in-test"; import "missing-in-source";',
    "benchmark/b.js": 'import "missing-in-benchmark";',
    "test/fixtures/f.js": 'import "fixture-only";',
    "node_modules/missing-in-test/package.json": "{}",
  });
  expect(
    report.undeclared.map(({ name, file, role, uses: n, isOptional, isInstalled }) => [
      name,
      file,
      role,
      n,
      isOptional,
      isInstalled,
    ]),
  ).toEqual([
    ["missing-in-benchmark", "benchmark/b.js", "tooling", 1, false, false],
    ["missing-in-source", "src/a.js", "source", 2, false, false],
    ["missing-in-test", "test/a.test.js", "test", 1, false, true],
    ["optional-thing", "src/a.js", "source", 1, true, false],
  ]);
  const severities = report.findings
    .filter((finding) => finding.title.endsWith("is used but not declared"))
    .map((finding) => finding.severity);
  expect(severities).toEqual(["high", "medium", "low", "low"]);
  expect(report.builtins).toEqual(["fs", "path"]);
});

test("takes aliases of tsconfig, folders below baseUrl and bundler aliases for no packages", async () => {
  const report = await analyse({
    "package.json": manifest({ name: "own" }),
    "tsconfig.json": `{
      // comment
      "compilerOptions": { "baseUrl": "src", "paths": { "@app/*": ["./x/*"], "shared": ["./s"], }, },
    }`,
    "vite.config.js": 'export default { resolve: { alias: { assets: "./a" } } };',
    "src/components/a.ts": "export const a = 1;",
    "src/b.ts":
      'import "@app/core"; import "shared"; import "components/a"; import "assets/x.svg"; import "real";',
  });
  expect(report.undeclared.map((item) => item.name)).toEqual(["real"]);
});

test("accepts packages declared in the manifest of the file's own folder or above it", async () => {
  const report = await analyse({
    "package.json": manifest({
      name: "root",
      workspaces: ["packages/*"],
      devDependencies: { tool: "1" },
    }),
    "packages/a/package.json": manifest({ name: "@w/a", dependencies: { inner: "1" } }),
    "packages/a/src/x.js": 'import "inner"; import "tool"; import "@w/b";',
    "packages/b/package.json": manifest({ name: "@w/b" }),
    "packages/b/src/y.js": 'import "inner";',
    "node_modules/inner/package.json": "{}",
  });
  expect(report.undeclared.map(({ name, file }) => [name, file])).toEqual([
    ["inner", "packages/b/src/y.js"],
  ]);
  expect(report.manifests.map((item) => item.path)).toEqual([
    "package.json",
    "packages/a/package.json",
    "packages/b/package.json",
  ]);
  expect(report.declared.find((item) => item.name === "inner")?.isInstalled).toBe(true);
});

test("calls unused only what no script, configuration or code names", async () => {
  const report = await analyse({
    "package.json": manifest({
      name: "own",
      scripts: { lint: "eslint .", build: "tsc -p ." },
      prettier: "prettier-config-x",
      dependencies: { "not-used": "1", imported: "1" },
      devDependencies: {
        eslint: "1",
        typescript: "5",
        "@types/node": "1",
        "prettier-config-x": "1",
        "eslint-plugin-import": "1",
        tap: "1",
        "not-used-dev": "1",
        "with-command": "1",
        "peer-of-eslint": "1",
      },
    }),
    ".eslintrc.json": '{ "plugins": ["import"] }',
    ".taprc": "coverage: false",
    "README.md": "We love not-used.",
    Makefile: "all:\n\tthe-command run",
    "src/a.js": '// nothing named not\nimport "imported";',
    "node_modules/eslint/package.json": manifest({ peerDependencies: { "peer-of-eslint": "*" } }),
    "node_modules/with-command/package.json": manifest({ bin: { "the-command": "x.js" } }),
  });
  expect(uses(report)).toEqual({
    "@types/node": "implied",
    eslint: "mentioned",
    "eslint-plugin-import": "mentioned",
    imported: "imported",
    "not-used": "nowhere",
    "not-used-dev": "nowhere",
    "peer-of-eslint": "implied",
    "prettier-config-x": "mentioned",
    tap: "mentioned",
    typescript: "mentioned",
    "with-command": "mentioned",
  });
});

test("tells an installation that is missing from one that is incomplete", async () => {
  const files = {
    "package.json": manifest({ dependencies: { a: "1", b: "1" } }),
    "i.js": 'import "a"; import "b";',
  };
  const severity = async (more: Readonly<Record<string, string>>): Promise<unknown> => {
    const { findings } = await analyse({ ...files, ...more });
    return findings.map((finding) => [finding.severity, finding.title]);
  };
  expect(await severity({})).toEqual([["info", "2 of 2 declared dependencies are not installed"]]);
  expect(await severity({ "node_modules/a/package.json": "{}" })).toEqual([
    ["medium", "1 of 2 declared dependencies is not installed"],
  ]);
});

test("finds shipped code that loads a development dependency, by following the entry points", async () => {
  const files = {
    "package.json": manifest({ main: "index.js", devDependencies: { dev: "1", other: "1" } }),
    "index.js": 'require("./lib/a");',
    "lib/a.js": 'require("dev");',
    "lib/not-reached.js": 'require("other");',
  };
  expect((await analyse(files)).shippedDev).toEqual([{ name: "dev", file: "lib/a.js", line: 1 }]);
  const bundled = manifest({ main: "index.js", devDependencies: { dev: "1", vite: "1" } });
  expect((await analyse({ ...files, "package.json": bundled })).shippedDev).toEqual([]);
});

test("says that a broken package.json keeps it from looking for undeclared packages", async () => {
  const report = await analyse({ "package.json": "{ broken", "a.js": 'import "x";' });
  expect(report.undeclared).toEqual([]);
  expect(report.notDone).toEqual([
    "undeclared packages were not looked for, because a package.json is broken",
  ]);
});

test("takes a name from the prototype of objects for an ordinary name", async () => {
  const report = await analyse({
    "package.json": manifest({ dependencies: { constructor: "1" } }),
    "a.js": 'import "constructor"; import "hasownproperty"; import "toString";',
  });
  expect(report.undeclared.map((item) => item.name)).toEqual(["hasownproperty", "toString"]);
  expect(report.declared.map((item) => item.use)).toEqual(["imported"]);
});
