import type { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import type { TaskEvent } from "../../../src/core/event.ts";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import type { TaskId } from "../../../src/core/ids.ts";
import type { Mail, TaskRow } from "../../../src/ports/store.ts";

/**
 * Tasks that can never move again unless somebody outside acts, by the definition: the complement of the least set
 * that holds every task that moves by itself and every one that waits for a member. Looks at all tasks of the ledger
 * at one moment, and shares no code with the search that it judges.
 * @param isActive - True for a task whose handler is about to do something that the ledger does not show.
 * @param now - Wall-clock ms.
 */
export function deadlockedTasks(
  ledger: MemoryLedger,
  isActive: (task: TaskId) => boolean,
  now: number,
): ReadonlySet<TaskId> {
  const rows = ledger.find({ limit: Number.POSITIVE_INFINITY }).filter(isUnfinished);
  const waits = new Map<TaskId, readonly TaskId[]>();
  for (const row of rows) {
    const waitsFor = isActive(row.id) ? undefined : waitsOf(ledger, row, rows, now);
    if (waitsFor !== undefined) waits.set(row.id, waitsFor);
  }
  // What is not in `waits` moves. Whoever waits for what moves, moves one day: take it out, until nothing changes.
  for (let before = -1; before !== waits.size; ) {
    before = waits.size;
    for (const [task, waitsFor] of waits) {
      if (waitsFor.some((other) => !waits.has(other))) waits.delete(task);
    }
  }
  return new Set(waits.keys());
}

function isUnfinished({ state }: TaskRow): boolean {
  return state === "open" || state === "stuck";
}

/** What `row` waits for; undefined: it moves by itself. */
function waitsOf(
  ledger: MemoryLedger,
  row: TaskRow,
  rows: readonly TaskRow[],
  now: number,
): readonly TaskId[] | undefined {
  const loaded = ledger.load(row.id);
  if (loaded === undefined || row.state === "stuck" || row.outside) return undefined;
  // Somebody resumes its run, or is stopping it.
  if (loaded.gate !== "open") return undefined;
  const events = loaded.events.map((stored) => decodeEvent(stored));
  if (isArmed(events) || hasNews(loaded.inbox, events)) return undefined;
  // Whoever has begun and is due without news only comes back to wait on.
  const isClaimable = row.owner === null && row.due !== null && row.due <= now;
  if (isClaimable && !events.some(({ type }) => type === "asked")) return undefined;
  const children = rows.filter(({ parent, awaited }) => awaited && parent === row.id);
  if (children.length > 0) return children.map(({ id }) => id);
  const holder = rows.find(({ agent, key }) => agent === row.agent && key === row.key);
  const isQueued = row.key !== null && row.owner === null && holder?.id !== row.id;
  return isQueued && holder !== undefined ? [holder.id] : undefined;
}

/** True if it waits for a time or a signal. */
function isArmed(events: readonly TaskEvent[]): boolean {
  const armed = new Set<string>();
  for (const event of events) {
    if (event.type === "armed") armed.add(event.path);
    if (event.type === "fired" || event.type === "received" || event.type === "dropped") {
      armed.delete(event.path);
    }
  }
  return armed.size > 0;
}

/** True if it was told to stop, or has an answer that its handler has not got. */
function hasNews(inbox: readonly Mail[], events: readonly TaskEvent[]): boolean {
  const received = new Set(events.flatMap((one) => (one.type === "received" ? one.path : [])));
  return inbox.some(
    ({ kind, path }) =>
      kind === "cancel" || (kind === "answer" && path !== null && !received.has(path)),
  );
}
