import type { Plan, PlanTask } from "../../../orchestration/plan.ts";
import type { ProjectKind } from "../folder/project-kind.ts";
import { readGoal, type Topic } from "./goal.ts";

/** What a user allows. */
export interface PlanOptions {
  /** QA may install missing dependencies in its own copy, over the network. */
  readonly install: boolean;
  /** QA may run the tests where nothing isolates them from the machine. */
  readonly allowUnsandboxed: boolean;
  /** How long QA lets the tests run, and an installation before them, each. */
  readonly testTimeoutMs: number;
}

/** What the planner saw of the folder. */
export interface FolderLook {
  readonly kinds: readonly ProjectKind[];
  readonly fileCount: number;
  readonly hasPackageJson: boolean;
  readonly hasTestFiles: boolean;
}

interface Draft {
  readonly id: Topic;
  readonly description: string;
  readonly agent: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * Makes the plan: a task per topic that makes sense for the folder, side by side, and the report after all of them,
 * whatever becomes of them. What is left out stands in the report task's `notes`. Depends on nothing but its input.
 */
export function makePlan(
  goal: string,
  folder: string,
  options: PlanOptions,
  look: FolderLook,
): Plan {
  const reading = readGoal(goal);
  const fits = reading.topics.map((topic) => ({ topic, obstacle: obstacleTo(topic, look) }));
  const drafts = fits
    .filter(({ obstacle }) => obstacle === null)
    .map(({ topic }) => draftOf(topic, folder, options));
  const notes = [
    ...reading.notes,
    ...kindNotes(look),
    ...fits.flatMap(({ obstacle }) => obstacle ?? []),
  ];
  const tasks: readonly PlanTask[] = drafts.map((draft) => ({ ...draft, needs: [] }));
  const report: PlanTask = {
    id: "report",
    description: "put everything together and judge it",
    agent: "synthesizer",
    operation: "report",
    input: {
      goal,
      folder,
      notes,
      tasks: drafts.map(({ id, description, agent, operation }) => ({
        id,
        description,
        agent,
        operation,
      })),
    },
    needs: drafts.map((draft) => draft.id),
    afterFailure: "run",
  };
  return { goal, tasks: [...tasks, report] };
}

function draftOf(topic: Topic, folder: string, options: PlanOptions): Draft {
  switch (topic) {
    case "inventory":
      return {
        id: topic,
        description: "look at the files and the manifest",
        agent: "researcher",
        operation: "inventory",
        input: { folder },
      };
    case "todos":
      return {
        id: topic,
        description: "find what comments mark as undone",
        agent: "researcher",
        operation: "todos",
        input: { folder },
      };
    case "dependencies":
      return {
        id: topic,
        description: "compare declared, used and installed packages",
        agent: "researcher",
        operation: "dependencies",
        input: { folder },
      };
    case "tests":
      return {
        id: topic,
        description: "run the project's own tests",
        agent: "qa",
        operation: "test",
        input: {
          folder,
          install: options.install,
          allowUnsandboxed: options.allowUnsandboxed,
          limits: { wallMs: options.testTimeoutMs },
        },
      };
  }
}

/** Why a topic makes no sense for the folder; null if it does. */
function obstacleTo(topic: Topic, look: FolderLook): string | null {
  if (topic === "inventory") return null;
  if (look.fileCount === 0) return `${topic} left out: the folder has no files`;
  if (topic === "dependencies" && !look.hasPackageJson) {
    return "dependencies left out: the folder has no package.json, and this team knows no other manifest's dependencies";
  }
  if (topic === "tests" && !look.hasPackageJson && !look.hasTestFiles && look.kinds.length > 0) {
    return `tests left out: this team runs the tests of Node projects only, and this is a ${look.kinds.join(" and ")} project`;
  }
  return null;
}

function kindNotes(look: FolderLook): readonly string[] {
  const others = look.kinds.filter((kind) => kind !== "node");
  if (look.fileCount === 0) return [];
  if (look.kinds.length === 0) {
    return ["the folder has no manifest that this team knows, so it is taken as a folder of files"];
  }
  if (others.length === 0) return [];
  return [`of the ${others.join(" and ")} part of the project only files and TODOs were looked at`];
}
