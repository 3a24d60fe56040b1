import type { Contract, Operation, OperationShape, OperationShapes } from "../core/contract.ts";
import { runtimeError } from "../core/errors.ts";
import type { InferInput, InferOutput } from "../core/schema.ts";
import type { Context } from "./context.ts";

/** Answers one operation. What it throws becomes the asker's error. */
export type Handler<S extends OperationShape> = (
  ctx: Context,
  input: InferOutput<S["input"]>,
) => Promise<InferInput<S["output"]>> | InferInput<S["output"]>;

/** One handler per operation of a contract. */
export type Handlers<Shapes extends OperationShapes> = {
  readonly [K in keyof Shapes]: Handler<Shapes[K]>;
};

export interface AgentOptions {
  /** What it is good at, in words that others search for. */
  readonly capabilities?: readonly string[];
  /** Names by which several agents are addressed at once (`ctx.broadcast`). */
  readonly groups?: readonly string[];
  /**
   * Of its code: 1 to 200 characters. What it has begun and recorded is continued only by hosts that run this version,
   * or one that continues it. Default: none; then whoever has the agent continues it.
   */
  readonly version?: string;
  /**
   * Older versions whose tasks this code can continue: replaying what they recorded, it asks for the same. Only with
   * `version`. Default: none.
   */
  readonly continues?: readonly string[];
  /** Tasks of it that may be busy at one time in one host; those that wait do not count. Default 16. */
  readonly concurrency?: number;
}

/** An agent as {@link agent} made it. Stateless: all state is in the tasks' streams. */
export interface AgentDefinition {
  readonly name: string;
  readonly operations: OperationShapes;
  readonly capabilities: readonly string[];
  readonly groups: readonly string[];
  readonly version: string | null;
  readonly continues: readonly string[];
  readonly concurrency: number;
  /** True if its contract has a key. */
  readonly keyed: boolean;
  /** An operation as its contract declares it. */
  operation(name: string): Operation | undefined;
  handler(operation: string): Handler<OperationShape> | undefined;
}

/** A contract as its operations by name. */
type ByName = Readonly<Record<string, Operation | undefined>>;

/**
 * Puts handlers behind a contract.
 * @throws RuntimeError `USAGE` when a handler is missing, too many, `concurrency` is no whole number >= 1, or `version` and
 * `continues` do not fit together.
 */
export function agent<Shapes extends OperationShapes>(
  contract: Contract<Shapes>,
  handlers: Handlers<Shapes>,
  options: AgentOptions = {},
): AgentDefinition {
  const { agentName: name, operations } = contract;
  const table = new Map(Object.entries(handlers)) as ReadonlyMap<string, Handler<OperationShape>>;
  const problems = [
    ...Object.keys(operations)
      .filter((operation) => typeof table.get(operation) !== "function")
      .map((operation) => `no handler for '${operation}'`),
    ...[...table.keys()]
      .filter((operation) => !Object.hasOwn(operations, operation))
      .map((operation) => `'${operation}' is not in the contract`),
  ];
  const concurrency = options.concurrency ?? 16;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    problems.push(`concurrency ${concurrency} is no whole number of at least 1`);
  }
  problems.push(...versionProblems(options));
  if (problems.length > 0) {
    throw runtimeError("USAGE", `agent '${name}': ${problems.join("; ")}`);
  }
  return {
    name,
    operations,
    capabilities: options.capabilities ?? [],
    groups: options.groups ?? [],
    version: options.version ?? null,
    continues: options.continues ?? [],
    concurrency,
    keyed: Object.keys(operations).some(
      (operation) => (contract as ByName)[operation]?.keyOf !== undefined,
    ),
    operation: (operation) =>
      Object.hasOwn(operations, operation) ? (contract as ByName)[operation] : undefined,
    handler: (operation) => table.get(operation),
  };
}

function versionProblems({ version, continues = [] }: AgentOptions): readonly string[] {
  const all = version === undefined ? continues : [version, ...continues];
  const bad = all.filter((one) => one.length === 0 || one.length > 200);
  return [
    ...(version === undefined && continues.length > 0 ? ["'continues' without 'version'"] : []),
    ...(new Set(all).size < all.length ? [`versions share a name: ${all.join(", ")}`] : []),
    ...bad.map((one) => `version '${one.slice(0, 20)}' has no 1 to 200 characters`),
  ];
}
