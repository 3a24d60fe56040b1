import type { SandboxOffer } from "../../ports/sandbox.ts";
import type { Workspace } from "../../ports/workspace.ts";
import type { AgentDefinition } from "../../runtime/agent.ts";
import { plannerAgent } from "./planner/planner-agent.ts";
import { qaAgent } from "./qa/qa-agent.ts";
import { researcherAgent } from "./researcher/researcher-agent.ts";
import { synthesizerAgent } from "./synthesizer/synthesizer-agent.ts";

/** What the team reaches the world through. The caller keeps and disposes both. */
export interface ProjectTeamParts {
  readonly workspace: Workspace;
  readonly sandbox: SandboxOffer;
}

/**
 * The team that looks at a project folder: planner, researcher, qa and synthesizer. They work by rules, without a
 * language model, write nothing into the folder, and run foreign code only in `sandbox`. Their contracts are
 * `planner`, `researcher`, `qa` and `synthesizer`; an orchestrator with `planner.plan` carries out their plans.
 */
export function projectTeam(parts: ProjectTeamParts): readonly AgentDefinition[] {
  return [
    plannerAgent(parts.workspace),
    researcherAgent(parts.workspace),
    qaAgent(parts.workspace, parts.sandbox),
    synthesizerAgent(),
  ];
}
