import { expect, test } from "vitest";
import { readGoal } from "../../../../src/agents/project-team/planner/goal.ts";
import { planner } from "../../../../src/agents/project-team/planner/planner-agent.ts";
import { projectTeam } from "../../../../src/agents/project-team/project-team.ts";
import type { Plan } from "../../../../src/orchestration/plan.ts";
import { directContext } from "./direct-context.ts";
import { type MemoryFile, memoryWorkspace, ROOT } from "./memory-workspace.ts";

function planFor(goal: string, files: Readonly<Record<string, MemoryFile>>): Promise<Plan> {
  const workspace = memoryWorkspace(files);
  const sandbox = { type: "missing", reason: "none in this test", remedy: "none" } as const;
  return directContext(projectTeam({ workspace, sandbox })).ask(planner.plan, {
    goal,
    folder: ROOT,
  });
}

const ids = (plan: Plan): readonly string[] => plan.tasks.map((task) => task.id);
const notes = (plan: Plan): unknown => plan.tasks.at(-1)?.input["notes"];
const NODE = { "package.json": "{}", "index.js": "x" };
const ALL = ["inventory", "todos", "dependencies", "tests"];

test.each([
  ["Inspect this project, run its tests, and report what needs attention", ALL],
  ["check my repository", ALL],
  ["is everything healthy?", ALL],
  ["Run the tests", ["tests"]],
  ["check the project's tests", ["tests"]],
  ["inspect this project, but only its dependencies", ["dependencies"]],
  ["which dependencies are unused?", ["dependencies"]],
  ["list all TODOs and FIXMEs in this project", ["todos"]],
  ["Show me the TODO comments and run the test suite", ["todos", "tests"]],
  ["how big is it, and in which languages?", ["inventory"]],
  ["inspect this project without running the tests", ["inventory", "todos", "dependencies"]],
  ["Build a REST API for a todo app", ALL],
  ["fix the failing tests", ALL],
  ["gib mir einen Bericht", ALL],
])("takes the goal %j for %j", (goal, topics) => {
  expect(readGoal(goal).topics).toEqual(topics);
});

test.each([
  "Is fast-uri healthy?",
  "check everything in @fastify/format-date",
  "Inspect the release-please project",
  "Examine the package test-exclude",
])("takes no part of a name for a wish: %j", (goal) => {
  expect(readGoal(goal)).toEqual({ topics: ALL, notes: [] });
});

test("still knows the words that are written with hyphens and are no name", () => {
  expect(readGoal("run the test-suite of fast-uri").topics).toEqual(["tests"]);
  expect(readGoal("a code-review, please").notes).toContainEqual(
    expect.stringContaining("judging design or style"),
  );
});

test("says in the plan what the team cannot do, and that it looks at the project instead", async () => {
  const plan = await planFor("Build me a REST API", NODE);
  expect(ids(plan)).toEqual([...ALL, "report"]);
  expect(notes(plan)).toEqual([
    "the goal asks for what this team cannot do: writing or building software: this team looks at a project and runs its tests, it writes nothing",
    "instead, the project was looked at as it is",
  ]);
});

test("says that only a part was looked at when the goal names a part", async () => {
  expect(notes(await planFor("just run the tests", NODE))).toEqual([
    "the goal names tests, so only that was looked at",
  ]);
});

test("has no notes for a general goal and a Node project", async () => {
  expect(notes(await planFor("Inspect this project", NODE))).toEqual([]);
});

test("runs the tasks side by side and the report after all, whatever becomes of them", async () => {
  const plan = await planFor("Inspect this project", NODE);
  expect(plan.tasks.slice(0, -1).every((task) => task.needs.length === 0)).toBe(true);
  expect(plan.tasks.at(-1)).toMatchObject({
    agent: "synthesizer",
    operation: "report",
    needs: ALL,
    afterFailure: "run",
  });
});

test("leaves out what makes no sense for a project in another language, and says so", async () => {
  const plan = await planFor("Inspect this project", { "go.mod": "module x", "main.go": "x" });
  expect(ids(plan)).toEqual(["inventory", "todos", "report"]);
  expect(notes(plan)).toEqual([
    "of the go part of the project only files and TODOs were looked at",
    expect.stringContaining("dependencies left out"),
    expect.stringContaining("this is a go project"),
  ]);
});

test("plans nothing but an inventory for an empty folder", async () => {
  const plan = await planFor("Inspect this project", {});
  expect(ids(plan)).toEqual(["inventory", "report"]);
});

test("passes on what the user allows to QA, and nothing else", async () => {
  const workspace = memoryWorkspace(NODE);
  const sandbox = { type: "missing", reason: "none", remedy: "none" } as const;
  const plan = await directContext(projectTeam({ workspace, sandbox })).ask(planner.plan, {
    goal: "run the tests",
    folder: ROOT,
    options: { install: true, testTimeoutMs: 5_000 },
  });
  expect(plan.tasks[0]?.input).toEqual({
    folder: ROOT,
    install: true,
    allowUnsandboxed: false,
    limits: { wallMs: 5_000 },
  });
});

test("refuses a folder that is not there", async () => {
  const workspace = memoryWorkspace({});
  const sandbox = { type: "missing", reason: "none", remedy: "none" } as const;
  const ctx = directContext(projectTeam({ workspace, sandbox }));
  await expect(ctx.ask(planner.plan, { goal: "x", folder: "/elsewhere" })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});
