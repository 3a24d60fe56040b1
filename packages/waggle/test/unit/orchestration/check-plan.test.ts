import { expect, test } from "vitest";
import { z } from "zod";
import { contract, type Operation } from "../../../src/index.ts";
import { checkPlan } from "../../../src/orchestration/check-plan.ts";
import type { PlanTask } from "../../../src/orchestration/plan.ts";

const worker = contract("worker", { work: { input: z.object({}), output: z.null() } });
const find = (agent: string, operation: string): Operation | undefined =>
  agent === "worker" && operation === "work" ? worker.work : undefined;

function task(id: string, needs: readonly string[] = [], more: Partial<PlanTask> = {}): PlanTask {
  return { id, description: id, agent: "worker", operation: "work", input: {}, needs, ...more };
}

function problems(tasks: readonly PlanTask[]): readonly string[] {
  return checkPlan({ goal: "g", tasks }, find).map((p) => `${p.task ?? "plan"}: ${p.message}`);
}

test("finds nothing wrong with a plan that can be carried out", () => {
  expect(problems([task("a"), task("b", ["a"]), task("c", ["a", "b"])])).toEqual([]);
});

test("names every problem of a plan at once", () => {
  const bad = [
    task("a", ["nobody"]),
    task("a"),
    task("b", [], { agent: "ghost" }),
    task("c", [], { operation: "sleep" }),
    task("Not An Id"),
    task("d", [], { input: { when: new Date(0) } }),
    task("e", ["f"]),
    task("f", ["e"]),
    task("g", [], { timeoutMs: 0 }),
    task("h", [], { input: { results: 1 } }),
  ];
  expect(problems(bad)).toEqual([
    "a: it needs task 'nobody', which is not in the plan",
    "a: its id is used twice",
    "b: nobody offers operation 'work' of agent 'ghost'",
    "c: nobody offers operation 'sleep' of agent 'worker'",
    "Not An Id: its id does not match ^[a-z][a-z0-9-]{0,63}$",
    "d: its input is not plain data: an instance of Date at when",
    "g: its timeoutMs is 0, not above 0",
    "h: its input has a property 'results', which is where the results of others go",
    "e: it waits for itself: e -> f -> e",
  ]);
});

test("names a cycle in the order of waiting, also one of a single task", () => {
  expect(problems([task("x", ["y"]), task("y", ["z"]), task("z", ["x"])])).toEqual([
    "x: it waits for itself: x -> y -> z -> x",
  ]);
  expect(problems([task("x", ["x"])])).toEqual(["x: it waits for itself: x -> x"]);
});

test("refuses an empty plan and one over the limit, with the limit", () => {
  expect(problems([])).toEqual(["plan: the plan has no tasks"]);
  const many = Array.from({ length: 1_001 }, (_, i) => task(`t${i}`));
  expect(problems(many)).toEqual(["plan: the plan has 1001 tasks (limit 1000)"]);
});
