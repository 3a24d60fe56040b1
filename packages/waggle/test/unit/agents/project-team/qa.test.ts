import { chmod, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeWorkspace } from "../../../../src/adapters/node/index.ts";
import { projectTeam } from "../../../../src/agents/project-team/project-team.ts";
import { qa, type TestRequest } from "../../../../src/agents/project-team/qa/qa-agent.ts";
import type { TestReport } from "../../../../src/agents/project-team/qa/test-report.ts";
import type { SandboxOffer } from "../../../../src/ports/sandbox.ts";
import { directContext, type StepRecord } from "./direct-context.ts";
import { temporaryProject } from "./temporary-project.ts";
import { testSandbox } from "./test-sandbox.ts";

const SLOW = { timeout: 60_000 };

const available = await testSandbox();

async function run(
  files: Parameters<typeof temporaryProject>[0],
  request: Omit<TestRequest, "folder"> = {},
  offer: SandboxOffer = available,
  records: StepRecord[] = [],
): Promise<TestReport> {
  await using project = await temporaryProject(files);
  const agents = projectTeam({ workspace: nodeWorkspace(), sandbox: offer });
  return await directContext(agents, records).ask(qa.test, {
    folder: project.folder,
    allowUnsandboxed: true,
    ...request,
  });
}

const PASSING = 'import { test } from "node:test"; test("works", () => {});\n';
const FAILING =
  'import { test } from "node:test";\nimport assert from "node:assert/strict";\ntest("breaks", () => assert.equal(1, 2));\n';
const scripts = (script: string): Readonly<Record<string, unknown>> => ({
  name: "x",
  type: "module",
  scripts: { test: script },
});

test("runs the test script and reads what it prints", SLOW, async () => {
  const steps: StepRecord[] = [];
  const report = await run(
    { "package.json": scripts("node --test"), "a.test.js": PASSING, "b.test.js": FAILING },
    {},
    available,
    steps,
  );
  expect(report).toMatchObject({
    status: "failed",
    command: "npm test",
    source: "node --test",
    format: "node:test (spec)",
    counts: { passed: 1, failed: 1, skipped: 0, todo: 0 },
    failures: [{ name: "breaks", file: "b.test.js", line: 3 }],
    end: { type: "exited", code: 1 },
    sandbox: available.sandbox.capabilities.description,
    ranUnsandboxed: available.sandbox.capabilities.isolation === "none",
  });
  expect(report.findings).toMatchObject([
    {
      severity: "high",
      category: "tests",
      title: "test fails: breaks",
      file: "b.test.js",
      line: 3,
    },
  ]);
  expect(steps.map((step) => step.name)).toEqual(["find the tests", "run the tests"]);
});

test("runs test files for node:test where there is no script", SLOW, async () => {
  const npmInit = scripts('echo "Error: no test specified" && exit 1');
  const report = await run({ "package.json": npmInit, "test/a.test.js": PASSING });
  expect(report).toMatchObject({
    status: "passed",
    command: "node --test --test-reporter=tap",
    format: "node:test (tap)",
    counts: { passed: 1, failed: 0 },
    findings: [],
    outputTail: "",
  });
});

test("finds no tests behind the script of npm init", async () => {
  const npmInit = scripts('echo "Error: no test specified" && exit 1');
  const report = await run({ "package.json": npmInit, "index.js": "1" });
  expect(report).toMatchObject({
    status: "no-tests",
    reason: "there is neither a test script nor a test file",
    end: null,
    findings: [{ severity: "medium", title: "the project has no tests" }],
  });
});

test("does not guess how to run test files of another runner", async () => {
  const report = await run({ "a.test.js": 'import { test } from "vitest";' });
  expect(report).toMatchObject({
    status: "not-run",
    reason: "there are 1 test files but no test script; they use vitest",
    remedy: 'add a script "test" to package.json',
  });
});

