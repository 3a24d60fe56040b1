import type { HostId, RunId } from "../core/ids.ts";
import type { HostBeat } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import type { PeerQuery } from "./operation.ts";

/** `error`: the last three tasks of it failed. `offline`: the host is gone. */
export type AgentStatus = "idle" | "busy" | "error" | "offline";

/** What a host says of one of its agents at a beat. */
export interface AgentReport {
  readonly name: string;
  readonly version: string | null;
  /** Older versions whose tasks it can continue. */
  readonly continues: readonly string[];
  readonly capabilities: readonly string[];
  readonly groups: readonly string[];
  readonly operations: readonly string[];
  /** True if its messages have keys, which only its contract can tell. */
  readonly keyed: boolean;
  /** Tasks of it that are busy now, of at most `concurrency`. */
  readonly busy: number;
  readonly concurrency: number;
  readonly status: AgentStatus;
}

/** What a host says of itself at a beat. */
export interface HostReport {
  readonly about: Readonly<Record<string, unknown>>;
  readonly agents: readonly AgentReport[];
  /** The only runs whose tasks it takes; absent: of all. */
  readonly runs?: readonly RunId[];
}

/** What `host` said of itself; nothing if it has not said it in a way that is understood here. */
export function readReport({ report }: HostBeat): HostReport {
  try {
    const { about = {}, agents = [], runs } = JSON.parse(report) as Partial<HostReport>;
    return { about, agents, ...(runs === undefined ? {} : { runs }) };
  } catch {
    return { about: {}, agents: [] }; // a host of another version, or one that never beat
  }
}

/** Who is there and what they can do, as of the last beat. Owns: what the other hosts reported. */
export class Directory {
  readonly #own: ReadonlyMap<string, AgentDefinition>;
  #others: ReadonlyMap<string, AgentReport> = new Map();

  constructor(own: ReadonlyMap<string, AgentDefinition>) {
    this.#own = own;
  }

  /** Takes what all hosts reported. */
  update(hosts: readonly HostBeat[], self: HostId): void {
    const others = new Map<string, AgentReport>();
    for (const host of hosts) {
      if (host.host === self || host.dead || host.gone) continue;
      for (const agent of readReport(host).agents) others.set(agent.name, agent);
    }
    this.#others = others;
  }

  knows(agent: string): boolean {
    return this.#own.has(agent) || this.#others.has(agent);
  }

  /** True if messages of `agent` need a key. */
  isKeyed(agent: string): boolean {
    const own = this.#own.get(agent);
    return own?.keyed ?? this.#others.get(agent)?.keyed === true;
  }

  /** Names of agents that fit `query`, in order. */
  find(query: PeerQuery): readonly string[] {
    const own = [...this.#own.values()].map((agent) => ({
      ...agent,
      operations: Object.keys(agent.operations),
    }));
    const names = [...own, ...this.#others.values()]
      .filter((agent) => fits(agent, query))
      .map(({ name }) => name);
    return [...new Set(names)].sort();
  }
}

function fits(
  agent: Pick<AgentReport, "capabilities" | "groups" | "operations">,
  { capability, group, operation }: PeerQuery,
): boolean {
  return (
    (capability === undefined || agent.capabilities.includes(capability)) &&
    (group === undefined || agent.groups.includes(group)) &&
    (operation === undefined || agent.operations.includes(operation))
  );
}
