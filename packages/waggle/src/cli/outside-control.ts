import { nodeClock, nodeRandom } from "../adapters/node/index.ts";
import { hostIdFrom, type RunId } from "../core/ids.ts";
import type { HostBeat, Store } from "../ports/store.ts";
import { readReport } from "../runtime/directory.ts";
import { RunControl } from "../runtime/run-control.ts";
import { livingHosts } from "./worker-seat.ts";

/** Between two looks at what becomes of a change, in ms. */
const POLL_MS = 100;

/**
 * Control of runs from a process that works on none. It owns nothing, so it writes in a name that no host has; the
 * ledger itself wakes the processes that are concerned.
 */
export function outsideControl(store: Store): RunControl {
  const id = hostIdFrom(nodeRandom().id());
  return new RunControl({
    store,
    clock: nodeClock(),
    host: () => ({ id, mailed: () => {} }),
    pollMs: POLL_MS,
    closed: new AbortController().signal,
  });
}

/** Hosts that live, as far as the ledger can tell, and take tasks of `run`. */
export async function servingHosts(store: Store, run: RunId): Promise<readonly HostBeat[]> {
  return (await livingHosts(store)).filter((host) => {
    const { agents, runs } = readReport(host);
    return agents.length > 0 && (runs === undefined || runs.includes(run));
  });
}

/** How hosts are called: by their process where they say it. */
export function hostNames(hosts: readonly HostBeat[]): string {
  const names = hosts.map((host) => {
    const pid = readReport(host).about["pid"];
    return typeof pid === "number" ? `process ${pid}` : host.host;
  });
  const named = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${named} and ${names.length - 3} more` : named;
}
