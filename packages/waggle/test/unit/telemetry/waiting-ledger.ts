import { memoryStore } from "../../../src/adapters/memory/index.ts";
import { MemoryLedger } from "../../../src/adapters/memory/memory-ledger.ts";
import type { Envelope } from "../../../src/core/envelope.ts";
import type { TaskEvent } from "../../../src/core/event.ts";
import { encodeEvent } from "../../../src/core/event-codec.ts";
import {
  childTaskId,
  type HostId,
  hostIdFrom,
  type Path,
  parseRunId,
  type RunId,
  rootTaskId,
  type TaskId,
} from "../../../src/core/ids.ts";
import type { Ending, LoadedTask, Store, Write } from "../../../src/ports/store.ts";

/** Two hosts. */
export const ANNE: HostId = hostIdFrom("a".repeat(32));
export const BERT: HostId = hostIdFrom("b".repeat(32));

/** What a task is asked, and how. */
export interface Asked {
  readonly agent?: string;
  readonly key?: string;
  readonly input?: unknown;
  /** Run-time ms. */
  readonly until?: number;
  /** True: the asker's host has it from the start. */
  readonly isOwned?: boolean;
  /** The version of its agent's code that has begun it. */
  readonly codeVersion?: string;
}

/** An agent whose code has a version. */
interface AgentVersion {
  readonly name: string;
  readonly version: string;
  readonly continues?: readonly string[];
}

function reported(agent: string | AgentVersion): object {
  return typeof agent === "string" ? { name: agent } : agent;
}

/** A ledger in memory whose rows are made as the kernel makes them, one commit after the other. */
export class WaitingLedger {
  readonly store: Store;
  readonly #ledger: MemoryLedger;
  /** Wall-clock ms. */
  now = 1_000_000;

  constructor() {
    const now = (): number => this.now;
    this.#ledger = new MemoryLedger({ now });
    const unused = (): never => {
      throw new Error("only the wall clock is used");
    };
    const clock = { now, monotonic: unused, sleep: unused, turn: unused };
    this.store = memoryStore({ clock, ledger: this.#ledger });
  }

  /** `host` says that it is there and runs `agents`. */
  async beat(
    host: HostId,
    agents: readonly (string | AgentVersion)[],
    about: Readonly<Record<string, unknown>> = {},
    more: { readonly runs?: readonly string[] } = {},
  ): Promise<void> {
    const report = { about, agents: agents.map(reported), ...more };
    await this.store.beat(host, JSON.stringify(report));
  }

  /** The process of `host` has ended. */
  endProcess(host: HostId): void {
    this.#ledger.markGone(host);
  }

  /** Starts a run of `agent`, owned by `owner`; returns its root. */
  async start(name: string, owner: HostId | null, asked: Asked = {}): Promise<TaskId> {
    const run = parseRunId(name);
    const id = rootTaskId(run);
    const { input = null, codeVersion } = asked;
    await this.#commit(
      owner ?? ANNE,
      { type: "gate", run, from: null, to: "open" },
      {
        type: "create",
        task: envelope(run, id, null, null, asked),
        origin: { write: 1, event: 0 },
        owner,
        events: [encodeEvent({ type: "started", input })],
        ...(codeVersion === undefined ? {} : { codeVersion }),
      },
    );
    return id;
  }

  /** The owner of `parent` asks `name`; returns the child. */
  async ask(parent: TaskId, name: string, asked: Asked = {}): Promise<TaskId> {
    const { row } = await this.read(parent);
    const path = `ask:${name}` as Path;
    const child = childTaskId(parent, path);
    const { until = null, input = null, agent = "cook" } = asked;
    const about = { path, child, target: `${agent}.boil`, awaited: true, until, input } as const;
    const owner = owned(row.owner);
    await this.#commit(
      owner,
      {
        type: "append",
        task: parent,
        version: row.version,
        starts: true,
        events: [encodeEvent({ type: "asked", ...about })],
      },
      {
        type: "create",
        task: envelope(row.run, child, parent, path, asked),
        origin: { write: 0, event: 0 },
        owner: asked.isOwned === true ? owner : null,
        events: [],
      },
    );
    return child;
  }

  /** The owner of `task` appends `events`, and ends it or gives it back. */
  async append(task: TaskId, events: readonly TaskEvent[], ending?: Ending): Promise<void> {
    const { row } = await this.read(task);
    await this.#commit(owned(row.owner), {
      type: "append",
      task,
      version: row.version,
      inbox: row.inbox,
      starts: false,
      events: events.map(encodeEvent),
      ...(ending === undefined ? {} : { ending }),
    });
  }

  /** The owner of `task` gives it back: it only waits. */
  async release(task: TaskId, due: number | null = null, outside = false): Promise<void> {
    await this.append(task, [], { type: "release", due, outside });
  }

  /** `task` ends. */
  async close(task: TaskId): Promise<void> {
    const outcome = { type: "value", value: null } as const;
    await this.append(task, [{ type: "closed", outcome }], { type: "close", state: "closed" });
  }

  /** `host` takes everything it can get of agent `cook`, and says so in the streams. */
  async claim(host: HostId, agent = "cook"): Promise<readonly TaskId[]> {
    const agents = [{ agent, free: 100 }];
    const claimed = await this.store.claim({ host, agents });
    for (const { task } of claimed) await this.append(task, [{ type: "resumed", host, claims: 1 }]);
    return claimed.map(({ task }) => task);
  }

  /** Sends a signal to `task`. */
  async signal(task: TaskId): Promise<void> {
    const mail = { kind: "signal", path: null, data: "null", late: "refuse" } as const;
    await this.#commit(ANNE, { type: "deliver", task, ...mail });
  }

  /** Moves the gate of a run. */
  async gate(name: string, to: "paused" | "open" | "cancelling"): Promise<void> {
    await this.#commit(ANNE, { type: "gate", run: parseRunId(name), from: ["open", "paused"], to });
  }

  /** Everything about `task`, which exists. */
  async read(task: TaskId): Promise<LoadedTask> {
    const loaded = await this.store.load(task);
    if (loaded === undefined) throw new Error(`task ${task} is not there`);
    return loaded;
  }

  async #commit(host: HostId, ...writes: readonly Write[]): Promise<void> {
    const result = await this.store.commit({ host, writes });
    if (result.type !== "committed") throw new Error(`not committed: ${JSON.stringify(result)}`);
  }
}

function owned(owner: HostId | null): HostId {
  if (owner === null) throw new Error("nobody owns the task");
  return owner;
}

function envelope(
  run: RunId,
  id: TaskId,
  parent: TaskId | null,
  path: Path | null,
  { agent = "cook", key = null, until = null }: { [Name in keyof Asked]?: Asked[Name] | null },
): Envelope {
  return {
    id,
    run,
    parent,
    path,
    awaited: parent !== null,
    agent: agent ?? "cook",
    operation: "boil",
    priority: "normal",
    hops: parent === null ? 0 : 1,
    key,
    deadline: until,
  };
}
