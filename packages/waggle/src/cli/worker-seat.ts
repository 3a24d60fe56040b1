import { type HostId, hostIdFrom, type RunId } from "../core/ids.ts";
import type { HostBeat, Store } from "../ports/store.ts";
import { readReport } from "../runtime/directory.ts";

// Of several processes that want to work on one run, one does and the others follow it. Each run has a seat: a
// cell that names who sits there. Invariants:
// W1 a process registers its host before it takes the seat, so a seat whose host is not there is free.
// W2 the seat changes hands by compare-and-set, and its cell is never removed: its version only grows.

/** A process of this command, as others see it. */
export interface Worker {
  /** Random; one per process. */
  readonly token: string;
  readonly pid: number;
}

/** The seat of a run at one moment. */
export interface Seat {
  /** Who lives and sits there. */
  readonly worker: Worker | undefined;
  readonly version: number;
}

/** Who works on `run` now. */
export async function readSeat(store: Store, run: RunId): Promise<Seat> {
  const name = cellName(run);
  const cell = (await store.cells(name)).find((one) => one.cell === name);
  const sitting = workerOf(cell?.value ?? null);
  const isThere =
    sitting !== undefined &&
    (await livingHosts(store)).some((host) => workerIn(host)?.token === sitting.token);
  return { worker: isThere ? sitting : undefined, version: cell?.version ?? 0 };
}

/**
 * Takes the seat that was free at `seat`.
 * @returns false if another process was first, or if nobody knows.
 */
export async function takeSeat(
  store: Store,
  run: RunId,
  seat: Seat,
  worker: Worker,
): Promise<boolean> {
  const { token, pid } = worker;
  const value = JSON.stringify({ token, pid });
  const result = await store.commit({
    host: hostIdFrom(token),
    writes: [{ type: "set", cell: cellName(run), expect: seat.version, value }],
  });
  return result.type === "committed";
}

/** Hosts whose process lives, as far as the ledger can tell. */
export async function livingHosts(store: Store): Promise<readonly HostBeat[]> {
  return (await store.hosts()).filter((host) => !host.dead && !host.gone);
}

/** The process id that each living host says it has. */
export function processIds(hosts: readonly HostBeat[]): ReadonlyMap<HostId, number> {
  return new Map(
    hosts.flatMap((beat) => {
      const worker = workerIn(beat);
      return worker === undefined ? [] : [[beat.host, worker.pid] as const];
    }),
  );
}

function cellName(run: RunId): string {
  return `cli.worker.${run}`;
}

function workerIn(host: HostBeat): Worker | undefined {
  return workerFrom(readReport(host).about);
}

function workerOf(json: string | null): Worker | undefined {
  return json === null ? undefined : workerFrom(JSON.parse(json));
}

/** What a host, or a seat's cell, says of its process; undefined if it is none of this command. */
function workerFrom(said: unknown): Worker | undefined {
  if (typeof said !== "object" || said === null || !("token" in said) || !("pid" in said)) {
    return undefined;
  }
  const { token, pid } = said;
  return typeof token === "string" && typeof pid === "number" ? { token, pid } : undefined;
}
