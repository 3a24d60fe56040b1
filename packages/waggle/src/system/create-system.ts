import { nodeClock } from "../adapters/node/node-clock.ts";
import { nodeRandom } from "../adapters/node/node-random.ts";
import {
  type AcceptedAnswer,
  type AnswerOptions,
  answerQuestion,
  type GivenAnswer,
} from "../agents/person/answer-question.ts";
import {
  type OpenQuestion,
  openQuestions,
  type QuestionQuery,
} from "../agents/person/open-questions.ts";
import type { Input, Operation, Output } from "../core/contract.ts";
import { runtimeError } from "../core/errors.ts";
import { parseRunId, parseTaskId } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { Bus } from "../ports/bus.ts";
import type { CallOptions } from "../ports/call-options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { RunQuery, RunRow, Store, StoreFactory, StoreMachine } from "../ports/store.ts";
import type { AgentDefinition } from "../runtime/agent.ts";
import { unknownAgent } from "../runtime/asks.ts";
import { type DeadLetter, deadLetters, redriveOf } from "../runtime/dead-letters.ts";
import type { ForkPoint } from "../runtime/fork.ts";
import { Host, type HostOptions } from "../runtime/host.ts";
import type { CancelReceipt } from "../runtime/receipt.ts";
import { type RegisteredAgent, registeredAgents } from "../runtime/registry.ts";
import { RunControl, type SignalOptions } from "../runtime/run-control.ts";
import { type Run, Runs, type StartOptions } from "../runtime/runs.ts";
import type { Board } from "../state/board.ts";
import type { BoardName } from "../state/board-place.ts";
import { boardPlace } from "../state/board-place.ts";
import { type KeptDeadLetter, readDeadLetters } from "../state/dead-letters.ts";
import { openBoard } from "../state/open-board.ts";
import { Pumps } from "../state/pumps.ts";
import type { Subscription } from "../state/subscription.ts";
import { openTopics, type Topics } from "../state/topics.ts";
import type { RunExplanation } from "../telemetry/explanation.ts";
import { explainRun } from "../telemetry/why.ts";

/** What a system is made of. */
export interface SystemOptions
  extends Pick<
    HostOptions,
    | "serves"
    | "about"
    | "pollMs"
    | "passivateAfterMs"
    | "heart"
    | "cancelGraceMs"
    | "maxMessagesPerRun"
    | "verifyReplay"
  > {
  /** The ledger. A store that comes as a factory is disposed with the system; one that is passed open is not. */
  readonly store: Store | StoreFactory;
  /** Names must differ. */
  readonly agents: readonly AgentDefinition[];
  /**
   * Which events its agents handle (`on`): each one starts a run, once, whichever process of the store is first.
   * Default: none.
   */
  readonly subscriptions?: readonly Subscription[];
  /** Carries wake-ups to other hosts of the same store. Default: none; they poll. */
  readonly bus?: Bus;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
  /** How long a dispose waits for running step bodies after aborting their signals. Default 5,000 ms; Infinity: for ever. */
  readonly graceMs?: number;
  /**
   * Gets failures of ports that the system lives through, and handlers that did something else when they were replayed
   * (`STUCK`, `REPLAY_DIVERGED`). Default: nobody does.
   */
  readonly onTrouble?: (cause: unknown) => void;
}

