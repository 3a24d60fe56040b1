import type { ErrorData } from "../core/errors.ts";
import type { TaskEvent } from "../core/event.ts";
import { decodeEventOnly } from "../core/event-codec.ts";
import type { Path, TaskId } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { LoadedTask, Store, StoredEvent, TaskRow } from "../ports/store.ts";
import type { SeeTask } from "./wait-graph.ts";

// What the ledger alone says of what tasks wait for. What a host keeps in memory is not in it.

/** What is read of a ledger to see tasks wait. */
export type TaskReads = Pick<Store, "load" | "find">;

/** An operation that has begun and has not ended. */
export type Outstanding =
  /** A question that is not answered. */
  | {
      readonly type: "ask";
      readonly path: Path;
      /** Wall-clock ms when it began. */
      readonly since: number;
      /** Run-time ms when it is given up; null: never. */
      readonly until: number | null;
      readonly child: TaskId;
      /** `agent.operation` */
      readonly target: string;
    }
  /** A time that has not come, or a signal that nobody has sent (`signal` names it). */
  | {
      readonly type: "armed";
      readonly path: Path;
      readonly since: number;
      readonly until: number | null;
      readonly signal: string | null;
    }
  /** An effect whose outcome is not known. Those of class `repeatable` leave no trace before they are done. */
  | { readonly type: "effect"; readonly path: Path; readonly since: number }
  /** An attempt of a step has failed, and the next one is not to begin before `until`. */
  | {
      readonly type: "retry";
      readonly path: Path;
      readonly since: number;
      readonly until: number;
      /** The one that failed, and with what. */
      readonly attempt: number;
      readonly error: ErrorData;
    };

/** What a stream says is outstanding, in the order in which it began. `events`: a whole generation, oldest first. */
export function outstandingIn(events: readonly StoredEvent[]): readonly Outstanding[] {
  const open = new Map<Path, Outstanding>();
  for (const stored of events) apply(open, decodeEventOnly(stored), stored.at);
  return [...open.values()];
}

function apply(open: Map<Path, Outstanding>, event: TaskEvent, since: number): void {
  switch (event.type) {
    case "asked": {
      const { path, until, child, target } = event;
      if (event.awaited) open.set(path, { type: "ask", path, since, until, child, target });
      break;
    }
    case "armed": {
      const { path, until, signal } = event;
      open.set(path, { type: "armed", path, since, until, signal });
      break;
    }
    case "intent":
      open.set(event.path, { type: "effect", path: event.path, since });
      break;
    case "retrying": {
      const { path, until, attempt, error } = event;
      open.set(path, { type: "retry", path, since, until, attempt, error });
      break;
    }
    case "dropped":
      drop(open, event);
      break;
    case "done":
    case "received":
    case "fired":
      open.delete(event.path);
      break;
    case "restarted":
    case "closed":
      open.clear();
      break;
    case "started":
    case "resumed":
    case "unknown":
    case "stuck":
    case "marked":
      break;
  }
}

/** An ask that was given up ends with the answer of its child, which was told to stop. */
function drop(
  open: Map<Path, Outstanding>,
  { path, why }: TaskEvent & { readonly type: "dropped" },
): void {
  const dropped = open.get(path);
  const endsLater = dropped?.type === "ask" && (why === "lost" || why === "cancelled");
  if (endsLater) open.set(path, { ...dropped, until: null });
  else open.delete(path);
}

/**
 * Sees tasks as the ledger shows them. A task with an owner counts as moving: what it does is in that host's memory.
 * So does one that is stuck, or whose run is not open: somebody must act, and then it moves. That an ask will be
 * given up one day does not count.
 *
 * Looking at a task reads its stream; at one that has not begun also the holder of its key.
 */
export function seeFromLedger(reads: TaskReads, clock: Pick<Clock, "now">): SeeTask {
  return async (task) => {
    const loaded = await reads.load(task);
    if (loaded === undefined || !isUnfinished(loaded.row)) return undefined;
    const { row, origin, gate } = loaded;
    const outstanding = outstandingIn(loaded.events);
    const moves = movesByItself(loaded, outstanding, clock.now());
    const hasBegun = outstanding.length > 0;
    const holder = moves || hasBegun ? undefined : await holderBefore(reads, row);
    const asked = outstanding.flatMap((one) => (one.type === "ask" ? [one.child] : []));
    const { agent, operation, owner, version, inbox } = row;
    return {
      task,
      agent,
      operation,
      moves,
      waitsFor: holder === undefined ? asked : [holder.id],
      // Grows with each event of the ledger: that of the message's acceptance orders all of them.
      order: origin.position,
      queuedOnKey: holder !== undefined,
      reading: { version, inbox, owner, gate },
    };
  };
}

/** True unless the task is closed or dead. */
export function isUnfinished({ state }: TaskRow): boolean {
  return state === "open" || state === "stuck";
}

/** The unfinished task that holds the key `row` is queued on; undefined if it holds the key itself or has none. */
export async function holderBefore(
  reads: TaskReads,
  { id, agent, key }: TaskRow,
): Promise<TaskRow | undefined> {
  if (key === null) return undefined;
  const [open] = await reads.find({ agent, key, state: "open", limit: 1 });
  // Only who holds the key can have become stuck. Read last: a task that becomes so meanwhile is found.
  const [stuck] = await reads.find({ agent, key, state: "stuck", limit: 1 });
  const holder = stuck ?? open;
  return holder?.id === id ? undefined : holder;
}

function movesByItself(
  { row, gate, pausedMs }: LoadedTask,
  outstanding: readonly Outstanding[],
  now: number,
): boolean {
  if (row.owner !== null || row.state !== "open" || row.outside || gate !== "open") return true;
  return isClaimable(row, outstanding, pausedMs, now);
}

/**
 * True if somebody may take the unowned task `row` now or at a time of its own. False if it is not due, or only
 * because an ask of it is to be given up at a later time: it was released with the earliest of these times, and what
 * makes it due otherwise (mail, its run) makes it due at once.
 * @param pausedMs - For how long its run has been paused in all.
 */
function isClaimable(
  { due }: TaskRow,
  outstanding: readonly Outstanding[],
  pausedMs: number,
  now: number,
): boolean {
  if (due === null) return false;
  const giveUps = outstanding.flatMap((one) =>
    one.type !== "ask" || one.until === null ? [] : [one.until + pausedMs],
  );
  const waitsToGiveUp = giveUps.length > 0 && due >= Math.min(...giveUps);
  return due <= now || !waitsToGiveUp;
}
