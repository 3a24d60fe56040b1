export type { Contract, Input, Operation, Output } from "./core/contract.ts";
export { contract } from "./core/contract.ts";
export type { Data } from "./core/data.ts";
export type { ErrorCode, ErrorData, ErrorKind, ErrorOutcome } from "./core/errors.ts";
export { ERROR_CODES, RuntimeError } from "./core/errors.ts";
export type { EffectClass, Outcome, TaskEvent } from "./core/event.ts";
export type { RunId, TaskId } from "./core/ids.ts";
export type { Priority } from "./core/priority.ts";
export type { CarryOutOptions } from "./orchestration/carry-out-plan.ts";
export type { FindOperation, PlanProblem } from "./orchestration/check-plan.ts";
export { checkPlan } from "./orchestration/check-plan.ts";
export type { Execution, Orchestrator } from "./orchestration/orchestrator.ts";
export { orchestrator } from "./orchestration/orchestrator.ts";
export type { Plan, PlanTask, TaskResult } from "./orchestration/plan.ts";
export type { AgentDefinition, AgentOptions, Handler, Handlers } from "./runtime/agent.ts";
export { agent } from "./runtime/agent.ts";
export type {
  AskOptions,
  Context,
  SendOptions,
  StepContext,
  StepOptions,
} from "./runtime/context.ts";
export type { Run, RunEvent, StartOptions } from "./runtime/runs.ts";
export type { System, SystemOptions } from "./system/create-system.ts";
export { createSystem } from "./system/create-system.ts";
