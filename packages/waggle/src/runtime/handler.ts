import type { Operation as OperationRef } from "../core/contract.ts";
import { encodeData } from "../core/data.ts";
import type { Envelope } from "../core/envelope.ts";
import { runtimeError, toErrorData } from "../core/errors.ts";
import { type EncodedOutcome, errorOutcome, valueOutcome } from "../core/event-codec.ts";
import type { TaskId } from "../core/ids.ts";
import { PRIORITIES, type Priority, priorityLevel } from "../core/priority.ts";
import { parseWith } from "../core/schema.ts";
import { seededRandom } from "../core/seeded-random.ts";
import type { AgentDefinition } from "./agent.ts";
import { beginMessage, MAX_HOPS, type Message } from "./asks.ts";
import type { AskOptions, Context, SendOptions, StepOptions } from "./context.ts";
import { Operation, type OperationOwner } from "./operation.ts";
import type { OperationKind, Scope } from "./scope.ts";
import { beginStep, type StepBody } from "./steps.ts";

/** What a context needs of its task. */
export interface ContextOwner extends OperationOwner {
  readonly scope: Scope;
  readonly nowMs: number;
  readonly host: OperationOwner["host"] & { knowsAgent(agent: string): boolean };
  request(operation: Operation): void;
}

/** Makes the `ctx` of a task's handler. */
export function handlerContext(owner: ContextOwner): Context {
  const { task } = owner;
  let random: (() => number) | undefined;
  // The public signatures infer; inside, an operation is an operation.
  const context = {
    task: task.id,
    run: task.run,
    deadline: task.deadline,
    now: () => owner.nowMs,
    random: () => {
      random ??= seededRandom(Number.parseInt(task.id.slice(0, 8), 16));
      return random();
    },
    step: (name: string, body: StepBody, options: StepOptions = {}) =>
      call(owner, "step", name, options.key, (operation) =>
        beginStep(owner, operation, body, options),
      ),
    ask: (target: OperationRef, input: unknown, options: AskOptions = {}) =>
      send(owner, target, input, "ask", options.key, {
        priority: atLeast(task.priority, options.priority),
        timeoutMs: options.timeoutMs ?? target.shape.timeoutMs ?? null,
      }),
    send: (target: OperationRef, input: unknown, options: SendOptions = {}) =>
      send(owner, target, input, "send", options.key, {
        priority: options.priority ?? task.priority,
        timeoutMs: null,
      }) as Promise<TaskId>,
  };
  return context as unknown as Context;
}

function atLeast(own: Priority, wanted: Priority | undefined): Priority {
  const level = Math.max(priorityLevel(own), priorityLevel(wanted ?? own));
  return PRIORITIES[level] ?? own;
}

function send(
  owner: ContextOwner,
  target: OperationRef,
  input: unknown,
  kind: "ask" | "send",
  key: string | undefined,
  how: Pick<Message, "priority" | "timeoutMs">,
): Promise<unknown> {
  const name = `${target.agent}.${target.name}`;
  let message: Message;
  try {
    message = {
      agent: target.agent,
      operation: target.name,
      input: encodeData(
        parseWith(target.shape.input, input, `input of ${name}`),
        `input of ${name}`,
      ),
      awaited: kind === "ask",
      ...how,
    };
    checkTarget(owner, target.agent);
  } catch (refused) {
    return Promise.reject(refused);
  }
  return call(owner, kind, name, key, (operation) => beginMessage(owner, operation, message));
}

function checkTarget(owner: ContextOwner, agent: string): void {
  if (!owner.host.knowsAgent(agent)) {
    throw runtimeError("UNKNOWN_AGENT", `no agent '${agent}' is known here`);
  }
  if (owner.task.hops >= MAX_HOPS) {
    throw runtimeError(
      "LIMIT_REACHED",
      `a message to '${agent}' would be ${owner.task.hops + 1} messages away from the start of run '${owner.task.run}' (limit ${MAX_HOPS})`,
    );
  }
}

function call(
  owner: ContextOwner,
  kind: OperationKind,
  name: string,
  key: string | undefined,
  begin: (operation: Operation) => void,
): Promise<unknown> {
  try {
    const place = owner.scope.enter(kind, name, key);
    const operation = new Operation(place, begin);
    owner.request(operation);
    return operation.promise;
  } catch (refused) {
    return Promise.reject(refused);
  }
}

/** Runs the handler that `task` names, and reports how it ended as an outcome; never throws. */
export function runHandler(
  definition: AgentDefinition,
  context: Context,
  task: Envelope,
  input: unknown,
  ended: (outcome: EncodedOutcome) => void,
): void {
  const name = `${task.agent}.${task.operation}`;
  const fail = (thrown: unknown): void => ended(errorOutcome(toErrorData(thrown)));
  const succeed = (value: unknown): void => {
    try {
      const shape = definition.operations[task.operation];
      const parsed =
        shape === undefined ? value : parseWith(shape.output, value, `result of ${name}`);
      ended(valueOutcome(encodeData(parsed, `result of ${name}`)));
    } catch (refused) {
      fail(refused);
    }
  };
  try {
    const handler = definition.handler(task.operation);
    if (handler === undefined) {
      throw runtimeError("USAGE", `agent '${task.agent}' has no operation '${task.operation}'`);
    }
    Promise.resolve(handler(context, input)).then(succeed, fail);
  } catch (thrown) {
    fail(thrown);
  }
}

/** The parsed input of a root as JSON text. */
export function encodeInput(target: OperationRef, input: unknown): string {
  const what = `input of ${target.agent}.${target.name}`;
  return encodeData(parseWith(target.shape.input, input, what), what);
}
