import type { Input, MessageType, Operation, OperationShape, Output } from "../core/contract.ts";
import type { DataOnly } from "../core/data.ts";
import type { RuntimeError } from "../core/errors.ts";
import type { EffectClass } from "../core/event.ts";
import type { RunId, TaskId } from "../core/ids.ts";
import type { Priority } from "../core/priority.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import type { PeerQuery } from "./operation.ts";
import type { TryInHandler } from "./transact.ts";

/** What the body of a step gets. There is no `ctx` in it: a step is one effect, not a place for others. */
export interface StepContext {
  /** Aborts when the step times out or its host loses the task. Bodies that ignore it run on, unrecorded. */
  readonly signal: AbortSignal;
  /**
   * Pass it to what honours idempotency keys. The same for every execution of this step of this task; another one
   * only for an attempt after one that said that it was not applied (see {@link StepOptions.retry}).
   */
  readonly key: string;
  /** 1, and one more for each further attempt. */
  readonly attempt: number;
}

/** When a step that failed is tried again. */
export interface RetryOptions {
  /** Most attempts, the first one included: 1 to 1,000. What a crash cut is made again even if it was the last one. */
  readonly attempts: number;
  /** Longest wait after the first attempt; doubles with each further one. Half of it and more is waited. Default 200. */
  readonly backoffMs?: number;
  /** What it does not grow beyond. What an error asks for (`retryAfterMs`) comes on top. Default 60,000. */
  readonly maxBackoffMs?: number;
  /**
   * Whether the error is worth another attempt; its `cause` is what was thrown. What it throws ends the step. Default:
   * if the error is `retryable`, no `RuntimeError` at all, or the attempt took too long.
   */
  readonly retryIf?: (error: RuntimeError) => boolean;
}

/** What was found out about an effect of which nobody knew whether it had happened. */
export type Reconciled<R> =
  /** It has: `value` is the result of the step. */
  | { readonly found: true; readonly value: R }
  /** It has not, and no attempt that was made before can do it any more. */
  | { readonly found: false };

/** `R`: what the step returns. */
export interface StepOptions<R = never> {
  /** What may happen after a crash inside the body. Default: `repeatable`. */
  readonly class?: EffectClass;
  /** Tells apart steps of one name that run at the same time. */
  readonly key?: string;
  /** Then the body's signal aborts and the attempt fails with `STEP_TIMEOUT`. Default: no limit. */
  readonly timeoutMs?: number;
  /**
   * Tries again what failed. Of class `keyed` only what was not certainly applied, of class `once` only what was
   * certainly not: where the error's `outcome` is `not-applied`. Waiting for the next attempt holds no slot; from 10 s
   * on it is recorded, and survives crashes. Default: one attempt.
   */
  readonly retry?: RetryOptions;
  /**
   * Asks the outside whether the effect has happened: after a crash in it, or an error that does not say. For the
   * classes `keyed` and `once` (which needs `timeoutMs` too). Found: the step is done. Not found: after a crash the
   * effect is done again, after an error the error is `not-applied`. `timeoutMs` holds for it as for the body. If it
   * throws, the step fails with `EFFECT_UNKNOWN`.
   */
  readonly reconcile?: (step: StepContext) => Reconciled<R> | Promise<Reconciled<R>>;
}

export interface AskOptions {
  /** Tells apart asks of one operation that run at the same time. */
  readonly key?: string;
  /** Default: the contract's, otherwise no limit. Then the ask fails with `ASK_TIMEOUT`. Paused time does not count. */
  readonly timeoutMs?: number;
  /** Never below the asker's own. Default: the asker's own. */
  readonly priority?: Priority;
  /**
   * What to do while the agent's mailbox is full: `wait` for room, holding nothing, or fail with `MAILBOX_FULL`.
   * Default: wait.
   */
  readonly whenFull?: "wait" | "refuse";
}

export interface SendOptions {
  /** Tells apart sends of one operation at the same time. */
  readonly key?: string;
  /** Default: the sender's own. */
  readonly priority?: Priority;
  /** As for asks. Default: wait. */
  readonly whenFull?: "wait" | "refuse";
}

export interface BroadcastOptions extends SendOptions {
  /** Only agents of this group. */
  readonly group?: string;
  /** Only agents with this capability. */
  readonly capability?: string;
  /** True: the sender gets it too. Default: false. */
  readonly self?: boolean;
}

/** Who got a broadcast. */
export interface Broadcast {
  /** In order of their names. */
  readonly agents: readonly string[];
  /** The message to each of them. */
  readonly tasks: readonly TaskId[];
}

export interface AllOptions<Item> {
  /** Names the branch of an item; must differ between items. Default: its index. */
  readonly key?: (item: Item) => string;
  /** Most branches at one time. Default: all. */
  readonly concurrency?: number;
  /** Tells apart uses of one name that run at the same time. */
  readonly scope?: string;
}

/** Which branch of a race came first, and with what. */
export type Won<Branches extends Readonly<Record<string, (ctx: Context) => unknown>>> = {
  readonly [Name in keyof Branches]: {
    readonly winner: Name;
    readonly value: Awaited<ReturnType<Branches[Name]>>;
  };
}[keyof Branches];