test("does not run the tests of a broken package.json", async () => {
  const report = await run({ "package.json": "{ nope", "a.test.js": PASSING });
  expect(report).toMatchObject({ status: "not-run", remedy: "repair package.json" });
  expect(report.reason).toContain("package.json is not valid JSON");
});

test("says that only the exit code is known of output it cannot read", SLOW, async () => {
  const good = await run({ "package.json": scripts("node -e \"console.log('fine')\"") });
  expect(good).toMatchObject({
    status: "passed",
    format: null,
    counts: null,
    reason: "the tests ended with exit code 0; only the exit code is known",
  });
  expect(good.notDone).toHaveLength(1);
  const bad = await run({ "package.json": scripts("node -e \"throw new Error('oh no')\"") });
  expect(bad).toMatchObject({ status: "failed", counts: null, end: { type: "exited", code: 1 } });
  expect(bad.outputTail).toContain("oh no");
  expect(bad.findings).toMatchObject([{ severity: "high", title: "the test command failed" }]);
});

test("calls a command failed that fails after tests that pass, and says why", SLOW, async () => {
  const report = await run({
    "package.json": scripts("node --test && no-such-program --x"),
    "a.test.js": PASSING,
  });
  expect(report).toMatchObject({ status: "failed", counts: { passed: 1, failed: 0 } });
  expect(report.findings).toMatchObject([
    { title: "the test command failed outside of its tests" },
  ]);
  expect(report.reason).toContain("no-such-program");
});

test("lets tests write to packages that are shared with the folder", SLOW, async () => {
  await using project = await temporaryProject({
    "package.json": scripts("mytool && node --test"),
    "node_modules/mytool/package.json": { name: "mytool", version: "1.0.0", bin: "tool.cjs" },
    // As vitest does with its configuration.
    "node_modules/mytool/tool.cjs":
      '#!/usr/bin/env node\nrequire("node:fs").mkdirSync("node_modules/.temp", { recursive: true });\n',
    "a.test.js": PASSING,
  });
  const packages = join(project.folder, "node_modules");
  await mkdir(join(packages, ".bin"));
  await symlink("../mytool/tool.cjs", join(packages, ".bin/mytool"));
  await chmod(join(packages, "mytool/tool.cjs"), 0o755);
  const agents = projectTeam({ workspace: nodeWorkspace(), sandbox: available });
  const report = await directContext(agents).ask(qa.test, {
    folder: project.folder,
    allowUnsandboxed: true,
  });
  expect(report).toMatchObject({ status: "passed", counts: { passed: 1, failed: 0 } });
  expect((await readdir(packages)).sort()).toEqual([".bin", "mytool"]);
});

test("calls a command that finds no test no test", SLOW, async () => {
  const report = await run({ "package.json": scripts("node --test"), "index.js": "1" });
  expect(report).toMatchObject({ status: "no-tests", end: { type: "exited", code: 0 } });
});

test("stops tests that never end", SLOW, async () => {
  const report = await run(
    { "package.json": scripts('node -e "setInterval(() => {}, 1000)"') },
    { limits: { wallMs: 2_500 } },
  );
  expect(report).toMatchObject({
    status: "stopped",
    end: { type: "limit", limit: "wall" },
    reason: "the tests did not end within 2.5 seconds and were stopped",
    findings: [{ severity: "high", title: "the tests did not come to an end" }],
  });
});

test("stops tests that eat memory", SLOW, async () => {
  const eat = "const a = []; setInterval(() => a.push(Buffer.alloc(2e7, 1)), 5)";
  const report = await run(
    { "package.json": scripts(`node -e "${eat}"`) },
    { limits: { memoryBytes: 400 * 1024 * 1024, wallMs: 30_000 } },
  );
  expect(report).toMatchObject({
    status: "stopped",
    end: { type: "limit", limit: "memory" },
    reason: "the tests used more than 400 MiB of memory and were stopped",
  });
});

