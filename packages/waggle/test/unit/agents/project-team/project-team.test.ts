import { expect, test } from "vitest";
import { memoryStore } from "../../../../src/adapters/memory/index.ts";
import { nodeClock, nodeWorkspace } from "../../../../src/adapters/node/index.ts";
import { planner } from "../../../../src/agents/project-team/planner/planner-agent.ts";
import { projectTeam } from "../../../../src/agents/project-team/project-team.ts";
import { researcher } from "../../../../src/agents/project-team/researcher/researcher-agent.ts";
import type { ProjectReport } from "../../../../src/agents/project-team/synthesizer/project-report.ts";
import { orchestrator } from "../../../../src/orchestration/orchestrator.ts";
import { createSystem } from "../../../../src/system/create-system.ts";
import { directContext } from "./direct-context.ts";
import { inspectProject } from "./inspect-project.ts";
import { type MemoryFile, memoryWorkspace, ROOT } from "./memory-workspace.ts";
import { temporaryProject } from "./temporary-project.ts";
import { testSandbox } from "./test-sandbox.ts";

const sandbox = { type: "missing", reason: "bwrap is not there", remedy: "Install it." } as const;

async function reportOn(files: Readonly<Record<string, MemoryFile>>): Promise<ProjectReport> {
  const parts = { workspace: memoryWorkspace(files), sandbox };
  return (await inspectProject(parts, { goal: "Inspect this project", folder: ROOT })).report;
}

test("knows nothing of an empty folder", async () => {
  const report = await reportOn({});
  expect(report.verdict).toBe("unknown");
  expect(report.reasons).toContain("the folder has no files");
  expect(report.notDone).toContain("tests left out: the folder has no files");
});

test("reports on a folder without a manifest as a folder of files", async () => {
  const report = await reportOn({ "a.py": "# FIXME: it\n", "notes.txt": "x" });
  expect(report.verdict).toBe("needs-attention");
  expect(report.reasons).toContainEqual("tests: the project has no tests");
  expect(report.findings.map((finding) => finding.title)).toContain("FIXME: it");
  expect(report.notDone).toContain(
    "the folder has no manifest that this team knows, so it is taken as a folder of files",
  );
});

test("reports on a project in another language without pretending to know its tests", async () => {
  const report = await reportOn({ "Cargo.toml": "[package]", "src/main.rs": "// TODO: it\n" });
  expect(report.verdict).toBe("unknown");
  expect(report.facts).toMatchObject({ tests: null, dependencies: null });
  expect(report.markdown).toContain("Verdict: **UNKNOWN**");
});

test("tells why fewer dependencies are looked for than are declared", async () => {
  const { markdown } = await reportOn({
    "package.json": JSON.stringify({ devDependencies: { tape: "5" } }),
    "bench/package.json": JSON.stringify({ dependencies: { tinybench: "5" } }),
  });
  expect(markdown).toContain(
    "Dependencies: 2 declared (1 in a package.json that is installed apart), 0 of 1 installed,",
  );
});

test("calls a project with a broken package.json failing", async () => {
  const report = await reportOn({ "package.json": '{ "name": }', "a.js": 'import "x";' });
  expect(report.verdict).toBe("failing");
  expect(report.findings[0]).toMatchObject({ category: "syntax", file: "package.json", line: 1 });
  expect(report.facts.tests).toMatchObject({ status: "not-run", remedy: "repair package.json" });
});

test("goes on past huge, binary and unreadable files, and names them", async () => {
  const report = await reportOn({
    "package.json": "{}",
    "huge.js": { sizeBytes: 3 * 1024 * 1024 },
    "photo.js": "binary\0",
    "locked/a.js": { unreadable: "permission denied" },
    "a.js": "// TODO: read me",
  });
  expect(report.facts.todos?.counts.TODO).toBe(1);
  expect(report.findings).toContainEqual(
    expect.objectContaining({ title: "something could not be read", file: "locked/a.js" }),
  );
  expect(report.notDone).toContain(
    "2 files were not read (binary or not plain text: photo.js; too large: huge.js)",
  );
});

test("without a sandbox the tests count as unknown, with the remedy in the report", async () => {
  const report = await reportOn({
    "package.json": '{ "scripts": { "test": "node --test" }, "license": "MIT" }',
    "README.md": "x",
    "a.test.js": 'import "node:test";',
  });
  expect(report.verdict).toBe("unknown");
  expect(report.markdown).toContain("bwrap is not there; to change that: Install it.");
});

test("reads files whose names are those of properties of objects", async () => {
  const report = await reportOn({
    constructor: "x",
    "__proto__.js": "// TODO: a",
    "toString.md": "",
  });
  expect(report.facts.inventory?.fileCount).toBe(3);
  expect(report.facts.todos?.counts.TODO).toBe(1);
});

test("the steps of a large project stay small", async () => {
  const files: Record<string, string> = { "package.json": '{ "name": "big" }' };
  for (let i = 0; i < 3_000; i++) {
    files[`src/some/folder/file-${i}.js`] =
      `import "package-${i}";\n// FIXME: ${"very long text ".repeat(30)}${i}\n`;
  }
  const parts = { workspace: memoryWorkspace(files), sandbox };
  const { steps, report } = await inspectProject(parts, { goal: "inspect all", folder: ROOT });
  expect(Math.max(...steps.map((step) => step.length))).toBeLessThan(300_000);
  expect(report.notDone).toContain("2700 more TODO comments are counted but not listed");
});

test("a folder that is not there fails the task that asked for it", async () => {
  const ctx = directContext(projectTeam({ workspace: memoryWorkspace({}), sandbox }));
  await expect(ctx.ask(researcher.inventory, { folder: "/elsewhere" })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

test("runs on the kernel behind an orchestrator", { timeout: 60_000 }, async () => {
  await using project = await temporaryProject({
    "package.json": { name: "small", license: "MIT", scripts: { test: "node --test" } },
    "README.md": "x",
    "a.test.mjs": 'import { test } from "node:test"; test("works", () => {});',
  });
  const agents = projectTeam({ workspace: nodeWorkspace(), sandbox: await testSandbox() });
  const team = orchestrator("team", { planner: planner.plan, agents });
  await using system = await createSystem({
    store: memoryStore({ clock: nodeClock() }),
    agents: [...agents, team.agent],
  });
  const run = await system.start(team.execute, {
    goal: "Inspect this project",
    folder: project.folder,
    options: { allowUnsandboxed: true },
  });
  const { results } = await run.result();
  expect(Object.entries(results).map(([id, { type }]) => [id, type])).toEqual([
    ["inventory", "done"],
    ["todos", "done"],
    ["dependencies", "done"],
    ["tests", "done"],
    ["report", "done"],
  ]);
  expect(results["report"]).toMatchObject({ value: { verdict: "healthy" } });
});