/**
 * All that a handler can do to the world. Every operation is recorded; after a crash the handler runs again
 * from the top and gets the recorded results in the recorded order, without doing anything twice (K4, K5).
 * Rules for handlers: nothing nondeterministic outside `ctx`; await nothing but `ctx` and plain promises made
 * of it; operations of one kind and name that overlap need a `key`, or scopes of their own.
 *
 * When its task is cancelled, each outstanding operation fails with `CANCELLED` once it has ended, and so does
 * each that is called from then on, except in clean-up.
 */
export interface Context {
  readonly task: TaskId;
  readonly run: RunId;
  /** Name of the agent whose handler this is. */
  readonly agent: string;
  /** How many messages lie between this task and the start of its run. */
  readonly hops: number;
  /** Until when the asker waits, in run time (wall-clock ms less the run's pauses); null: no limit. */
  readonly deadline: number | null;
  /** Aborts when the task is cancelled, or the branch given up. For steps, use the signal of the step. */
  readonly abort: AbortSignal;
  /** Wall-clock ms of the last thing that reached this handler. Stands still in between. */
  now(): number;
  /** Uniform in [0, 1), the same sequence in every execution of this task. Each branch has its own. */
  random(): number;
  /**
   * For code that changes under runs in flight: false in a life that was recorded before this line existed, true
   * otherwise. The answer is recorded with what is recorded next; from then on it is the same in every execution.
   */
  changed(id: string): boolean;
  /**
   * Runs `body` and records what it returns; an error it throws is recorded too and thrown here. Of an effect of class
   * `keyed` or `once`, the error's `outcome` says whether it happened: `unknown`, unless what was thrown says otherwise.
   * @param name - One name per place in the handler.
   * @throws RuntimeError `CONCURRENT_SCOPE`, `NOT_DATA`, `STEP_TIMEOUT`, `EFFECT_UNKNOWN`, or the body's own.
   */
  step<R>(
    name: string,
    body: (step: StepContext) => R & DataOnly<Awaited<R>>,
    options?: StepOptions<NoInfer<Awaited<R>>>,
  ): Promise<Awaited<R>>;
  /**
   * Asks an agent and waits for its answer. Waiting holds no slot.
   * @throws RuntimeError `SCHEMA`, `UNKNOWN_AGENT`, `LIMIT_REACHED`, `CONCURRENT_SCOPE`, `MAILBOX_FULL` (nothing
   * was asked), `ASK_TIMEOUT` (the work is told to stop), `DEADLOCK`, or what the handler that was asked threw.
   */
  ask<O extends Operation>(operation: O, input: Input<O>, options?: AskOptions): Promise<Output<O>>;
  /** Gives an agent work without waiting for it. The work lives as long as the run. Resolves when accepted. */
  send<O extends Operation>(operation: O, input: Input<O>, options?: SendOptions): Promise<TaskId>;
  /** Agents that are there now, by what they can do, in order of their names. Recorded, like everything else. */
  peers(query: PeerQuery): Promise<readonly string[]>;
  /**
   * Sends a message to every agent that takes it, or to those of a group or capability; not to the sender itself.
   * Who they are is recorded; each of them gets it exactly once.
   */
  broadcast<S extends OperationShape>(
    type: MessageType<S>,
    input: InferInput<S["input"]>,
    options?: BroadcastOptions,
  ): Promise<Broadcast>;
  /** Waits `ms` of run time, durably: over crashes and without memory. */
  sleep(name: string, ms: number): Promise<void>;
  /**
   * Waits for the signal `name` (see `System.signal`). Signals are kept until they are waited for; each is taken once, in the
   * order in which they came.
   * @param options - `notAfter`: it ends at this time at the latest, in run time as `deadline`.
   * @throws RuntimeError `WAIT_TIMEOUT`; `SCHEMA` if the signal's value does not fit.
   */
  waitFor<S extends Schema>(
    name: string,
    schema: S,
    options: {
      readonly timeoutMs: number | null;
      readonly notAfter?: number;
      readonly key?: string;
    },
  ): Promise<InferOutput<S>>;
  /**
   * Runs a branch for each item, side by side, and gives their results in the order of the items. The first
   * failure gives the others up, waits until they have ended, and is thrown.
   */
  all<Item, R>(
    name: string,
    items: readonly Item[],
    branch: (ctx: Context, item: Item, index: number) => Promise<R>,
    options?: AllOptions<Item>,
  ): Promise<R[]>;
  /** Runs branches side by side until the first one ends. Then gives the others up, and waits until they have ended. */
  race<Branches extends Readonly<Record<string, (ctx: Context) => unknown>>>(
    name: string,
    branches: Branches,
  ): Promise<Won<Branches>>;
  /** Runs `body` with a scope of its own: its names need not differ from those outside. */
  branch<R>(name: string, body: (ctx: Context) => Promise<R>, key?: string): Promise<R>;
  /**
   * Says how to undo what was done so far. If the task does not end well, its clean-ups run, the last one first,
   * also when it is being cancelled.
   */
  cleanup(name: string, body: (ctx: Context) => Promise<void>): void;
  /**
   * Ends this handler and begins it anew with `input`, in the same task: what happened before is not replayed any
   * more. For handlers without an end. Never resolves.
   * @throws RuntimeError `USAGE` while another operation is open.
   */
  restart(input: unknown): Promise<never>;
  /** What boards and topics are made of: reads, decides and writes in one commit with the record of it. */
  transact(
    kind: "board" | "publish",
    name: string,
    tryOnce: TryInHandler,
    key?: string,
  ): Promise<unknown>;
}
