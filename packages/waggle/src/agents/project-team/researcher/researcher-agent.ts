import { z } from "zod";
import { type Contract, contract } from "../../../core/contract.ts";
import type { Workspace } from "../../../ports/workspace.ts";
import { type AgentDefinition, agent } from "../../../runtime/agent.ts";
import { ProjectFiles } from "../folder/project-files.ts";
import { analyseDependencies } from "./dependencies.ts";
import type { DependencyReport } from "./dependency-report.ts";
import { type Inventory, takeInventory } from "./inventory.ts";
import { dependencyReportSchema, inventorySchema, todoReportSchema } from "./report-schemas.ts";
import { findTodos, type TodoReport } from "./todos.ts";

/** What each operation of the researcher is asked. */
interface ResearchInput {
  /** Absolute path. */
  readonly folder: string;
}

type InputSchema = z.ZodType<ResearchInput, ResearchInput>;

const inputSchema: InputSchema = z.object({ folder: z.string().min(1) });

/** What the researcher can be asked: facts about a folder, read off its files. */
export const researcher: Contract<{
  readonly inventory: {
    readonly input: InputSchema;
    readonly output: z.ZodType<Inventory, Inventory>;
  };
  readonly todos: {
    readonly input: InputSchema;
    readonly output: z.ZodType<TodoReport, TodoReport>;
  };
  readonly dependencies: {
    readonly input: InputSchema;
    readonly output: z.ZodType<DependencyReport, DependencyReport>;
  };
}> = contract("researcher", {
  inventory: { input: inputSchema, output: inventorySchema },
  todos: { input: inputSchema, output: todoReportSchema },
  dependencies: { input: inputSchema, output: dependencyReportSchema },
});

/** The agent that reads: each operation is one recorded step over `workspace`, and nothing is written. */
export function researcherAgent(workspace: Workspace): AgentDefinition {
  return agent(
    researcher,
    {
      inventory: (ctx, { folder }) =>
        ctx.step("take inventory", async ({ signal }) =>
          takeInventory(await ProjectFiles.open(workspace, folder, signal)),
        ),
      todos: (ctx, { folder }) =>
        ctx.step("find todos", async ({ signal }) =>
          findTodos(await ProjectFiles.open(workspace, folder, signal)),
        ),
      dependencies: (ctx, { folder }) =>
        ctx.step("analyse dependencies", async ({ signal }) =>
          analyseDependencies(await ProjectFiles.open(workspace, folder, signal)),
        ),
    },
    { capabilities: ["read-project"] },
  );
}
