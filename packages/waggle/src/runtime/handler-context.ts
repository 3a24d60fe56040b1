import {
  type Input,
  type MessageType,
  type Operation as OperationRef,
  type OperationShape,
  type Output,
  to,
} from "../core/contract.ts";
import type { DataOnly } from "../core/data.ts";
import { digest128 } from "../core/digest.ts";
import { runtimeError } from "../core/errors.ts";
import type { RunId, TaskId } from "../core/ids.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import { seededRandom } from "../core/seeded-random.ts";
import { beginMessage, isAsRecorded } from "./asks.ts";
import { type BranchOwner, run, runAll, runRace } from "./branches.ts";
import type {
  AllOptions,
  AskOptions,
  Broadcast,
  BroadcastOptions,
  Context,
  SendOptions,
  StepContext,
  StepOptions,
  Won,
} from "./context.ts";
import { askMessage, sendMessage } from "./messages.ts";
import { Operation, type PeerQuery } from "./operation.ts";
import { beginRestart, type RestartingTask } from "./restart.ts";
import type { OperationKind, Place, Scope } from "./scope.ts";
import { stepMistake } from "./step-retry.ts";
import type { StepBody } from "./step-run.ts";
import { beginStep } from "./steps.ts";
import type { TryInHandler } from "./transact.ts";
import { beginTransaction } from "./transactions.ts";
import { beginWait } from "./waits.ts";

/** What a context needs of its task. */
export interface ContextOwner extends RestartingTask, BranchOwner {
  readonly nowMs: number;
  /** The operation as the contract of an agent of this host declares it. */
  known(agent: string, operation: string): OperationRef | undefined;
  /** Aborts when the task is cancelled. */
  readonly abort: AbortSignal;
  request(operation: Operation): void;
  /** See {@link Context.changed}. */
  changed(id: string): boolean;
  /** Registers a clean-up. */
  addCleanup(name: string, body: (ctx: Context) => Promise<void>): void;
}

/** The `ctx` of one scope of a handler. */
export class HandlerContext implements Context {
  readonly #owner: ContextOwner;
  readonly #scope: Scope;
  #random: (() => number) | undefined;

  constructor(owner: ContextOwner, scope: Scope) {
    this.#owner = owner;
    this.#scope = scope;
  }

  get task(): TaskId {
    return this.#owner.task.id;
  }

  get run(): RunId {
    return this.#owner.task.run;
  }

  get agent(): string {
    return this.#owner.task.agent;
  }

  get hops(): number {
    return this.#owner.task.hops;
  }

  get deadline(): number | null {
    return this.#owner.task.deadline;
  }

  get abort(): AbortSignal {
    return this.#owner.abort;
  }

  now(): number {
    return this.#owner.nowMs;
  }

  random(): number {
    this.#random ??= seededRandom(seed(this.#owner.task.id, this.#scope.prefix));
    return this.#random();
  }

  changed(id: string): boolean {
    return this.#owner.changed(id);
  }

  step<R>(
    name: string,
    body: (step: StepContext) => R & DataOnly<Awaited<R>>,
    options: StepOptions<NoInfer<Awaited<R>>> = {},
  ): Promise<Awaited<R>> {
    const mistake = stepMistake(name, options);
    if (mistake !== undefined) return Promise.reject(mistake);
    return this.#call("step", name, options.key, (operation) =>
      beginStep(this.#owner, operation, body as StepBody, options),
    ) as Promise<Awaited<R>>;
  }

  ask<O extends OperationRef>(
    target: O,
    input: Input<O>,
    options: AskOptions = {},
  ): Promise<Output<O>> {
    return this.#message("ask", target, options.key, () =>
      askMessage(this.#owner, target, input, options),
    ) as Promise<Output<O>>;
  }

  send<O extends OperationRef>(
    target: O,
    input: Input<O>,
    options: SendOptions = {},
  ): Promise<TaskId> {
    return this.#message("send", target, options.key, () =>
      sendMessage(this.#owner, target, input, options),
    ) as Promise<TaskId>;
  }

