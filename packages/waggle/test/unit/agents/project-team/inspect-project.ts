import {
  type PlanRequest,
  planner,
} from "../../../../src/agents/project-team/planner/planner-agent.ts";
import {
  type ProjectTeamParts,
  projectTeam,
} from "../../../../src/agents/project-team/project-team.ts";
import type { ProjectReport } from "../../../../src/agents/project-team/synthesizer/project-report.ts";
import { carryOutPlan } from "../../../../src/orchestration/carry-out-plan.ts";
import { checkPlan, type FindOperation } from "../../../../src/orchestration/check-plan.ts";
import type { Plan } from "../../../../src/orchestration/plan.ts";
import { directContext, type StepRecord } from "./direct-context.ts";

/** What one inspection brought. */
export interface Inspection {
  readonly plan: Plan;
  readonly report: ProjectReport;
  readonly steps: readonly StepRecord[];
}

/** Lets the whole team look at a project: plans, checks the plan, carries it out. */
export async function inspectProject(
  parts: ProjectTeamParts,
  request: PlanRequest,
): Promise<Inspection> {
  const agents = projectTeam(parts);
  const steps: StepRecord[] = [];
  const ctx = directContext(agents, steps);
  const find: FindOperation = (agent, name) =>
    agents.find((candidate) => candidate.name === agent)?.operation(name);
  const plan = await ctx.ask(planner.plan, request);
  const problems = checkPlan(plan, find);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const results = await carryOutPlan(ctx, plan, find);
  const result = results["report"];
  if (result?.type !== "done") throw new Error(`no report: ${JSON.stringify(result)}`);
  return { plan, report: result.value as ProjectReport, steps };
}
