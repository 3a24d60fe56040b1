import type { Input, Operation, Output } from "../../../../src/core/contract.ts";
import { decodeData, encodeData } from "../../../../src/core/data.ts";
import { runtimeError } from "../../../../src/core/errors.ts";
import { parseRunId, rootTaskId } from "../../../../src/core/ids.ts";
import { parseWith } from "../../../../src/core/schema.ts";
import type { AgentDefinition } from "../../../../src/runtime/agent.ts";
import type { Context, StepContext } from "../../../../src/runtime/context.ts";

/** One step that ran: its name and the length of its encoded result. */
export interface StepRecord {
  readonly name: string;
  readonly length: number;
}

/**
 * A context without a ledger: steps run at once, and asks call the handlers of `agents` directly, with inputs and
 * outputs parsed and encoded as the kernel does. `records` gets every step.
 */
export function directContext(
  agents: readonly AgentDefinition[],
  records: StepRecord[] = [],
): Context {
  const run = parseRunId("direct");
  const made: Pick<Context, "run" | "task" | "deadline" | "now" | "random" | "step" | "ask"> = {
    run,
    task: rootTaskId(run),
    deadline: null,
    now: () => 0,
    random: () => 0.5,
    async step<T>(name: string, body: (step: StepContext) => unknown): Promise<T> {
      const result = await body({ signal: new AbortController().signal, key: name, attempt: 1 });
      const text = encodeData(result, `result of step '${name}'`);
      records.push({ name, length: text.length });
      return decodeData(text) as T;
    },
    async ask<O extends Operation>(operation: O, input: Input<O>): Promise<Output<O>> {
      const handler = agents
        .find((agent) => agent.name === operation.agent)
        ?.handler(operation.name);
      if (handler === undefined) {
        throw runtimeError("UNKNOWN_AGENT", `no agent offers ${operation.agent}.${operation.name}`);
      }
      const { shape } = operation;
      const parsed = parseWith(shape.input, decodeData(encodeData(input, "input")), "input");
      const answer = await handler(context, parsed);
      const output = parseWith(shape.output, decodeData(encodeData(answer, "output")), "output");
      return output as Output<O>;
    },
  };
  // The team only steps and asks; anything else fails as no function.
  const context = made as Context;
  return context;
}