  peers(query: PeerQuery): Promise<readonly string[]> {
    const asked = [query.operation, query.capability, query.group].filter(
      (one) => one !== undefined,
    );
    const name = asked.join("+") || "all";
    return this.#call(
      "peers",
      name.replaceAll(/[[\]#]/g, "_").slice(0, 200),
      undefined,
      (operation) =>
        beginTransaction(this.#owner, operation, async () => ({
          value: this.#owner.host.peers(query),
          writes: [],
        })),
    ) as Promise<readonly string[]>;
  }

  broadcast<S extends OperationShape>(
    type: MessageType<S>,
    input: InferInput<S["input"]>,
    options: BroadcastOptions = {},
  ): Promise<Broadcast> {
    const { group, capability, self = false, key, ...how } = options;
    return this.branch(
      `broadcast ${type.name}`,
      async (ctx) => {
        const there = await ctx.peers({
          operation: type.name,
          ...(group === undefined ? {} : { group }),
          ...(capability === undefined ? {} : { capability }),
        });
        const agents = there.filter((agent) => self || agent !== this.agent);
        const sent = agents.map((agent) => {
          // A type's shape takes the input of the type: `to` only adds the name.
          const target = this.#owner.known(agent, type.name) ?? (to(agent, type) as OperationRef);
          return ctx.send(target, input as never, how);
        });
        return { agents, tasks: await Promise.all(sent) };
      },
      key,
    );
  }

  async sleep(name: string, ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) {
      throw runtimeError("USAGE", `sleep '${name}' of ${ms} ms: it must be a number of at least 0`);
    }
    await this.#call("sleep", name, undefined, (operation) =>
      beginWait(this.#owner, operation, { ms, notAfter: null, signal: null }),
    );
  }

  waitFor<S extends Schema>(
    name: string,
    schema: S,
    options: Parameters<Context["waitFor"]>[2],
  ): Promise<InferOutput<S>> {
    const { timeoutMs: ms, notAfter = null, key } = options;
    return this.#call("wait", name, key, (operation) =>
      beginWait(this.#owner, operation, { ms, notAfter, signal: { name, schema } }),
    ) as Promise<InferOutput<S>>;
  }

  all<Item, R>(
    name: string,
    items: readonly Item[],
    branch: (ctx: Context, item: Item, index: number) => Promise<R>,
    options: AllOptions<Item> = {},
  ): Promise<R[]> {
    return this.#open("all", name, options.scope, (place) =>
      runAll(this.#owner, place, items, branch, options),
    );
  }

  race<Branches extends Readonly<Record<string, (ctx: Context) => unknown>>>(
    name: string,
    branches: Branches,
  ): Promise<Won<Branches>> {
    return this.#open(
      "race",
      name,
      undefined,
      (place) => runRace(this.#owner, place, branches) as Promise<Won<Branches>>,
    );
  }

  branch<R>(name: string, body: (ctx: Context) => Promise<R>, key?: string): Promise<R> {
    return this.#open("branch", name, key, (place) =>
      run(this.#owner, place.scope.branch(place, undefined), body),
    );
  }

  cleanup(name: string, body: (ctx: Context) => Promise<void>): void {
    this.#owner.addCleanup(name, body);
  }

  restart(input: unknown): Promise<never> {
    return this.#call("restart", "handler", undefined, (operation) =>
      beginRestart(this.#owner, operation, input),
    ) as Promise<never>;
  }

  transact(
    kind: "board" | "publish",
    name: string,
    tryOnce: TryInHandler,
    key?: string,
  ): Promise<unknown> {
    return this.#call(kind, name, key, (operation) =>
      beginTransaction(this.#owner, operation, tryOnce),
    );
  }

  #message(
    kind: "ask" | "send",
    target: OperationRef,
    key: string | undefined,
    make: () => Parameters<typeof beginMessage>[2],
  ): Promise<unknown> {
    try {
      const message = make();
      return this.#call(
        kind,
        `${target.agent}.${target.name}`,
        key,
        (operation) => beginMessage(this.#owner, operation, message),
        (operation) => isAsRecorded(this.#owner, operation, message),
      );
    } catch (refused) {
      return Promise.reject(refused);
    }
  }

  #call(
    kind: OperationKind,
    name: string,
    key: string | undefined,
    begin: (operation: Operation) => void,
    verify?: (operation: Operation) => void,
  ): Promise<unknown> {
    try {
      const place = this.#scope.enter(kind, name, key);
      const operation = new Operation(place, begin, verify);
      this.#owner.request(operation);
      return operation.promise;
    } catch (refused) {
      return Promise.reject(refused);
    }
  }

  /** Opens a scope of branches; its place may be used again when all in it has ended. */
  async #open<R>(
    kind: OperationKind,
    name: string,
    key: string | undefined,
    body: (place: Place) => Promise<R>,
  ): Promise<R> {
    const place = this.#scope.enter(kind, name, key);
    try {
      return await body(place);
    } finally {
      place.leave();
    }
  }
}

function seed(task: TaskId, prefix: string): number {
  const hex = prefix === "" ? task : digest128("random", task, prefix);
  return Number.parseInt(hex.slice(0, 8), 16);
}
