import { z } from "zod";
import type { TaskResult } from "../../../orchestration/plan.ts";
import type { Finding } from "../finding.ts";
import { compareFindings, compareText } from "../finding.ts";
import { testReportSchema } from "../qa/qa-agent.ts";
import type { TestReport } from "../qa/test-report.ts";
import type { DependencyReport } from "../researcher/dependency-report.ts";
import type { Inventory } from "../researcher/inventory.ts";
import {
  dependencyReportSchema,
  inventorySchema,
  todoReportSchema,
} from "../researcher/report-schemas.ts";
import type { TodoReport } from "../researcher/todos.ts";
import type { ReportFinding, ReportTask } from "./project-report.ts";

/** A task as the plan describes it. */
export interface PlannedTask {
  readonly id: string;
  readonly description: string;
  readonly agent: string;
  readonly operation: string;
}

/** The results of a plan, sorted out. */
export interface Results {
  readonly inventory: Inventory | null;
  readonly todos: TodoReport | null;
  readonly dependencies: DependencyReport | null;
  readonly tests: TestReport | null;
  readonly findings: readonly ReportFinding[];
  readonly tasks: readonly ReportTask[];
  /** What the tasks themselves left out, and tasks that brought nothing. */
  readonly notDone: readonly string[];
}

/** Any result of this team. */
type KnownResult = Inventory | TodoReport | DependencyReport | TestReport;

const knownSchema: z.ZodType<KnownResult> = z.union([
  inventorySchema,
  todoReportSchema,
  dependencyReportSchema,
  testReportSchema,
]);

/** Sorts out the results by what they are, not by the ids of their tasks; results of other agents are only named. */
export function readResults(
  planned: readonly PlannedTask[],
  results: Readonly<Record<string, TaskResult>>,
): Results {
  const ids = [...planned.map((task) => task.id), ...Object.keys(results).toSorted(compareText)];
  const known = new Map<string, KnownResult>();
  const tasks: ReportTask[] = [];
  const notDone: string[] = [];
  for (const id of new Set(ids)) {
    const task = taskOf(
      id,
      planned.find((candidate) => candidate.id === id),
      results[id],
    );
    tasks.push(task);
    if (task.error !== null) notDone.push(`task '${id}' failed: ${task.error.message}`);
    if (task.outcome === "skipped") notDone.push(skipNote(task));
    const value = resultValue(results[id]);
    if (value === undefined) continue;
    const read = knownSchema.safeParse(value);
    if (read.success) known.set(id, read.data);
    else notDone.push(`the result of task '${id}' has no form that is known here; it was not used`);
  }
  return {
    inventory: pick(known, "inventory"),
    todos: pick(known, "todos"),
    dependencies: pick(known, "dependencies"),
    tests: pick(known, "tests"),
    findings: findingsOf(known),
    tasks,
    notDone: [...notDone, ...[...known.values()].flatMap((value) => value.notDone)],
  };
}

function taskOf(
  id: string,
  planned: PlannedTask | undefined,
  result: TaskResult | undefined,
): ReportTask {
  return {
    id,
    description: planned?.description ?? id,
    asked: planned === undefined ? "not in the plan" : `${planned.agent}.${planned.operation}`,
    outcome: result?.type ?? "skipped",
    error: result?.type === "failed" ? result.error : null,
    because: result?.type === "skipped" ? result.because : [],
  };
}

function skipNote(task: ReportTask): string {
  const because = task.because.length === 0 ? "it has no result" : `of ${task.because.join(", ")}`;
  return `task '${task.id}' was skipped because ${because}`;
}

function resultValue(result: TaskResult | undefined): unknown {
  return result?.type === "done" ? result.value : undefined;
}

function pick<K extends KnownResult["kind"]>(
  known: ReadonlyMap<string, KnownResult>,
  kind: K,
): Extract<KnownResult, { readonly kind: K }> | null {
  for (const value of known.values()) {
    if (value.kind === kind) return value as Extract<KnownResult, { readonly kind: K }>;
  }
  return null;
}

function findingsOf(known: ReadonlyMap<string, KnownResult>): readonly ReportFinding[] {
  const seen = new Set<string>();
  return [...known]
    .flatMap(([task, value]) => value.findings.map((finding: Finding) => ({ ...finding, task })))
    .toSorted((a, b) => compareFindings(a, b) || compareText(a.task, b.task))
    .filter(({ title, file, line }) => {
      // Two tasks may see the same thing; it is told once.
      const key = JSON.stringify([title, file, line]);
      return seen.size !== seen.add(key).size;
    });
}
