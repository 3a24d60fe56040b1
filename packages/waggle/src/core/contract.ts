import { runtimeError } from "./errors.ts";
import { parseAgentName, parseOperationName } from "./ids.ts";
import type { InferInput, InferOutput, Schema } from "./schema.ts";

/** One thing an agent can be asked to do. */
export interface OperationShape {
  readonly input: Schema;
  readonly output: Schema;
  /** How long an asker waits for the answer when it does not say itself. Default: no limit. */
  readonly timeoutMs?: number;
}

/** An operation of a contract, as it is passed to `ask`, `send` and `start`. Its types come from its schemas. */
export interface Operation<S extends OperationShape = OperationShape> {
  readonly agent: string;
  readonly name: string;
  readonly shape: S;
}

/** What a caller passes for `O`. */
export type Input<O extends Operation> = InferInput<O["shape"]["input"]>;

/** What the asker of `O` gets: the handler's result after parsing. */
export type Output<O extends Operation> = InferOutput<O["shape"]["output"]>;

/** The operations of a contract by name. */
export type OperationShapes = Readonly<Record<string, OperationShape>>;

/**
 * The public face of an agent: its name and what it can be asked. Pure data, so callers import no handler,
 * agents can live in other processes, and mutual asks infer (a type that depends on a handler would not).
 */
export type Contract<Shapes extends OperationShapes = OperationShapes> = {
  readonly [K in keyof Shapes & string]: Operation<Shapes[K]>;
} & { readonly agentName: string; readonly operations: Shapes };

/**
 * Declares what agent `name` can be asked.
 * @throws RuntimeError `USAGE` for a bad or reserved name; nothing happened.
 */
export function contract<const Shapes extends OperationShapes>(
  name: string,
  operations: Shapes,
): Contract<Shapes> {
  const agent = parseAgentName(name);
  const entries = Object.entries(operations).map(([operation, shape]) => {
    if (operation === "agentName" || operation === "operations") {
      throw runtimeError("USAGE", `operation name '${operation}' of agent '${agent}' is reserved`);
    }
    const made: Operation = Object.freeze({ agent, name: parseOperationName(operation), shape });
    return [operation, made] as const;
  });
  // The mapped type cannot be built without a cast; each entry was made from the shape of its own name.
  return Object.freeze({
    ...Object.fromEntries(entries),
    agentName: agent,
    operations,
  }) as Contract<Shapes>;
}
