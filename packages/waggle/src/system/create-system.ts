import { nodeClock } from "../adapters/node/node-clock.ts";
import { nodeRandom } from "../adapters/node/node-random.ts";
import type { Input, Operation, Output } from "../core/contract.ts";
import { runtimeError } from "../core/errors.ts";
import { parseRunId } from "../core/ids.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { RunQuery, RunRow, Store, StoreFactory, StoreMachine } from "../ports/store.ts";
import type { AgentDefinition } from "../runtime/agent.ts";
import { Host, type HostOptions } from "../runtime/host.ts";
import { type Run, Runs, type StartOptions } from "../runtime/runs.ts";

/** What a system is made of. */
export interface SystemOptions
  extends Pick<HostOptions, "serves" | "about" | "pollMs" | "passivateAfterMs" | "heart"> {
  /** The ledger. A store that comes as a factory is disposed with the system; one that is passed open is not. */
  readonly store: Store | StoreFactory;
  /** Names must differ. */
  readonly agents: readonly AgentDefinition[];
  /** Carries wake-ups to other hosts of the same store. Default: none; they poll. */
  readonly bus?: Bus;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
  /** How long a dispose waits for running step bodies after aborting their signals. Default 5,000 ms; Infinity: for ever. */
  readonly graceMs?: number;
  /** Gets failures of ports that the system lives through. Default: nobody does. */
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
}

/**
 * Puts store, agents and machine together and begins to work.
 * @throws RuntimeError `USAGE` when two agents share a name; whatever opening the store throws.
 */
export async function createSystem(options: SystemOptions): Promise<System> {
  const names = options.agents.map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) throw runtimeError("USAGE", `agents share a name: ${twice.join(", ")}`);
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
  readonly #closed = new AbortController();
  readonly #served = new Set<string>();
  #host: Host;
  #replaced: Promise<void> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(options: SystemOptions & StoreMachine, store: Store, ownsStore: boolean) {
    this.#options = options;
    this.#store = store;
    this.#ownsStore = ownsStore;
    this.#clock = options.clock;
    this.#random = options.random;
    const names = new Set(options.agents.map(({ name }) => name));
    this.#runs = new Runs({
      store,
      clock: this.#clock,
      random: this.#random,
      host: () => this.#host,
      knowsAgent: (agent) => names.has(agent),
      closed: this.#closed.signal,
      pollMs: 2 * (options.pollMs ?? 100),
    });
    this.#host = this.#newHost();
  }

  open(): Promise<void> {
    return this.#host.start();
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

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#closed.abort();
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
