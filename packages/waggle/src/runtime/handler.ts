import { encodeData } from "../core/data.ts";
import type { Envelope } from "../core/envelope.ts";
import { runtimeError } from "../core/errors.ts";
import { errorPayload, type OutcomePayload, valuePayload } from "../core/payload.ts";
import { parseWith } from "../core/schema.ts";
import { toErrorData } from "../core/thrown.ts";
import type { AgentDefinition } from "./agent.ts";
import type { Context } from "./context.ts";

/** Whoever waits for a handler. */
export interface HandlerOwner {
  readonly task: Envelope;
  /** It has returned or thrown; called once. */
  handlerEnded(outcome: OutcomePayload): void;
}

/** Runs the handler that the task of `owner` names, and tells it how that ended, as an outcome; never throws. */
export function runHandler(
  definition: AgentDefinition,
  context: Context,
  input: unknown,
  owner: HandlerOwner,
): void {
  const { agent, operation } = owner.task;
  try {
    const handler = definition.handler(operation);
    if (handler === undefined) {
      throw runtimeError("USAGE", `agent '${agent}' has no operation '${operation}'`);
    }
    Promise.resolve(handler(context, input)).then(
      (value) => owner.handlerEnded(outcomeOf(definition, owner.task, value)),
      (thrown) => owner.handlerEnded(errorPayload(toErrorData(thrown))),
    );
  } catch (thrown) {
    owner.handlerEnded(errorPayload(toErrorData(thrown)));
  }
}

/** What the handler returned, parsed; an error if it does not fit the contract. */
function outcomeOf(
  definition: AgentDefinition,
  { agent, operation }: Envelope,
  value: unknown,
): OutcomePayload {
  const what = `result of ${agent}.${operation}`;
  try {
    const shape = definition.operations[operation];
    const parsed = shape === undefined ? value : parseWith(shape.output, value, what);
    return valuePayload(encodeData(parsed, what));
  } catch (refused) {
    return errorPayload(toErrorData(refused));
  }
}
