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
  /** See {@link ContractOptions.mailbox}; undefined where the sender does not know the agent's contract. */
  readonly mailbox: number | undefined;
  /** The key of an input that was parsed; undefined: the agent takes its messages in any order. */
  readonly keyOf: ((input: unknown) => string) | undefined;
}

/** How an agent takes its messages; known to whoever has its contract. */
export interface ContractOptions<Shapes extends OperationShapes> {
  /**
   * Messages of one key are taken one at a time, in the order in which they were accepted; the next one when the
   * one before is answered. At most 200 characters. Default: none, as many at a time as the agent's `concurrency`.
   */
  readonly key?: (input: InferOutput<Shapes[keyof Shapes]["input"]>) => string;
  /** Most messages that may wait for the agent, on all hosts together. Default 10,000. */
  readonly mailbox?: number;
}

/** Messages that may wait for an agent whose contract does not say: some MB of ledger, minutes of work. */
const DEFAULT_MAILBOX = 10_000;

const MAX_KEY_LENGTH = 200;

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
 * @throws RuntimeError `USAGE` for a bad or reserved name, or a mailbox below 1; nothing happened.
 */
export function contract<const Shapes extends OperationShapes>(
  name: string,
  operations: Shapes,
  options: ContractOptions<Shapes> = {},
): Contract<Shapes> {
  const agent = parseAgentName(name);
  const mailbox = options.mailbox ?? DEFAULT_MAILBOX;
  if (!Number.isSafeInteger(mailbox) || mailbox < 1) {
    const problem = `mailbox ${mailbox} of agent '${agent}' is no whole number of at least 1`;
    throw runtimeError("USAGE", problem);
  }
  const keyOf = checkedKey(agent, options.key as ((input: unknown) => string) | undefined);
  const entries = Object.entries(operations).map(([operation, shape]) => {
    if (operation === "agentName" || operation === "operations") {
      throw runtimeError("USAGE", `operation name '${operation}' of agent '${agent}' is reserved`);
    }
    const named = parseOperationName(operation);
    const made: Operation = Object.freeze({ agent, name: named, shape, mailbox, keyOf });
    return [operation, made] as const;
  });
  // The mapped type cannot be built without a cast; each entry was made from the shape of its own name.
  return Object.freeze({
    ...Object.fromEntries(entries),
    agentName: agent,
    operations,
  }) as Contract<Shapes>;
}

/**
 * A kind of message that many agents may take: an operation without an agent. Put its `shape` into the contracts
 * of those who take it, and address one of them by name with {@link to}, or all with `ctx.broadcast`.
 */
export interface MessageType<S extends OperationShape = OperationShape> {
  readonly name: string;
  readonly shape: S;
}

/**
 * Declares a kind of message.
 * @throws RuntimeError `USAGE` for a name that is no operation name; nothing happened.
 */
export function messageType<const S extends OperationShape>(
  name: string,
  shape: S,
): MessageType<S> {
  return Object.freeze({ name: parseOperationName(name), shape });
}

/**
 * The operation `type` of the agent called `agent`, for a name that is known only when it runs: found by
 * capability, or given by a user. Not for agents with keys: their contract is needed to find the key.
 * @throws RuntimeError `USAGE` if `agent` is no agent name; nothing happened.
 */
export function to<S extends OperationShape>(agent: string, type: MessageType<S>): Operation<S> {
  const { name, shape } = type;
  return { agent: parseAgentName(agent), name, shape, mailbox: undefined, keyOf: undefined };
}

function checkedKey(
  agent: string,
  key: ((input: unknown) => string) | undefined,
): ((input: unknown) => string) | undefined {
  if (key === undefined) return undefined;
  return (input) => {
    const found: unknown = key(input);
    if (typeof found === "string" && found.length > 0 && found.length <= MAX_KEY_LENGTH)
      return found;
    const got =
      typeof found === "string" ? `has ${found.length} characters` : `is ${String(found)}`;
    const limit = `it must be a text of 1 to ${MAX_KEY_LENGTH} characters`;
    throw runtimeError("USAGE", `the key of a message to agent '${agent}' ${got}: ${limit}`);
  };
}