/** A running system of agents. Dispose it: open tasks are given back and go on wherever their run is served. */
export interface System extends AsyncDisposable {
  /**
   * Starts a run, durably: when this resolves, the work will be done, whatever crashes. See {@link Run}.
   * @throws RuntimeError `USAGE`, `SCHEMA`, `NOT_DATA`, `UNKNOWN_AGENT` (nothing happened), `CLOSED`.
   */
  start<O extends Operation>(
    operation: O,
    input: Input<O>,
    options?: StartOptions,
  ): Promise<Run<Output<O>>>;
  /** A run by its id. Its methods throw `NOT_FOUND` if it is not there. */
  run(id: string): Run<unknown>;
  /** Runs of the store, newest first. */
  runs(query?: RunQuery): Promise<readonly RunRow[]>;
  /**
   * Nothing of the run that is recorded when it begins (messages, keyed effects, writes to boards) begins any more
   * until it is resumed; steps that may be repeated stop beginning when their host has heard. What runs ends and is
   * recorded. Deadlines and timers stand still. Pausing a paused run changes nothing.
   * @throws RuntimeError `NOT_FOUND`; `TOO_LATE` if it is being cancelled or has ended.
   */
  pause(run: string): Promise<void>;
  /** Lets a paused run go on. @throws RuntimeError as `pause`. */
  resume(run: string): Promise<void>;
  /**
   * Stops a run, with all that it asked for. When it resolves the run has ended, no recorded effect of it starts any
   * more, and no living host owns a task of it. Of a run that has ended, nothing happens.
   * @returns What was stopped, what had finished, and of which effects nobody knows.
   * @throws RuntimeError `NOT_FOUND`; the signal's reason (the run is being cancelled all the same).
   */
  cancel(run: string, options?: CallOptions): Promise<CancelReceipt>;
  /**
   * Sends `value` to a task, or to the root of a run, as the signal `name`; it is kept until the task waits for it
   * (`ctx.waitFor`).
   * @throws RuntimeError `NOT_FOUND`; `TOO_LATE` if the task has ended (with outcome `unknown`: it may have taken the
   * signal before, for the store did not answer in between); `ALREADY_ANSWERED` with `once`; `NOT_DATA`;
   * `VALUE_TOO_LARGE`; `STORE_UNAVAILABLE` (it may have been sent).
   */
  signal(
    to: { readonly run: string } | { readonly task: string },
    name: string,
    value: unknown,
    options?: SignalOptions,
  ): Promise<void>;
  /**
   * Starts a run that goes on from a point of another one, with everything that was recorded up to there; the other
   * one stays as it is. `{ before: task }` runs that task again. Not taken along are signals that nobody had taken, and
   * work that was sent by a task that had ended at that point.
   * @throws RuntimeError `NOT_FOUND`; `USAGE` if the run had ended at that point; nothing happened.
   */
  fork(run: string, at: ForkPoint, options?: { readonly id?: string }): Promise<Run<unknown>>;
  /** Events that come and came, on all topics of the store. In handlers there is `publishIn`. */
  readonly topics: Topics;
  /**
   * Opens the board called `name`, or that of a run. Whoever opens it disposes it, before the system. In handlers
   * there is `boardIn`.
   * @throws RuntimeError `USAGE` for a bad name.
   */
  board(name: BoardName): Board;
  /** Questions to people that wait for an answer, oldest first. */
  questions(query?: QuestionQuery): Promise<readonly OpenQuestion[]>;
  /** Answers a question; exactly one answer counts. See {@link answerQuestion} for its errors. */
  answer(task: string, given: GivenAnswer, options: AnswerOptions): Promise<AcceptedAnswer>;
  /** Messages that nobody handled, with the reason, oldest first. `limit`: default 1,000. */
  deadLetters(options?: { readonly limit?: number }): Promise<readonly DeadLetter[]>;
  /** Events that fitted no operation that is subscribed to them, oldest first. `limit`: default 100. */
  deadEvents(options?: { readonly limit?: number }): Promise<readonly KeptDeadLetter[]>;
  /**
   * Sends a dead letter again, as a run of its own. Doing so twice is the same start.
   * @throws RuntimeError `NOT_FOUND` if it is none; `UNKNOWN_AGENT`, `UNHANDLED` if still nobody here takes it.
   */
  redrive(task: string): Promise<Run<unknown>>;
  /** Who is there and what they do, as of the last beats, on all hosts of the store. */
  agents(): Promise<readonly RegisteredAgent[]>;
  /**
   * What a run waits for: every wait with its reason, since when, until when, and the chain to its root.
   * @throws RuntimeError `NOT_FOUND`.
   */
  why(run: string): Promise<RunExplanation>;
  /** Removes everything of a run that has ended, except its id. @throws RuntimeError `NOT_FOUND`, `CONFLICT`. */
  trim(run: string): Promise<void>;
}

