import type { TaskEvent } from "../../../src/core/event.ts";
import { decodeEvent, type EncodedEvent } from "../../../src/core/event-codec.ts";
import type { HostId, RunId } from "../../../src/core/ids.ts";
import type { Store, TaskRow } from "../../../src/ports/store.ts";

/** Which process wrote in the name of which host, over all tasks. */
type Writers = Map<HostId, number>;

/** All that is wrong with the tasks of `runs`, all of which should be over; in words. */
export async function ledgerFaults(
  store: Store,
  runs: readonly RunId[],
): Promise<readonly string[]> {
  const writers: Writers = new Map();
  const faults: string[] = [];
  for (const run of runs) {
    for (const row of await store.find({ run, limit: 100_000 })) {
      const stored = (await store.load(row.id))?.events ?? [];
      const found = [
        ...rowFaults(row, stored),
        ...eventFaults(stored.map((one) => decodeEvent(one))),
        ...writerFaults(
          stored.map((one) => decodeEvent(one)),
          writers,
        ),
      ];
      faults.push(...found.map((fault) => `${run} ${row.agent} ${row.id}: ${fault}`));
    }
  }
  return faults;
}

function rowFaults(row: TaskRow, stored: readonly EncodedEvent[]): readonly string[] {
  return [
    ...(row.state === "closed" ? [] : [`is ${row.state}`]),
    ...(row.owner === null ? [] : [`is still owned by ${row.owner}`]),
    ...(row.version === stored.length ? [] : [`has ${stored.length} of ${row.version} events`]),
  ];
}

function eventFaults(events: readonly TaskEvent[]): readonly string[] {
  const closed = events.filter(({ type }) => type === "closed").length;
  const stuck = events.filter(({ type }) => type === "stuck").length;
  const results = pathsOf(events, ["done", "received"]);
  const twice = results.filter((path, i) => results.indexOf(path) !== i);
  const unanswered = events.flatMap((event) =>
    event.type === "asked" && event.awaited && !results.includes(event.path) ? [event.path] : [],
  );
  return [
    ...(closed === 1 && events.at(-1)?.type === "closed" ? [] : [`was closed ${closed} times`]),
    ...(stuck === 0 ? [] : ["was stuck"]),
    ...twice.map((path) => `the result of ${path} stands twice`),
    ...unanswered.map((path) => `${path} was never answered`),
  ];
}

function pathsOf(events: readonly TaskEvent[], types: readonly string[]): readonly string[] {
  return events.flatMap((event) =>
    types.includes(event.type) && "path" in event ? [event.path] : [],
  );
}

/** Between two claims exactly one process records what it executed, and a host is one process (K2). */
function writerFaults(events: readonly TaskEvent[], writers: Writers): readonly string[] {
  const faults: string[] = [];
  let host: HostId | undefined;
  let process: number | undefined;
  for (const event of events) {
    if (event.type === "resumed") {
      host = event.host;
      process = writers.get(host);
    }
    const by = event.type === "done" ? executedBy(event) : undefined;
    if (by === undefined) continue;
    if (process !== undefined && process !== by) {
      faults.push(`process ${by} wrote while process ${process} owned it`);
    }
    process = by;
    if (host !== undefined) writers.set(host, by);
  }
  return faults;
}

function executedBy({ outcome }: Extract<TaskEvent, { type: "done" }>): number | undefined {
  if (outcome.type !== "value") return undefined;
  return (outcome.value as { readonly by?: number }).by;
}
