import { z } from "zod";
import { type Contract, contract } from "../../../core/contract.ts";
import type { ErrorData } from "../../../core/errors.ts";
import type { Schema } from "../../../core/schema.ts";
import type { TaskResult } from "../../../orchestration/plan.ts";
import { type AgentDefinition, agent } from "../../../runtime/agent.ts";
import { toMarkdown } from "./markdown.ts";
import type { ProjectReport } from "./project-report.ts";
import { type PlannedTask, readResults } from "./read-results.ts";
import { judge } from "./verdict.ts";

/** What the synthesizer is asked. */
export interface ReportInput {
  readonly goal: string;
  readonly folder: string;
  /** What the planner has to say; repeated in the report. */
  readonly notes: readonly string[];
  /** The tasks whose results these are, in the order of the plan. */
  readonly tasks: readonly PlannedTask[];
  /** By id of the task. */
  readonly results: Readonly<Record<string, TaskResult>>;
}

/** {@link ReportInput} as a caller gives it; lists that are left out are empty. */
export interface ReportRequest {
  readonly goal: string;
  readonly folder: string;
  readonly notes?: readonly string[] | undefined;
  readonly tasks?: readonly PlannedTask[] | undefined;
  readonly results: Readonly<Record<string, TaskResult>>;
}

const errorSchema: z.ZodType<ErrorData, ErrorData> = z.object({
  code: z.string(),
  kind: z.enum([
    "usage",
    "state",
    "capacity",
    "unavailable",
    "timeout",
    "cancelled",
    "fenced",
    "model",
    "invariant",
  ]),
  outcome: z.enum(["not-applied", "applied", "unknown"]),
  retryable: z.boolean(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).exactOptional(),
  retryAfterMs: z.number().exactOptional(),
});

const resultSchema: z.ZodType<TaskResult, TaskResult> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("done"), value: z.unknown() }),
  z.object({ type: z.literal("failed"), error: errorSchema }),
  z.object({ type: z.literal("skipped"), because: z.array(z.string()) }),
]);

const inputSchema: z.ZodType<ReportInput, ReportRequest> = z.object({
  goal: z.string(),
  folder: z.string(),
  notes: z.array(z.string()).default([]),
  tasks: z
    .array(
      z.object({
        id: z.string(),
        description: z.string(),
        agent: z.string(),
        operation: z.string(),
      }),
    )
    .default([]),
  results: z.record(z.string(), resultSchema),
});

/** Made here from results that were checked, so it is not checked a second time. */
const reportSchema: Schema<ProjectReport> = {
  "~standard": {
    version: 1,
    vendor: "waggledance",
    validate: (value) => ({ value: value as ProjectReport }),
  },
};

/** What the synthesizer can be asked: a report of what the others found. */
export const synthesizer: Contract<{
  readonly report: {
    readonly input: z.ZodType<ReportInput, ReportRequest>;
    readonly output: Schema<ProjectReport>;
  };
}> = contract("synthesizer", { report: { input: inputSchema, output: reportSchema } });

/** The agent that puts the results together. It looks at nothing itself. */
export function synthesizerAgent(): AgentDefinition {
  return agent(
    synthesizer,
    { report: (_ctx, input) => makeReport(input) },
    { capabilities: ["report-project"] },
  );
}

/** The report of `input`; the same input gives the same report. */
function makeReport(input: ReportInput): ProjectReport {
  const results = readResults(input.tasks, input.results);
  const { verdict, reasons } = judge(results);
  const report: Omit<ProjectReport, "markdown"> = {
    goal: input.goal,
    folder: input.folder,
    verdict,
    reasons,
    findings: results.findings,
    facts: {
      inventory: withoutNotes(results.inventory),
      todos: withoutNotes(results.todos),
      dependencies: withoutNotes(results.dependencies),
      tests: withoutNotes(results.tests),
    },
    tasks: results.tasks,
    notDone: [...new Set([...input.notes, ...results.notDone])],
  };
  return { ...report, markdown: toMarkdown(report) };
}

function withoutNotes<T extends { readonly findings: unknown; readonly notDone: unknown }>(
  result: T | null,
): Omit<T, "findings" | "notDone"> | null {
  if (result === null) return null;
  const { findings: _findings, notDone: _notDone, ...facts } = result;
  return facts;
}
