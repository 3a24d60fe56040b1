import { encodeData } from "../core/data.ts";
import type { Envelope } from "../core/envelope.ts";
import { runtimeError, toErrorData } from "../core/errors.ts";
import { errorPayload, type OutcomePayload, valuePayload } from "../core/payload.ts";
import { parseWith } from "../core/schema.ts";
import type { AgentDefinition } from "./agent.ts";
import type { Context } from "./context.ts";

/** Runs the handler that `task` names, and reports how it ended as an outcome; never throws. */
export function runHandler(
  definition: AgentDefinition,
  context: Context,
  task: Envelope,
  input: unknown,
  ended: (outcome: OutcomePayload) => void,
): void {
  const name = `${task.agent}.${task.operation}`;
  const fail = (thrown: unknown): void => ended(errorPayload(toErrorData(thrown)));
  const succeed = (value: unknown): void => {
    try {
      const shape = definition.operations[task.operation];
      const parsed =
        shape === undefined ? value : parseWith(shape.output, value, `result of ${name}`);
      ended(valuePayload(encodeData(parsed, `result of ${name}`)));
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
