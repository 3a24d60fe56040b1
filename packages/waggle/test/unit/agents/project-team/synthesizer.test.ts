import { expect, test } from "vitest";
import type { Finding } from "../../../../src/agents/project-team/finding.ts";
import { projectTeam } from "../../../../src/agents/project-team/project-team.ts";
import { notRun } from "../../../../src/agents/project-team/qa/judge-tests.ts";
import type { TestReport } from "../../../../src/agents/project-team/qa/test-report.ts";
import type { Inventory } from "../../../../src/agents/project-team/researcher/inventory.ts";
import type { ProjectReport } from "../../../../src/agents/project-team/synthesizer/project-report.ts";
import { synthesizer } from "../../../../src/agents/project-team/synthesizer/synthesizer-agent.ts";
import { runtimeError } from "../../../../src/core/errors.ts";
import type { TaskResult } from "../../../../src/orchestration/plan.ts";
import { directContext } from "./direct-context.ts";
import { memoryWorkspace, ROOT } from "./memory-workspace.ts";

const inventory: Inventory = {
  kind: "inventory",
  projectKinds: ["node"],
  fileCount: 3,
  sizeBytes: 10,
  lines: 5,
  languages: [],
  manifest: null,
  entryPoints: [],
  testFileCount: 1,
  testFiles: ["a.test.js"],
  largest: [],
  skippedFolders: [],
  unreadable: [],
  findings: [],
  notDone: [],
};

const passed: TestReport = {
  ...notRun("", null),
  status: "passed",
  reason: "3 tests: 0 failed, 3 passed",
  command: "npm test",
  counts: { passed: 3, failed: 0, skipped: 0, todo: 0 },
  end: { type: "exited", code: 0 },
  findings: [],
  notDone: [],
};

function finding(part: Partial<Finding>): Finding {
  return {
    severity: "medium",
    category: "dependencies",
    title: "something",
    detail: "more",
    file: "a.js",
    line: 1,
    confidence: "high",
    ...part,
  };
}

const done = (value: unknown): TaskResult => ({ type: "done", value });

function report(results: Readonly<Record<string, TaskResult>>): Promise<ProjectReport> {
  const parts = {
    workspace: memoryWorkspace({}),
    sandbox: { type: "missing", reason: "none", remedy: "none" } as const,
  };
  return directContext(projectTeam(parts)).ask(synthesizer.report, {
    goal: "inspect",
    folder: ROOT,
    notes: ["a note of the planner"],
    tasks: ["inventory", "tests"].map((id) => ({
      id,
      description: `does ${id}`,
      agent: "someone",
      operation: id,
    })),
    results,
  });
}

const verdict = async (results: Readonly<Record<string, TaskResult>>): Promise<string> =>
  (await report(results)).verdict;

test("calls a project healthy when its tests ran and passed and nothing of weight was found", async () => {
  const mild = { ...inventory, findings: [finding({ severity: "low" })] };
  const { verdict: word, reasons } = await report({ inventory: done(mild), tests: done(passed) });
  expect(word).toBe("healthy");
  expect(reasons[0]).toBe("the tests pass (3 tests: 0 failed, 3 passed)");
});

test("never calls a project healthy whose tests were not run, not planned, or lost", async () => {
  const lost: TaskResult = { type: "failed", error: runtimeError("CANCELLED", "stopped").toData() };
  const skipped: TaskResult = { type: "skipped", because: ["inventory"] };
  expect(await verdict({ inventory: done(inventory) })).toBe("unknown");
  expect(await verdict({ inventory: done(inventory), tests: done(notRun("why", null)) })).toBe(
    "unknown",
  );
  expect(await verdict({ inventory: done(inventory), tests: lost })).toBe("unknown");
  expect(await verdict({ inventory: done(inventory), tests: skipped })).toBe("unknown");
  expect(await verdict({ inventory: lost, tests: done(passed) })).toBe("unknown");
  expect(await verdict({})).toBe("unknown");
});