test("stops tests that start processes without end", SLOW, async () => {
  const report = await run(
    {
      "package.json": scripts("sh bomb.sh"),
      "bomb.sh": "i=0; while [ $i -lt 400 ]; do sleep 30 & i=$((i+1)); done; wait",
    },
    { limits: { processes: 120, wallMs: 20_000 } },
  );
  expect(report).toMatchObject({
    status: "stopped",
    end: { type: "limit", limit: "processes" },
    reason: "the tests started more than 120 processes and threads and were stopped",
  });
});

test("does not run tests whose packages are missing, and names them", async () => {
  const report = await run({
    "package.json": {
      ...scripts("tape test.js"),
      devDependencies: { tape: "5", "only-for-docs": "1" },
      dependencies: { used: "1", "not-used": "1" },
    },
    "index.js": 'import "used";',
    "test.js": 'import "tape";',
    "docs/build.js": 'import "only-for-docs";',
  });
  expect(report).toMatchObject({
    status: "not-run",
    missing: ["tape", "used"],
    reason: "2 packages the tests need are not installed (tape, used)",
    notDone: ["the tests were not run: 2 packages the tests need are not installed (tape, used)"],
  });
});

const WITH_DEPENDENCY = {
  "package.json": { ...scripts("node --test"), dependencies: { local: "file:vendor/local" } },
  "vendor/local/package.json": { name: "local", version: "1.0.0", main: "i.js" },
  "vendor/local/i.js": "module.exports = 42;",
  "a.test.js": `import local from "local";\n${FAILING.replace("1, 2", "local, 42")}`,
};

test(
  "installs in its own copy when that is allowed, and leaves the folder alone",
  SLOW,
  async () => {
    await using project = await temporaryProject(WITH_DEPENDENCY);
    const agents = projectTeam({ workspace: nodeWorkspace(), sandbox: available });
    const report = await directContext(agents).ask(qa.test, {
      folder: project.folder,
      install: true,
      allowUnsandboxed: true,
    });
    expect(report).toMatchObject({
      status: "passed",
      install: { isOk: true, command: "npm install --ignore-scripts --no-audit --no-fund" },
    });
    expect((await readdir(project.folder)).sort()).toEqual(["a.test.js", "package.json", "vendor"]);
    const manifest = await readFile(join(project.folder, "package.json"), "utf8");
    expect(JSON.parse(manifest)).toEqual(WITH_DEPENDENCY["package.json"]);
  },
);

test("does not run tests after an installation that failed", SLOW, async () => {
  const report = await run(
    {
      ...WITH_DEPENDENCY,
      "package.json": { ...scripts("node --test"), dependencies: { local: "file:gone.tgz" } },
    },
    { install: true },
  );
  expect(report).toMatchObject({
    status: "not-run",
    reason: "the dependencies could not be installed (npm error code ENOENT)",
    install: { isOk: false },
    end: null,
  });
  expect(report.outputTail).toContain("npm error");
});

test("does not run tests without a sandbox, and repeats reason and remedy", async () => {
  const missing = { type: "missing", reason: "bwrap is not there", remedy: "Install it." } as const;
  const files = { "package.json": scripts("node --test"), "a.test.js": PASSING };
  expect(await run(files, {}, missing)).toMatchObject({
    status: "not-run",
    reason: "no sandbox is available here: bwrap is not there",
    remedy: "Install it.",
    command: "npm test",
  });
});

test("runs without isolation only when that is allowed", SLOW, async () => {
  const { unisolatedSandbox } = await import("../../../../src/adapters/node/index.ts");
  const open: SandboxOffer = { type: "available", sandbox: await unisolatedSandbox() };
  const files = { "package.json": scripts("node --test"), "a.test.js": FAILING };
  expect(await run(files, { allowUnsandboxed: false }, open)).toMatchObject({
    status: "not-run",
    reason: "nothing here isolates the tests from the machine",
  });
  const report = await run(files, { allowUnsandboxed: true }, open);
  expect(report).toMatchObject({ status: "failed", ranUnsandboxed: true });
  // The copy has a path of its own there; the report must not show it.
  expect(report.failures).toMatchObject([{ name: "breaks", file: "a.test.js", line: 3 }]);
});
