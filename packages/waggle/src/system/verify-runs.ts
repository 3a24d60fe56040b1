import { nodeClock } from "../adapters/node/node-clock.ts";
import { nodeRandom } from "../adapters/node/node-random.ts";
import { runtimeError } from "../core/errors.ts";
import { parseRunId, type RunId, type TaskId } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { LoadedTask, RunRow, Store, StoreFactory, TaskRow } from "../ports/store.ts";
import type { AgentDefinition } from "../runtime/agent.ts";
import { CHANGED_CODE_HINT, type Divergence } from "../runtime/divergence.ts";
import { isUnfinished } from "../runtime/ledger-view.ts";
import { startOf } from "../runtime/life-start.ts";
import { pastOf } from "../runtime/recorded-past.ts";
import { rehearse } from "../runtime/rehearsal.ts";
import type { OperationOf } from "../runtime/rehearsal-host.ts";

/** What is to be replayed, and against which code. */
export interface VerifyRunsOptions {
  /**
   * The ledger; a SQLite store best with `asFound: true`. A store that comes as a factory is disposed afterwards; one that
   * is passed open is not.
   */
  readonly store: Store | StoreFactory;
  /** The code. */
  readonly agents: readonly AgentDefinition[];
  /** Only this run. Default: all that are open or paused; with `finished` all that are not trimmed. */
  readonly run?: string;
  /** True: also tasks that have ended. Nobody replays those any more: for looking for handlers that change. Default false. */
  readonly finished?: boolean;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
}

/** A task in the verdict on its run. */
export interface VerifiedTask {
  readonly run: RunId;
  readonly task: TaskId;
  readonly agent: string;
  readonly operation: string;
  /** The version of its agent's code that it is bound to; null: none. */
  readonly version: string | null;
}

/** What came of replaying runs. */
export interface RunsVerdict {
  /** Number of tasks that were replayed. */
  readonly replayed: number;
  /** Those among them that the code does not fit: it would leave them stuck. */
  readonly diverged: readonly (VerifiedTask & Divergence)[];
  /** Unfinished tasks whose agent is not among the given ones, or has no such operation. Not replayed. */
  readonly unserved: readonly VerifiedTask[];
}

/** Runs, and tasks of one run, that are looked at. */
const MAX_ROWS = 1_000_000;

/**
 * Replays runs of a ledger against `agents`, in memory: no step, message or write happens, and nothing is written to the
 * ledger. Opening a store is another matter: `sqliteStore` makes a file that is not there, in which nothing diverges, and
 * brings one of an older format to the present one, which an older Waggle cannot read any more. With `asFound: true` it
 * refuses both; verify an older one on a copy. Tells
 * before a deploy which tasks the new code would leave stuck. Whether a task is bound to another version does not matter:
 * so it also tells whether code may say that it `continues` that. Not replayed is what no handler has left a record of,
 * and what was or is being cancelled. What stands outside of `ctx` in handlers runs. May be asked while others work on
 * the ledger: each task is read at one moment.
 * @throws RuntimeError `NOT_FOUND` for an unknown `run`; `LIMIT_REACHED` for more than a million runs, or tasks of one;
 * whatever opening or reading the store throws.
 */
export async function verifyRuns(options: VerifyRunsOptions): Promise<RunsVerdict> {
  const clock = options.clock ?? nodeClock();
  const random = options.random ?? nodeRandom();
  const { store } = options;
  if (typeof store !== "function") return new Verification(options, store, clock).verdict();
  await using opened = await store({ clock, random });
  return await new Verification(options, opened, clock).verdict();
}

class Verification {
  readonly #options: VerifyRunsOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #agents: ReadonlyMap<string, AgentDefinition>;
  readonly #operationOf: OperationOf;
  readonly #diverged: (VerifiedTask & Divergence)[] = [];
  readonly #unserved: VerifiedTask[] = [];
  #replayed = 0;

  constructor(options: VerifyRunsOptions, store: Store, clock: Clock) {
    this.#options = options;
    this.#store = store;
    this.#clock = clock;
    const agents = new Map(options.agents.map((definition) => [definition.name, definition]));
    this.#agents = agents;
    this.#operationOf = (agent, operation) => agents.get(agent)?.operation(operation);
  }

  async verdict(): Promise<RunsVerdict> {
    for (const { run } of await this.#runs()) {
      for (const row of bounded(await this.#store.find({ run, limit: MAX_ROWS }))) {
        if (this.#options.finished === true || isUnfinished(row)) await this.#verify(row);
      }
    }
    return { replayed: this.#replayed, diverged: this.#diverged, unserved: this.#unserved };
  }

  async #runs(): Promise<readonly RunRow[]> {
    const { run, finished = false } = this.#options;
    if (run !== undefined) {
      const found = await this.#store.runs({ run: parseRunId(run) });
      if (found.length === 0) throw runtimeError("NOT_FOUND", `there is no run '${run}'`);
      return found;
    }
    const limit = MAX_ROWS;
    if (finished) return bounded(await this.#store.runs({ limit }));
    const open = await this.#store.runs({ gate: "open", limit });
    return [...bounded(open), ...bounded(await this.#store.runs({ gate: "paused", limit }))];
  }

  async #verify(row: TaskRow): Promise<void> {
    const { run, id: task, agent, operation, codeVersion: version } = row;
    const verified: VerifiedTask = { run, task, agent, operation, version };
    const definition = this.#agents.get(agent);
    if (definition?.handler(operation) === undefined) {
      if (isUnfinished(row)) this.#unserved.push(verified);
      return;
    }
    const loaded = await this.#store.load(task);
    const divergence = loaded === undefined ? undefined : await this.#replay(loaded, definition);
    if (divergence !== undefined) this.#diverged.push({ ...verified, ...divergence });
  }

  async #replay(loaded: LoadedTask, definition: AgentDefinition): Promise<Divergence | undefined> {
    const past = pastOf(loaded);
    if (past === undefined) return undefined;
    this.#replayed++;
    const start = await startOf(this.#store, loaded);
    const rehearsed = { task: loaded.row, definition, start, past, hint: CHANGED_CODE_HINT };
    return await rehearse(rehearsed, this.#clock, this.#operationOf);
  }
}

function bounded<Row>(rows: readonly Row[]): readonly Row[] {
  if (rows.length < MAX_ROWS) return rows;
  throw runtimeError("LIMIT_REACHED", `there are ${MAX_ROWS} runs or tasks of a run, or more`);
}
