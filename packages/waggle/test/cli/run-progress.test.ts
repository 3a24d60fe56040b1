import { expect, test } from "vitest";
import { type Change, RunProgress } from "../../src/cli/run-progress.ts";
import type { TaskEvent } from "../../src/core/event.ts";
import { childTaskId, type Path, parseRunId, rootTaskId, type TaskId } from "../../src/core/ids.ts";
import type { Plan, PlanTask } from "../../src/orchestration/plan.ts";

const RUN = parseRunId("r");
const ROOT = rootTaskId(RUN);

function planTask(id: string, needs: readonly string[]): PlanTask {
  return { id, description: id, agent: "a", operation: "b", input: {}, needs };
}

const PLAN: Plan = { goal: "g", tasks: [planTask("one", []), planTask("two", ["one"])] };

/** A run under way: `tell` applies the next event of a task. */
function running(): {
  readonly progress: RunProgress;
  readonly tell: (task: TaskId, event: TaskEvent) => readonly Change[];
  readonly ask: (path: string) => TaskId;
} {
  const progress = new RunProgress(RUN);
  let position = 0;
  const tell = (task: TaskId, event: TaskEvent): readonly Change[] => {
    position++;
    return progress.apply({ task, position, at: position * 1_000, event });
  };
  const ask = (path: string): TaskId => {
    const child = childTaskId(ROOT, path as Path);
    tell(ROOT, asked(path, child));
    return child;
  };
  tell(ROOT, { type: "started", input: {} });
  const planner = ask("ask:planner.plan");
  const outcome = { type: "value", value: PLAN } as const;
  tell(ROOT, { type: "received", path: "ask:planner.plan" as Path, child: planner, outcome });
  tell(planner, { type: "closed", outcome });
  return { progress, tell, ask };
}

function asked(path: string, child: TaskId): TaskEvent {
  const target = /:([^[]+)/.exec(path)?.[1] ?? "";
  return {
    type: "asked",
    path: path as Path,
    child,
    target,
    awaited: true,
    until: null,
    input: {},
  };
}

test("names a task of the plan by its id, and one below it after its asker", () => {
  const { progress, tell, ask } = running();
  const one = ask("ask:a.b[one]");
  const below = childTaskId(one, "ask:c.d" as Path);
  tell(one, asked("ask:c.d", below));
  expect(progress.tasks.map(({ name }) => name)).toEqual(["planner.plan", "one", "one > c.d"]);
  expect(progress.planned(planTask("one", []))?.id).toBe(one);
});

test("counts recorded steps and times tasks by their events", () => {
  const { progress, tell, ask } = running();
  const one = ask("ask:a.b[one]");
  const outcome = { type: "value", value: 1 } as const;
  const path = "step:read the files" as Path;
  expect(tell(one, { type: "done", path, outcome })).toMatchObject([{ step: "read the files" }]);
  tell(one, { type: "closed", outcome });
  expect(progress.stepsRecorded).toBe(1);
  expect(progress.planned(planTask("one", []))).toMatchObject({
    state: "done",
    startedAt: 5_000,
    endedAt: 7_000,
  });
});

test("takes a task whose answer did not come in time as failed, also when it ends later", () => {
  const { progress, tell, ask } = running();
  const one = ask("ask:a.b[one]");
  tell(ROOT, { type: "dropped", path: "ask:a.b[one]" as Path, why: "timeout" });
  expect(tell(one, { type: "closed", outcome: { type: "value", value: 1 } })).toEqual([]);
  expect(progress.planned(planTask("one", []))).toMatchObject({
    state: "failed",
    error: { code: "ASK_TIMEOUT" },
  });
});

test("tells at the end what was skipped, and because of what", () => {
  const { progress, tell } = running();
  const results = { two: { type: "skipped", because: ["one"] } };
  const outcome = { type: "value", value: { plan: PLAN, results } } as const;
  expect(tell(ROOT, { type: "closed", outcome })).toEqual([
    { type: "skipped", id: "two", because: ["one"] },
    { type: "closed", outcome },
  ]);
  expect(progress.outcome).toEqual(outcome);
});

test("a stuck task is open again when somebody goes on with it", () => {
  const { progress, tell, ask } = running();
  const one = ask("ask:a.b[one]");
  const stuck = { type: "stuck", expected: "step:x", actual: "step:y", hint: "why" } as const;
  expect(tell(one, stuck)).toMatchObject([{ type: "stuck", task: { name: "one" } }]);
  const [host] = ["host-1" as never];
  tell(one, { type: "resumed", host, claims: 2 });
  expect(progress.planned(planTask("one", []))?.state).toBe("open");
});
