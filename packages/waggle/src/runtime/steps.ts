import { encodeData, encodeFramed } from "../core/data.ts";
import { digest128 } from "../core/digest.ts";
import { RuntimeError, runtimeError } from "../core/errors.ts";
import type { EffectClass, Outcome } from "../core/event.ts";
import { decodeEvent, encodeEvent } from "../core/event-codec.ts";
import { INLINE_LIMIT, valuePayload } from "../core/payload.ts";
import { STOPPED } from "../core/stopped.ts";
import type { StepContext, StepOptions } from "./context.ts";
import { recordDropped } from "./drops.ts";
import type { Operation, OperationOwner } from "./operation.ts";
import { recordError, recordEvents, recordOutcome } from "./recording.ts";

/** The body of a step, as the kernel sees it. */
export type StepBody = (step: StepContext) => unknown;

/** Makes the signal and the key only for bodies that ask for them: both cost more than the step itself. */
class StepRun implements StepContext {
  readonly #owner: OperationOwner;
  readonly #operation: Operation;
  #key: string | undefined;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(owner: OperationOwner, operation: Operation) {
    this.#owner = owner;
    this.#operation = operation;
  }

  get key(): string {
    this.#key ??= idempotencyKey(this.#owner, this.#operation);
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

/** The same for every execution of this step of this task, in this store only. */
function idempotencyKey(owner: OperationOwner, operation: Operation): string {
  return digest128("effect", owner.host.store.id, owner.task.id, operation.path);
}

/** Does a step that has no recorded outcome. */
export function beginStep(
  owner: OperationOwner,
  operation: Operation,
  body: StepBody,
  options: StepOptions,
): void {
  operation.phase = "starting";
  const effect = options.class ?? "repeatable";
  if (effect === "repeatable") {
    execute(owner, operation, body, options);
    return;
  }
  const attempt = owner.journal.intents.get(operation.path) ?? 0;
  if (attempt === 0) {
    beginWithIntent(owner, operation, body, options, effect, 1);
    return;
  }
  // K5: an intent without an outcome. What happened is unknown; the class decides, never a silent second time.
  const unknown = encodeEvent({ type: "unknown", path: operation.path, attempt, policy: effect });
  if (effect === "keyed") {
    owner.outbox.add({ events: [unknown], starts: false, committed: () => {} });
    beginWithIntent(owner, operation, body, options, effect, attempt + 1);
    return;
  }
  const error = runtimeError(
    "EFFECT_UNKNOWN",
    `a crash cut ${operation.path} off; whether its effect happened is unknown, and class 'once' forbids a second try`,
  );
  recordError(owner, operation, error, [unknown]);
}

/** K6: the intent is durable before the effect starts. */
function beginWithIntent(
  owner: OperationOwner,
  operation: Operation,
  body: StepBody,
  options: StepOptions,
  effect: EffectClass,
  attempt: number,
): void {
  const key = idempotencyKey(owner, operation);
  const { path } = operation;
  owner.outbox.add({
    events: [encodeEvent({ type: "intent", path, class: effect, key, attempt })],
    starts: true,
    cleanup: operation.isCleanup,
    committed: () => goOn(owner, operation, body, options, attempt),
    refused: () => owner.gateClosed(operation),
  });
}

/** Starts the body, unless nobody needs it any more. */
function goOn(
  owner: OperationOwner,
  operation: Operation,
  body: StepBody,
  options: StepOptions,
  attempt?: number,
): void {
  if (owner.finished) return;
  if (operation.dropped === undefined) execute(owner, operation, body, options, attempt);
  else recordDropped(owner, operation);
}

/** @param attempt - Given for effects that must not run twice: as which attempt its intent was recorded. */
function execute(
  owner: OperationOwner,
  operation: Operation,
  body: StepBody,
  options: StepOptions,
  attempt?: number,
): void {
  const fresh = owner.host.whenFresh();
  if (fresh !== undefined) {
    void fresh.then(() => goOn(owner, operation, body, options, attempt));
    return;
  }
  operation.phase = "running";
  const run = new StepRun(owner, operation);
  const stopTimer = startTimer(owner, operation, run, options.timeoutMs);
  operation.stop = (reason) => {
    stopTimer?.();
    run.abort(reason);
  };
  const succeed = (value: unknown): void => {
    stopTimer?.();
    recordValue(owner, operation, value);
  };
  const fail = (thrown: unknown): void => {
    stopTimer?.();
    // Of a body that was told to stop, what it throws says no more than that it has stopped; an effect that must
    // not run twice may have happened before, unless it says that it has not.
    if (operation.dropped === undefined) recordError(owner, operation, thrown);
    else recordDropped(owner, operation, isNotApplied(thrown) ? undefined : attempt);
  };
  try {
    const returned = body(run);
    if (isThenable(returned)) {
      owner.host.activityBegan();
      void returned.then(succeed, fail).then(() => owner.host.activityEnded());
    } else {
      succeed(returned);
    }
  } catch (thrown) {
    fail(thrown);
  }
}

function isNotApplied(thrown: unknown): boolean {
  return RuntimeError.is(thrown) && thrown.outcome === "not-applied";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}

function startTimer(
  owner: OperationOwner,
  operation: Operation,
  run: StepRun,
  timeoutMs: number | undefined,
): (() => void) | undefined {
  if (timeoutMs === undefined) return undefined;
  const timer = new AbortController();
  owner.host.clock.sleep(timeoutMs, { signal: timer.signal }).then(
    () => {
      const error = runtimeError(
        "STEP_TIMEOUT",
        `${operation.path} took longer than ${timeoutMs} ms`,
      );
      recordError(owner, operation, error);
      run.abort(error);
    },
    () => {}, // aborted: the body was faster
  );
  return () => timer.abort(STOPPED);
}

function recordValue(owner: OperationOwner, operation: Operation, value: unknown): void {
  const { path } = operation;
  let data: string;
  try {
    data = encodeFramed(value, `result of ${path}`, (checked) => ({
      path,
      outcome: { type: "value", value: checked },
    }));
  } catch (refused) {
    recordError(owner, operation, refused);
    return;
  }
  if (data.length > INLINE_LIMIT) {
    recordOutcome(owner, operation, valuePayload(encodeData(value, `result of ${path}`)));
    return;
  }
  recordEvents(owner, operation, [{ type: "done", data }], (at) => {
    const event = typeof value === "object" ? decodeEvent({ type: "done", data }) : undefined;
    // Primitives need no copy of their own (K12); but -0 is stored as 0.
    const outcome: Outcome =
      event?.type === "done" ? event.outcome : { type: "value", value: value === 0 ? 0 : value };
    return { path, at, outcome };
  });
}
