export type {
  AcceptedAnswer,
  AnswerLedger,
  AnswerOptions,
  GivenAnswer,
} from "./agents/person/answer-question.ts";
export { answerQuestion } from "./agents/person/answer-question.ts";
export type {
  OpenEscalation,
  OpenQuestion,
  QuestionLedger,
  QuestionQuery,
} from "./agents/person/open-questions.ts";
export { openQuestions } from "./agents/person/open-questions.ts";
export type { EscalationRule, Person, PersonOptions } from "./agents/person/person.ts";
export { approves, person } from "./agents/person/person.ts";
export type { Wanted } from "./agents/person/posed-question.ts";
export type {
  Approval,
  Choice,
  ChoiceRequest,
  EditedValue,
  EditRequest,
  FilledForm,
  FormField,
  FormRequest,
  QuestionKind,
  QuestionRequest,
  Reply,
  TextAnswer,
} from "./agents/person/question-kinds.ts";
export type {
  Contract,
  ContractOptions,
  Input,
  MessageType,
  Operation,
  Output,
} from "./core/contract.ts";
export { contract, messageType, to } from "./core/contract.ts";
export type { Data } from "./core/data.ts";
export type { ErrorCode, ErrorData, ErrorKind, ErrorOutcome } from "./core/errors.ts";
export { ERROR_CODES, RuntimeError } from "./core/errors.ts";
export type { DropReason, EffectClass, Outcome, ResponseAddress, TaskEvent } from "./core/event.ts";
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
  AllOptions,
  AskOptions,
  Broadcast,
  BroadcastOptions,
  Context,
  Reconciled,
  RetryOptions,
  SendOptions,
  StepContext,
  StepOptions,
  Won,
} from "./runtime/context.ts";
export type { DeadLetter } from "./runtime/dead-letters.ts";
export type { AgentStatus } from "./runtime/directory.ts";
export type { Divergence } from "./runtime/divergence.ts";
export type { ForkPoint } from "./runtime/fork.ts";
export type { PeerQuery } from "./runtime/operation.ts";
export type { CancelReceipt, TaskEnd, UnknownEffect } from "./runtime/receipt.ts";
export type { AgentHost, RegisteredAgent } from "./runtime/registry.ts";
export type { SignalOptions } from "./runtime/run-control.ts";
export type { Run, RunEvent, StartOptions } from "./runtime/runs.ts";
export type { Attempt, TryInHandler, TryOnce, TryPlace } from "./runtime/transact.ts";
export type {
  Basis,
  Board,
  BoardOptions,
  HistoryOptions,
  HistoryPage,
  UpdateOptions,
  WriteOptions,
} from "./state/board.ts";
export type { BoardContext, BoardOperationOptions } from "./state/board-context.ts";
export { boardIn } from "./state/board-context.ts";
export type { BoardEntry } from "./state/board-entry.ts";
export type { BinaryKey, BoardKey, StoredBytes } from "./state/board-key.ts";
export { binaryKey, boardKey } from "./state/board-key.ts";
export type { BoardName } from "./state/board-place.ts";
export type {
  BoardChange,
  BoardListener,
  BoardSubscription,
  SubscribeOptions,
  SubscriberTrouble,
} from "./state/board-subscription.ts";
export type { BoardTransaction } from "./state/board-transaction.ts";
export type { BoardView } from "./state/board-view.ts";
export type { KeptDeadLetter } from "./state/dead-letters.ts";
export type { FailedResponse, TopicResponse } from "./state/gathering.ts";
export type { AppendMerge, Merge } from "./state/merge.ts";
export { openBoard } from "./state/open-board.ts";
export { publishIn } from "./state/publish-in.ts";
export type { TopicEvent, TopicPage } from "./state/read-topics.ts";
export type { RecordedView } from "./state/recorded-view.ts";
export type { RequestOptions, Responses } from "./state/request-in.ts";
export { requestIn } from "./state/request-in.ts";
export type { RequestTopic } from "./state/request-topic.ts";
export { requestTopic } from "./state/request-topic.ts";
export type { OnOptions, Subscription } from "./state/subscription.ts";
export { on } from "./state/subscription.ts";
export type { PublishOptions, Topic } from "./state/topic.ts";
export { topic } from "./state/topic.ts";
export type { EventOf, FollowOptions, Topics } from "./state/topics.ts";
export { openTopics } from "./state/topics.ts";
export type { System, SystemOptions } from "./system/create-system.ts";
export { createSystem } from "./system/create-system.ts";
export type { RunsVerdict, VerifiedTask, VerifyRunsOptions } from "./system/verify-runs.ts";
export { verifyRuns } from "./system/verify-runs.ts";
export type { RunExplanation } from "./telemetry/explanation.ts";
