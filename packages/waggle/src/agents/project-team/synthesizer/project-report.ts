import type { ErrorData } from "../../../core/errors.ts";
import type { Finding } from "../finding.ts";
import type { TestReport } from "../qa/test-report.ts";
import type { DependencyReport } from "../researcher/dependency-report.ts";
import type { Inventory } from "../researcher/inventory.ts";
import type { TodoReport } from "../researcher/todos.ts";

/**
 * `failing`: something is broken now. `needs-attention`: nothing is known to be broken, but something will hurt.
 * `healthy`: the tests ran and passed, and nothing of weight was found. `unknown`: too little is known to say.
 */
export type Verdict = "healthy" | "needs-attention" | "failing" | "unknown";

/** A finding and the task it comes from. */
export interface ReportFinding extends Finding {
  /** Id of the task in the plan. */
  readonly task: string;
}

/** How a task of the plan ended. */
export interface ReportTask {
  readonly id: string;
  readonly description: string;
  /** Who was asked, as `agent.operation`. */
  readonly asked: string;
  readonly outcome: "done" | "failed" | "skipped";
  readonly error: ErrorData | null;
  /** Ids of the tasks because of which it was skipped. */
  readonly because: readonly string[];
}

/** What the team says about a project. Holds no time of day; durations only in `facts.tests`. */
export interface ProjectReport {
  readonly goal: string;
  readonly folder: string;
  readonly verdict: Verdict;
  /** Sentences, the weightiest first; never empty. */
  readonly reasons: readonly string[];
  /** By severity, category, file, line and title. */
  readonly findings: readonly ReportFinding[];
  /** The whole results, without their findings; null where there is no such result. */
  readonly facts: {
    readonly inventory: Omit<Inventory, "findings" | "notDone"> | null;
    readonly todos: Omit<TodoReport, "findings" | "notDone"> | null;
    readonly dependencies: Omit<DependencyReport, "findings" | "notDone"> | null;
    readonly tests: Omit<TestReport, "findings" | "notDone"> | null;
  };
  /** In the order of the plan. */
  readonly tasks: readonly ReportTask[];
  /** What was left out or could not be done, and why; sentences. */
  readonly notDone: readonly string[];
  /** The same for people. */
  readonly markdown: string;
}
