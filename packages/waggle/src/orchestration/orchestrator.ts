import { contract, type Operation, type OperationShape } from "../core/contract.ts";
import { runtimeError } from "../core/errors.ts";
import type { Schema } from "../core/schema.ts";
import { type AgentDefinition, agent } from "../runtime/agent.ts";
import { type CarryOutOptions, carryOutPlan } from "./carry-out-plan.ts";
import { checkPlan, type FindOperation } from "./check-plan.ts";
import type { Plan, TaskResult } from "./plan.ts";

/** What an orchestrator returns: the plan as it was carried out, and how each of its tasks ended. */
export interface Execution {
  readonly plan: Plan;
  readonly results: Readonly<Record<string, TaskResult>>;
}

/** An operation that answers with a plan. */
export type PlannerShape = OperationShape & { readonly output: Schema<Plan> };

/** An orchestrator and what it is asked. `execute` takes what its planner takes. */
export interface Orchestrator<S extends PlannerShape> {
  readonly agent: AgentDefinition;
  readonly execute: Operation<{ readonly input: S["input"]; readonly output: Schema<Execution> }>;
}

/** Takes any plain data that an {@link Execution} is; its parts were checked when they were made. */
const executionSchema: Schema<Execution> = {
  "~standard": {
    version: 1,
    vendor: "waggledance",
    validate: (value) => ({ value: value as Execution }),
  },
};

/**
 * Makes an orchestrator: an ordinary agent without private powers. It asks the planner, checks the plan
 * whoever made it (`INVALID_PLAN` with all problems, before anything of it runs), and carries it out by
 * asking the agents it names.
 */
export function orchestrator<S extends PlannerShape>(
  name: string,
  parts: {
    readonly planner: Operation<S>;
    /** Whom plans may name. */
    readonly agents: readonly AgentDefinition[];
  } & CarryOutOptions,
): Orchestrator<S> {
  const find = operationsOf(parts.agents);
  const { planner } = parts;
  const face = contract(name, {
    execute: { input: planner.shape.input as S["input"], output: executionSchema },
  });
  const definition = agent(face, {
    async execute(ctx, input) {
      const plan: Plan = await ctx.ask(planner, input);
      const problems = checkPlan(plan, find);
      if (problems.length > 0) {
        const text = problems
          .map(({ task, message }) => (task === null ? message : `task '${task}': ${message}`))
          .join("; ");
        throw runtimeError("INVALID_PLAN", `the plan cannot be carried out: ${text}`, {
          details: { problems },
        });
      }
      return { plan, results: await carryOutPlan(ctx, plan, find, parts) };
    },
  });
  return { agent: definition, execute: face.execute };
}

function operationsOf(agents: readonly AgentDefinition[]): FindOperation {
  const byName = new Map(agents.map((definition) => [definition.name, definition]));
  return (agentName, operation) => byName.get(agentName)?.operation(operation);
}
