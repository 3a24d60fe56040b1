import { digest128 } from "../core/digest.ts";
import { runtimeError } from "../core/errors.ts";
import { STOPPED } from "../core/stopped.ts";
import type { StepContext } from "./context.ts";
import type { Operation, OperationOwner } from "./operation.ts";

// One execution of a step's body. Owns: its signal, its key, its time limit. Doesn't own: what comes of how it ends.
// Invariant: an execution ends once for whoever began it: what a body does after its time is told to nobody.

/** The body of a step, as the kernel sees it. */
export type StepBody = (step: StepContext) => unknown;

/**
 * One execution of a body, and what the body gets. Makes the signal and the key only for bodies that ask for them:
 * both cost more than the step itself.
 */
export abstract class StepRun implements StepContext {
  readonly attempt: number;
  protected readonly owner: OperationOwner;
  protected readonly operation: Operation;
  readonly #round: number;
  #key: string | undefined;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  /** @param round - How often the step was deliberately repeated under a new key. */
  constructor(owner: OperationOwner, operation: Operation, attempt: number, round: number) {
    this.owner = owner;
    this.operation = operation;
    this.attempt = attempt;
    this.#round = round;
  }

  /** The body returned `value`. */
  abstract returned(value: unknown): void;
  /** The body threw, or its time is over. */
  abstract threw(thrown: unknown): void;

  get key(): string {
    this.#key ??= idempotencyKey(this.owner, this.operation, this.#round);
    return this.#key;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}

/**
 * The same for every execution of this step of this task in one round, in this store only. The generation is part of
 * the path. Round 0 adds nothing: keys that were recorded before there were rounds stay valid.
 */
export function idempotencyKey(owner: OperationOwner, operation: Operation, round: number): string {
  const parts = ["effect", owner.host.store.id, owner.task.id, operation.path];
  return round === 0 ? digest128(...parts) : digest128(...parts, String(round));
}

/**
 * Executes `body` now, as `run`.
 * @param timeoutMs - Then it ends with `STEP_TIMEOUT`, and its signal aborts.
 * @param spentMs - How much of that is over already.
 * @returns resolves when a body that takes its time has ended, in time or not; undefined if it has ended.
 */
export function runBody(
  owner: OperationOwner,
  operation: Operation,
  run: StepRun,
  body: StepBody,
  timeoutMs: number | undefined,
  spentMs = 0,
): PromiseLike<void> | undefined {
  operation.phase = "running";
  const limit =
    timeoutMs === undefined
      ? undefined
      : new TimeLimit(owner, operation, run, timeoutMs, timeoutMs - spentMs);
  operation.stop = (reason) => {
    limit?.stop();
    run.abort(reason);
  };
  const returned = (value: unknown): void => {
    if (limit?.stop() !== false) run.returned(value);
  };
  const threw = (thrown: unknown): void => {
    if (limit?.stop() !== false) run.threw(thrown);
  };
  try {
    const value = body(run);
    if (isThenable(value)) {
      owner.host.activityBegan();
      return value.then(returned, threw).then(() => owner.host.activityEnded());
    }
    returned(value);
  } catch (thrown) {
    threw(thrown);
  }
  return undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}

class TimeLimit {
  readonly #timer = new AbortController();
  #isOver = false;

  constructor(
    owner: OperationOwner,
    { path }: Operation,
    run: StepRun,
    timeoutMs: number,
    leftMs: number,
  ) {
    owner.host.clock.sleep(leftMs, { signal: this.#timer.signal }).then(
      () => {
        this.#isOver = true;
        const error = runtimeError("STEP_TIMEOUT", `${path} took longer than ${timeoutMs} ms`);
        run.threw(error);
        run.abort(error);
      },
      () => {}, // stopped: the body was faster
    );
  }

  /** @returns false if the time was over before. */
  stop(): boolean {
    this.#timer.abort(STOPPED);
    return !this.#isOver;
  }
}
