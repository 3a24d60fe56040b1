import { z } from "zod";
import { type Contract, contract } from "../../../core/contract.ts";
import type { Plan, PlanTask } from "../../../orchestration/plan.ts";
import type { Workspace } from "../../../ports/workspace.ts";
import { type AgentDefinition, agent } from "../../../runtime/agent.ts";
import { isTestFile } from "../folder/file-role.ts";
import { ProjectFiles } from "../folder/project-files.ts";
import { projectKinds } from "../folder/project-kind.ts";
import { type FolderLook, makePlan, type PlanOptions } from "./make-plan.ts";

/** What the planner is asked. */
export interface PlanInput {
  /** In words, in English. */
  readonly goal: string;
  /** Absolute path. */
  readonly folder: string;
  readonly options: PlanOptions;
}

/** {@link PlanInput} as a caller gives it; options that are left out are `false`, and the time five minutes. */
export interface PlanRequest {
  readonly goal: string;
  readonly folder: string;
  readonly options?:
    | {
        readonly install?: boolean | undefined;
        readonly allowUnsandboxed?: boolean | undefined;
        readonly testTimeoutMs?: number | undefined;
      }
    | undefined;
}

const DEFAULT_OPTIONS: PlanOptions = {
  install: false,
  allowUnsandboxed: false,
  testTimeoutMs: 300_000,
};

const inputSchema: z.ZodType<PlanInput, PlanRequest> = z.object({
  goal: z.string().min(1).max(4_000),
  folder: z.string().min(1),
  options: z
    .object({
      install: z.boolean().default(false),
      allowUnsandboxed: z.boolean().default(false),
      testTimeoutMs: z.number().int().positive().default(DEFAULT_OPTIONS.testTimeoutMs),
    })
    .default(DEFAULT_OPTIONS),
});

const taskSchema: z.ZodType<PlanTask, PlanTask> = z.object({
  id: z.string(),
  description: z.string(),
  agent: z.string(),
  operation: z.string(),
  input: z.record(z.string(), z.unknown()),
  needs: z.array(z.string()),
  afterFailure: z.enum(["skip", "run"]).exactOptional(),
  timeoutMs: z.number().positive().exactOptional(),
});

const planSchema: z.ZodType<Plan, Plan> = z.object({
  goal: z.string(),
  tasks: z.array(taskSchema),
});

/** What the planner can be asked: a plan for a goal and a folder. */
export const planner: Contract<{
  readonly plan: {
    readonly input: z.ZodType<PlanInput, PlanRequest>;
    readonly output: z.ZodType<Plan, Plan>;
  };
}> = contract("planner", { plan: { input: inputSchema, output: planSchema } });

/** The agent that plans by rules: it looks at the folder once and reads the goal's words. */
export function plannerAgent(workspace: Workspace): AgentDefinition {
  return agent(
    planner,
    {
      async plan(ctx, { goal, folder, options }) {
        const look = await ctx.step("look at the folder", (step) =>
          lookAt(workspace, folder, step.signal),
        );
        return makePlan(goal, folder, options, look);
      },
    },
    { capabilities: ["plan-project-inspection"] },
  );
}

async function lookAt(
  workspace: Workspace,
  folder: string,
  signal: AbortSignal,
): Promise<FolderLook> {
  const files = await ProjectFiles.open(workspace, folder, signal);
  return {
    kinds: projectKinds(files.listing.files),
    fileCount: files.listing.files.length,
    hasPackageJson: files.has("package.json"),
    hasTestFiles: files.listing.files.some((file) => isTestFile(file.path)),
  };
}