/**
 * Puts store, agents and machine together and begins to work.
 * @throws RuntimeError `USAGE` when two agents share a name; whatever opening the store throws.
 */
export async function createSystem(options: SystemOptions): Promise<System> {
  const names = options.agents.map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  const strangers = (options.subscriptions ?? [])
    .map(({ operation }) => operation.agent)
    .filter((agent) => !names.includes(agent));
  const problems = [
    ...(twice.length > 0 ? [`agents share a name: ${twice.join(", ")}`] : []),
    ...(strangers.length > 0
      ? [`subscribed, but not among the agents: ${strangers.join(", ")}`]
      : []),
  ];
  if (problems.length > 0) throw runtimeError("USAGE", problems.join("; "));
  const ownsStore = typeof options.store === "function";
  const clock = options.clock ?? nodeClock();
  const random = options.random ?? nodeRandom();
  const store =
    typeof options.store === "function" ? await options.store({ clock, random }) : options.store;
  const system = new RunningSystem({ ...options, clock, random }, store, ownsStore);
  try {
    await system.open();
  } catch (error) {
    if (ownsStore) await store[Symbol.asyncDispose]();
    throw error;
  }
  return system;
}

class RunningSystem implements System {
  readonly #options: SystemOptions;
  readonly #store: Store;
  readonly #ownsStore: boolean;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #runs: Runs;
  readonly #control: RunControl;
  readonly #closed = new AbortController();
  readonly #served = new Set<string>();
  readonly topics: Topics;
  readonly #pumps: Pumps | undefined;
  #host: Host;
  #replaced: Promise<void> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(options: SystemOptions & StoreMachine, store: Store, ownsStore: boolean) {
    this.#options = options;
    this.#store = store;
    this.#ownsStore = ownsStore;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#runs = new Runs({
      store,
      clock: this.#clock,
      random: this.#random,
      host: () => this.#host,
      closed: this.#closed.signal,
      pollMs: 2 * (options.pollMs ?? 100),
    });
    this.#control = new RunControl({
      store,
      clock: this.#clock,
      host: () => this.#host,
      pollMs: options.pollMs ?? 100,
      closed: this.#closed.signal,
    });
    const trouble = (cause: unknown): void => options.onTrouble?.(cause);
    const pollMs = options.pollMs ?? 100;
    this.topics = openTopics(store, {
      clock: this.#clock,
      random: this.#random,
      pollMs,
      onTrouble: trouble,
    });
    const subscriptions = options.subscriptions ?? [];
    if (subscriptions.length > 0) {
      this.#pumps = new Pumps({
        store,
        clock: this.#clock,
        host: () => this.#host.id,
        subscriptions,
        pollMs,
        claimable: (agent) => this.#host.claimable(agent),
        trouble,
      });
    }
    this.#host = this.#newHost();
  }

  async open(): Promise<void> {
    await this.#host.start();
    await this.#pumps?.start();
  }

  async start<O extends Operation>(
    operation: O,
    input: Input<O>,
    options: StartOptions = {},
  ): Promise<Run<Output<O>>> {
    const run = await this.#runs.start(operation, input, options);
    if (this.#options.serves === "own-runs") this.#served.add(run.id);
    return run;
  }

  run(id: string): Run<unknown> {
    return this.#runs.handle(parseRunId(id), false);
  }

  runs(query: RunQuery = {}): Promise<readonly RunRow[]> {
    return this.#store.runs(query);
  }

  pause(run: string): Promise<void> {
    return this.#control.pause(parseRunId(run));
  }

  resume(run: string): Promise<void> {
    return this.#control.resume(parseRunId(run));
  }

  cancel(run: string, options: CallOptions = {}): Promise<CancelReceipt> {
    return this.#control.cancel(parseRunId(run), options);
  }

  async signal(
    to: { readonly run: string } | { readonly task: string },
    name: string,
    value: unknown,
    options: SignalOptions = {},
  ): Promise<void> {
    const task = "run" in to ? (await this.#control.root(parseRunId(to.run))).id : to.task;
    await this.#control.signal(parseTaskId(task), name, value, options);
  }

  fork(run: string, at: ForkPoint, options: { readonly id?: string } = {}): Promise<Run<unknown>> {
    return this.#runs.fork(parseRunId(run), at, options.id);
  }

  board(name: BoardName): Board {
    return openBoard(this.#store, name, { clock: this.#clock, random: this.#random });
  }

  questions(query: QuestionQuery = {}): Promise<readonly OpenQuestion[]> {
    return openQuestions({ store: this.#store, clock: this.#clock }, query);
  }

  answer(task: string, given: GivenAnswer, options: AnswerOptions): Promise<AcceptedAnswer> {
    const ledger = { store: this.#store, clock: this.#clock };
    return answerQuestion(ledger, parseTaskId(task), given, options);
  }

  deadEvents(options: { readonly limit?: number } = {}): Promise<readonly KeptDeadLetter[]> {
    return readDeadLetters(this.#store, options);
  }

  deadLetters(options: { readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return deadLetters(this.#store, options.limit ?? 1_000);
  }

  async redrive(task: string): Promise<Run<unknown>> {
    const { row, input, run } = await redriveOf(this.#store, parseTaskId(task));
    const operation = this.#operation(row.agent, row.operation);
    return this.start(operation, input, { id: run, priority: row.priority });
  }

  agents(): Promise<readonly RegisteredAgent[]> {
    return registeredAgents(this.#store);
  }

  why(run: string): Promise<RunExplanation> {
    return explainRun(this.#store, parseRunId(run), this.#clock.now());
  }

  trim(run: string): Promise<void> {
    const id = parseRunId(run);
    return this.#control.trim(id, [boardPlace({ run: id }).log]);
  }

  #operation(agent: string, operation: string): Operation {
    const definition = this.#options.agents.find(({ name }) => name === agent);
    if (definition === undefined) throw unknownAgent(agent);
    const found = definition.operation(operation);
    if (found !== undefined) return found;
    throw runtimeError("UNHANDLED", `agent '${agent}' still has no handler for '${operation}'`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#closed.abort(STOPPED);
    await this.#pumps?.stop();
    await this.topics[Symbol.asyncDispose]();
    await this.#replaced;
    await this.#host.leave(this.#options.graceMs ?? 5_000);
    await this.#runs.settled();
    if (this.#ownsStore) await this.#store[Symbol.asyncDispose]();
  }

  #newHost(): Host {
    return new Host(
      { ...this.#options, store: this.#store, clock: this.#clock, random: this.#random },
      {
        closed: (task, outcome) => this.#runs.taskClosed(task.id, outcome),
        lost: (why) => {
          this.#replaced = this.#replaceHost(this.#host, why);
        },
        trouble: (cause) => this.#options.onTrouble?.(cause),
      },
    );
  }

  /** A process that was paused for too long goes on as another host, with nothing in its hands. */
  async #replaceHost(lost: Host, why: string): Promise<void> {
    this.#options.onTrouble?.(runtimeError("FENCED", `this host lost its tasks: ${why}`));
    await lost.leave(this.#options.graceMs ?? 5_000);
    while (!this.#closed.signal.aborted) {
      const host = this.#newHost();
      try {
        await host.start();
        this.#host = host;
        for (const run of this.#served) host.serve(parseRunId(run));
        return;
      } catch (cause) {
        this.#options.onTrouble?.(cause);
        await this.#clock.sleep(1_000, { signal: this.#closed.signal }).catch(() => {});
      }
    }
  }
}
