import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { nodeWorkspace } from "../../../../src/adapters/node/index.ts";
import { inspectProject } from "./inspect-project.ts";
import { PLANTED_FAULTS } from "./planted-faults.ts";
import { testSandbox } from "./test-sandbox.ts";

const folder = fileURLToPath(new URL("../../../../../../examples/todo-api", import.meta.url));
const parts = { workspace: nodeWorkspace(), sandbox: await testSandbox() };
const request = {
  goal: "Inspect this project, run its tests, and report what needs attention",
  folder,
  options: { allowUnsandboxed: true },
};
const { report, plan, steps } = await inspectProject(parts, request);

test.each(PLANTED_FAULTS)("the report names the planted fault: $what", ({ what: _, ...fault }) => {
  expect(report.findings).toContainEqual(expect.objectContaining(fault));
});

test("the report accuses the example of nothing but the planted faults", () => {
  const planted = new Set(PLANTED_FAULTS.map((fault) => fault.title));
  const others = report.findings.filter((finding) => !planted.has(finding.title));
  expect(others.map(({ severity, title }) => `${severity}: ${title}`)).toEqual([
    "info: 1 of 1 declared dependency is not installed",
    "info: no lock file",
  ]);
});

test("the verdict is failing, and the tests are counted as they are", () => {
  expect(report.verdict).toBe("failing");
  // The empty test file counts as one that passes: so does the runner.
  expect(report.facts.tests?.counts).toEqual({ passed: 9, failed: 2, skipped: 0, todo: 1 });
  expect(report.reasons[0]).toBe("the tests fail (12 tests: 2 failed, 9 passed, 1 to do)");
});

test("every planted fault stands in the markdown", () => {
  for (const fault of PLANTED_FAULTS) expect(report.markdown).toContain(fault.title);
});

test("every task ended, and no step is large", () => {
  expect(report.tasks.map(({ id, outcome }) => [id, outcome])).toEqual([
    ["inventory", "done"],
    ["todos", "done"],
    ["dependencies", "done"],
    ["tests", "done"],
  ]);
  expect(plan.tasks).toHaveLength(5);
  expect(Math.max(...steps.map((step) => step.length))).toBeLessThan(50_000);
});

test("two reports are equal but for durations", { timeout: 60_000 }, async () => {
  const again = await inspectProject(parts, request);
  const timeless = (value: unknown): string =>
    JSON.stringify(value).replace(
      /\d+(\.\d+)? ?m?s\b|"duration_?[mM]s":\d+|duration_ms [\d.]+/g,
      "#",
    );
  expect(timeless(again.report)).toBe(timeless(report));
});
