import type { ProjectReport } from "../agents/project-team/synthesizer/project-report.ts";
import type { ErrorData } from "../core/errors.ts";
import { runtimeError } from "../core/errors.ts";
import type { Outcome } from "../core/event.ts";
import type { Execution } from "../orchestration/orchestrator.ts";

/** What came out of a run that has ended. */
export type RunResult =
  | { readonly type: "report"; readonly report: ProjectReport }
  | { readonly type: "failed"; readonly error: ErrorData };

/** Finds the report in how a run ended: the result of the last task of its plan. */
export function resultOf(outcome: Outcome): RunResult {
  if (outcome.type === "error") return { type: "failed", error: outcome.error };
  const { plan, results } = outcome.value as Partial<Execution>;
  const last = plan?.tasks.at(-1);
  const result = last === undefined ? undefined : results?.[last.id];
  if (result?.type === "failed") return { type: "failed", error: result.error };
  if (result?.type === "done" && isReport(result.value)) {
    return { type: "report", report: result.value };
  }
  const error = runtimeError("NOT_FOUND", "the run ended without a report");
  return { type: "failed", error: error.toData() };
}

/** The report was made by the synthesizer and recorded whole; another program's runs end with other things. */
function isReport(value: unknown): value is ProjectReport {
  return (
    typeof value === "object" &&
    value !== null &&
    "verdict" in value &&
    "findings" in value &&
    "markdown" in value
  );
}
