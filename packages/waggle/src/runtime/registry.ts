import type { HostId } from "../core/ids.ts";
import type { StoreReads } from "../ports/store.ts";
import { type AgentReport, type AgentStatus, readReport } from "./directory.ts";

/** One agent as all hosts together report it. */
export interface RegisteredAgent
  extends Pick<AgentReport, "name" | "capabilities" | "groups" | "operations" | "keyed"> {
  /** The best of its hosts: idle before busy before error before offline. */
  readonly status: AgentStatus;
  /** Tasks that are busy, and that could be, on all living hosts. */
  readonly busy: number;
  readonly concurrency: number;
  /** Messages that wait in its mailbox. */
  readonly waiting: number;
  readonly hosts: readonly AgentHost[];
}

/** An agent in one host. */
export interface AgentHost
  extends Pick<AgentReport, "version" | "status" | "busy" | "concurrency"> {
  readonly host: HostId;
  /** Number of the host's last beat: one that stands still is silent. */
  readonly beat: number;
  readonly about: Readonly<Record<string, unknown>>;
}

const ORDER: readonly AgentStatus[] = ["idle", "busy", "error", "offline"];
const MAILBOX = "mailbox.";

/** Who is there, as of the last beats, in order of names. */
export async function registeredAgents(store: StoreReads): Promise<readonly RegisteredAgent[]> {
  const found = new Map<string, { first: AgentReport; hosts: AgentHost[] }>();
  for (const beat of await store.hosts()) {
    const { about, agents } = readReport(beat);
    for (const agent of agents) {
      const status = beat.gone || beat.dead ? "offline" : agent.status;
      const { version, busy, concurrency } = agent;
      const entry = found.get(agent.name) ?? { first: agent, hosts: [] };
      entry.hosts.push({
        host: beat.host,
        version,
        status,
        busy,
        concurrency,
        beat: beat.beat,
        about,
      });
      found.set(agent.name, entry);
    }
  }
  const cells = await store.cells(MAILBOX);
  const waiting = new Map(cells.map(({ cell, amount }) => [cell.slice(MAILBOX.length), amount]));
  return [...found.values()]
    .map(({ first, hosts }) => summary(first, hosts, waiting.get(first.name) ?? 0))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function summary(
  { name, capabilities, groups, operations, keyed }: AgentReport,
  hosts: readonly AgentHost[],
  waiting: number,
): RegisteredAgent {
  const living = hosts.filter(({ status }) => status !== "offline");
  const best = Math.min(...hosts.map(({ status }) => ORDER.indexOf(status)));
  return {
    name,
    capabilities,
    groups,
    operations,
    keyed,
    status: ORDER[best] ?? "offline",
    busy: living.reduce((sum, { busy }) => sum + busy, 0),
    concurrency: living.reduce((sum, { concurrency }) => sum + concurrency, 0),
    waiting,
    hosts,
  };
}