test("does not count tests that were not run among what was looked at", async () => {
  const looked = "nothing of high or medium severity was found in what was looked at: inventory";
  const some = { inventory: done(inventory), tests: done(notRun("why", null)) };
  expect((await report(some)).reasons.at(-1)).toBe(looked);
  const all = { inventory: done(inventory), tests: done(passed) };
  expect((await report(all)).reasons.at(-1)).toBe(`${looked}, tests`);
});

test("calls a project failing when tests fail or a file is broken, whatever else is well", async () => {
  const failing = {
    ...passed,
    status: "failed",
    findings: [finding({ severity: "high", category: "tests" })],
  };
  expect(await verdict({ inventory: done(inventory), tests: done(failing) })).toBe("failing");
  const broken = { ...inventory, findings: [finding({ severity: "high", category: "syntax" })] };
  expect(await verdict({ inventory: done(broken), tests: done(passed) })).toBe("failing");
});

test("calls a project in need of attention when something of weight was found", async () => {
  const found = { ...inventory, findings: [finding({ severity: "medium" })] };
  expect(await verdict({ inventory: done(found), tests: done(passed) })).toBe("needs-attention");
  const high = { ...inventory, findings: [finding({ severity: "high" })] };
  expect(await verdict({ inventory: done(high), tests: done(passed) })).toBe("needs-attention");
});

test("keeps the outcome of every task, with error or cause", async () => {
  const error = runtimeError("NOT_FOUND", "no folder '/x'").toData();
  const { tasks, notDone } = await report({
    inventory: { type: "failed", error },
    tests: { type: "skipped", because: ["inventory"] },
  });
  expect(tasks).toEqual([
    {
      id: "inventory",
      description: "does inventory",
      asked: "someone.inventory",
      outcome: "failed",
      error,
      because: [],
    },
    {
      id: "tests",
      description: "does tests",
      asked: "someone.tests",
      outcome: "skipped",
      error: null,
      because: ["inventory"],
    },
  ]);
  expect(notDone).toEqual([
    "a note of the planner",
    "task 'inventory' failed: no folder '/x'",
    "task 'tests' was skipped because of inventory",
  ]);
});

test("does not use a result whose form it does not know, and says so", async () => {
  const { notDone, facts } = await report({ tests: done({ kind: "tests", status: "great" }) });
  expect(facts.tests).toBeNull();
  expect(notDone).toContain(
    "the result of task 'tests' has no form that is known here; it was not used",
  );
});

test("orders findings by severity, category, place and title, and tells each once", async () => {
  const some = [
    finding({ severity: "low", title: "d" }),
    finding({ severity: "high", file: "b.js", title: "b" }),
    finding({ severity: "high", file: "a.js", line: 9, title: "a" }),
    finding({ severity: "high", category: "tests", file: "z.js", title: "z" }),
  ];
  const one = await report({
    inventory: done({ ...inventory, findings: some }),
    tests: done(passed),
  });
  const other = await report({
    tests: done({ ...passed, findings: some.slice(0, 1) }),
    inventory: done({ ...inventory, findings: some.toReversed() }),
  });
  expect(one.findings.map((item) => item.title)).toEqual(["z", "a", "b", "d"]);
  expect(other.findings.map((item) => item.title)).toEqual(["z", "a", "b", "d"]);
});

test("writes everything of weight into the markdown", async () => {
  const findings = [
    finding({ severity: "high", category: "syntax", title: "package.json is not valid JSON" }),
  ];
  const { markdown } = await report({
    inventory: done({ ...inventory, findings }),
    tests: done(notRun("no sandbox is available here: bwrap is missing", "install bubblewrap")),
  });
  expect(markdown).toContain("Verdict: **FAILING**");
  expect(markdown).toContain("package.json is not valid JSON - `a.js:1`");
  expect(markdown).toContain("- a note of the planner");
  expect(markdown).toContain("to change that: install bubblewrap");
  expect(markdown).toContain("- tests: done - does tests (someone.tests)");
});
