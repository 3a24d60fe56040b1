import { setTimeout as sleep } from "node:timers/promises";
import { nodeClock, nodeRandom } from "../adapters/node/index.ts";
import type { RunId } from "../core/ids.ts";
import type { Store, TaskRow } from "../ports/store.ts";
import type { AgentDefinition } from "../runtime/agent.ts";
import { readReport } from "../runtime/directory.ts";
import { Host } from "../runtime/host.ts";
import { isUnfinished } from "../runtime/ledger-view.ts";
import { servingHosts } from "./outside-control.ts";

// What of a run that is being cancelled can be closed without the code of its agents: tasks that never began.
// Invariants:
// C1 only tasks of agents that no living host runs for it, and of which not one has begun: while the run is
//    cancelling nothing begins, so none of them can need its handler, nor its clean-ups.
// C2 it is done by a host like any other, so the store fences it if a process comes that runs the agent.

/** Tasks of one run that are looked at. */
const MAX_TASKS = 100_000;

/** Between two looks, in ms. */
const POLL_MS = 50;

/**
 * Closes what has never begun of `run`, once it is being cancelled, where no living process will do it.
 * @param signal - Aborts when it need not be done any more.
 * @throws RuntimeError when the ledger fails.
 */
export async function closeUnbegun(store: Store, run: RunId, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await store.runs({ run }))[0]?.gate !== "cancelling") {
    await pause(signal);
  }
  if (signal.aborted) return;
  const agents = await orphans(store, run);
  if (agents.length === 0) return;
  const host = new Host(
    {
      store,
      clock: nodeClock(),
      random: nodeRandom(),
      agents: agents.map(withoutCode),
      serves: "own-runs",
      about: { pid: process.pid },
    },
    { closed: () => {}, lost: () => {}, trouble: () => {} },
  );
  await host.start();
  host.serve(run);
  while (!signal.aborted && (await hasOpenTasks(store, run, agents))) await pause(signal);
  await host.leave(0);
}

/** Agents of unfinished tasks of `run` of which none has begun, and which nobody runs. */
async function orphans(store: Store, run: RunId): Promise<readonly string[]> {
  const served = new Set(
    (await servingHosts(store, run)).flatMap((host) =>
      readReport(host).agents.map(({ name }) => name),
    ),
  );
  const found = new Map<string, boolean>();
  for (const row of await store.find({ run, limit: MAX_TASKS })) {
    if (!isUnfinished(row)) continue;
    const isIdle = !served.has(row.agent) && (await neverBegan(store, row));
    found.set(row.agent, (found.get(row.agent) ?? true) && isIdle);
  }
  return [...found].filter(([, isOrphan]) => isOrphan).map(([agent]) => agent);
}

async function neverBegan(store: Store, row: TaskRow): Promise<boolean> {
  const { id, state, codeVersion } = row;
  // What is bound to a version of the code is given to no host without it.
  if (state !== "open" || codeVersion !== null) return false;
  const events = (await store.load(id))?.events ?? [];
  return events.every(({ type }) => type === "started" || type === "resumed");
}

async function hasOpenTasks(store: Store, run: RunId, agents: readonly string[]): Promise<boolean> {
  const open = await store.find({ run, state: "open", limit: MAX_TASKS });
  return open.some(({ agent }) => agents.includes(agent));
}

/** Stands in the place of an agent whose tasks are closed before any handler would run. */
function withoutCode(name: string): AgentDefinition {
  return {
    name,
    operations: {},
    capabilities: [],
    groups: [],
    version: null,
    continues: [],
    concurrency: 16,
    keyed: false,
    operation: () => undefined,
    handler: () => undefined,
  };
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(POLL_MS, undefined, { signal }).catch(() => {});
}
