import type { Input, Operation, Output } from "../core/contract.ts";
import type { DataOnly } from "../core/data.ts";
import type { EffectClass } from "../core/event.ts";
import type { RunId, TaskId } from "../core/ids.ts";
import type { Priority } from "../core/priority.ts";

/** What the body of a step gets. There is no `ctx` in it: a step is one effect, not a place for others. */
export interface StepContext {
  /** Aborts when the step times out or its host loses the task. Bodies that ignore it run on, unrecorded. */
  readonly signal: AbortSignal;
  /** The same for every execution of this step of this task: pass it to what honours idempotency keys. */
  readonly key: string;
}

export interface StepOptions {
  /** What may happen after a crash inside the body. Default: `repeatable`. */
  readonly class?: EffectClass;
  /** Tells apart steps of one name that run at the same time. */
  readonly key?: string;
  /** Then the body's signal aborts and the step fails with `STEP_TIMEOUT`. Default: no limit. */
  readonly timeoutMs?: number;
}

export interface AskOptions {
  /** Tells apart asks of one operation that run at the same time. */
  readonly key?: string;
  /** Default: the contract's, otherwise no limit. Then the ask fails with `ASK_TIMEOUT`. */
  readonly timeoutMs?: number;
  /** Never below the asker's own. Default: the asker's own. */
  readonly priority?: Priority;
}

export interface SendOptions {
  /** Tells apart sends of one operation at the same time. */
  readonly key?: string;
  /** Default: the sender's own. */
  readonly priority?: Priority;
}

/**
 * All that a handler can do to the world. Every operation is recorded; after a crash the handler runs again
 * from the top and gets the recorded results in the recorded order, without doing anything twice (K4, K5).
 * Rules for handlers: nothing nondeterministic outside `ctx`; await nothing but `ctx` and plain promises made
 * of it; operations of one kind and name that overlap need a `key`.
 */
export interface Context {
  readonly task: TaskId;
  readonly run: RunId;
  /** Wall-clock ms until when the asker waits; null: no limit. */
  readonly deadline: number | null;
  /** Wall-clock ms of the last thing that reached this handler. Stands still in between. */
  now(): number;
  /** Uniform in [0, 1), the same sequence in every execution of this task. */
  random(): number;
  /**
   * Runs `body` once and records what it returns; an error it throws is recorded too and thrown here.
   * @param name - One name per place in the handler.
   * @throws RuntimeError `CONCURRENT_SCOPE`, `NOT_DATA`, `STEP_TIMEOUT`, `EFFECT_UNKNOWN`, or the body's own.
   */
  step<R>(
    name: string,
    body: (step: StepContext) => R & DataOnly<Awaited<R>>,
    options?: StepOptions,
  ): Promise<Awaited<R>>;
  /**
   * Asks an agent and waits for its answer. Waiting holds no slot.
   * @throws RuntimeError `SCHEMA`, `UNKNOWN_AGENT`, `LIMIT_REACHED`, `CONCURRENT_SCOPE` (nothing was asked),
   * `ASK_TIMEOUT` (the work may go on), or what the handler that was asked threw.
   */
  ask<O extends Operation>(operation: O, input: Input<O>, options?: AskOptions): Promise<Output<O>>;
  /** Gives an agent work without waiting for it. The work lives as long as the run. Resolves when accepted. */
  send<O extends Operation>(operation: O, input: Input<O>, options?: SendOptions): Promise<TaskId>;
}
