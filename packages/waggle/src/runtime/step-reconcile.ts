import { type ErrorData, runtimeError } from "../core/errors.ts";
import { STOPPED } from "../core/stopped.ts";
import { toErrorData } from "../core/thrown.ts";
import type { Reconciled, StepContext, StepOptions } from "./context.ts";
import type { Operation, OperationOwner } from "./operation.ts";
import { runBody, StepRun } from "./step-run.ts";

// Looking for an effect in doubt. Owns: the question to the outside. Doesn't own: what comes of the answer.

/** What was found out. */
export type Finding = Reconciled<unknown> | { readonly found: "unknown"; readonly thrown: unknown };

/** The options of a step that says how it is looked for. */
export type ReconcilingOptions = StepOptions<unknown> & {
  readonly reconcile: (step: StepContext) => unknown;
};

/** True if the effect of a step can be looked for. */
export function isReconciling(options: StepOptions<unknown>): options is ReconcilingOptions {
  return options.reconcile !== undefined;
}

/** Asks the outside; `told` is called once, unless the operation or its task ends before. */
export function reconcile(
  owner: OperationOwner,
  operation: Operation,
  { reconcile: ask, timeoutMs }: ReconcilingOptions,
  { attempt, round }: { readonly attempt: number; readonly round: number },
  told: (finding: Finding) => void,
): void {
  const run = new ReconcileRun(owner, operation, { attempt, round, told });
  void runBody(owner, operation, run, ask, timeoutMs);
}

class ReconcileRun extends StepRun {
  readonly #told: (finding: Finding) => void;

  constructor(
    owner: OperationOwner,
    operation: Operation,
    one: {
      readonly attempt: number;
      readonly round: number;
      readonly told: (finding: Finding) => void;
    },
  ) {
    super(owner, operation, one.attempt, one.round);
    this.#told = one.told;
  }

  returned(value: unknown): void {
    // Whoever is not checked by the compiler may return anything.
    const { found } = (value ?? {}) as { readonly found?: unknown };
    if (typeof found === "boolean") this.#told(value as Reconciled<unknown>);
    else this.threw(runtimeError("USAGE", `'reconcile' of ${this.operation.path} gave no 'found'`));
  }

  threw(thrown: unknown): void {
    this.#told({ found: "unknown", thrown });
  }
}

/** Gives a body whose time is over as much time again to stop. @returns true if it has. */
export async function hasStopped(
  { host }: OperationOwner,
  ended: PromiseLike<void>,
  timeoutMs: number,
): Promise<boolean> {
  const late = new AbortController();
  const isLate = host.clock.sleep(timeoutMs, { signal: late.signal }).then(
    () => false,
    () => true, // aborted: it has stopped
  );
  const stopped = await Promise.race([ended.then(() => true), isLate]);
  late.abort(STOPPED);
  return stopped;
}

/** The error of an effect of which nothing could be found out. */
export function unreconciled(
  { path }: Operation,
  thrown: unknown,
  error: ErrorData | undefined,
): ErrorData {
  const wrong = toErrorData(thrown);
  const why = error === undefined ? "a crash cut it off" : error.message;
  const details = {
    ...(error === undefined ? {} : { error: named(error) }),
    reconcile: named(wrong),
  };
  const problem = `whether ${path} had its effect is unknown: ${why}; to look for it failed: ${wrong.message}`;
  return runtimeError("EFFECT_UNKNOWN", problem, { details }).toData();
}

function named({ code, message }: ErrorData): { readonly code: string; readonly message: string } {
  return { code, message };
}
