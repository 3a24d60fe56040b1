export { planner } from "./planner/planner-agent.ts";
export type { ProjectTeamParts } from "./project-team.ts";
export { projectTeam } from "./project-team.ts";
export { qa } from "./qa/qa-agent.ts";
export { researcher } from "./researcher/researcher-agent.ts";
export { synthesizer } from "./synthesizer/synthesizer-agent.ts";
