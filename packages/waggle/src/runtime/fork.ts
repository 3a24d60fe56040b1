import { runtimeError } from "../core/errors.ts";
import type { ResponseAddress } from "../core/event.ts";
import { blobsIn, decodeEventOnly, type EncodedEvent } from "../core/event-codec.ts";
import {
  childTaskId,
  type HostId,
  type Path,
  type RunId,
  rootTaskId,
  type TaskId,
} from "../core/ids.ts";
import type { Batch, CreateWrite, LoadedTask, Store, Write } from "../ports/store.ts";
import { cancelMail } from "./drops.ts";

/** Where a fork leaves the run it comes from. */
export type ForkPoint =
  /** After the event at this position (see {@link RunEvent.position}). */
  | { readonly after: number }
  /** Just before this task began: it runs again, and whatever was recorded later. */
  | { readonly before: TaskId };

/** Tasks a fork can have. */
const MAX_TASKS = 10_000;

/**
 * The batch that creates `to` as a copy of `from` up to a point: the streams of the tasks that were open then, with
 * values, under ids of their own. So effects get keys of their own, and what was recorded up to there is not done
 * again. An effect that had begun and not ended at the point begins anew, with its first attempt; times that were left
 * then are left again. A fork of what came of a request on a topic does not respond to it.
 * Not copied are signals that nobody had taken, and work that was sent by a task that had ended at the point.
 * @param now - Wall-clock ms.
 * @throws RuntimeError `NOT_FOUND` for a run, task or position that is not there; `USAGE` if the root had ended.
 */
export async function forkBatch(
  store: Store,
  host: HostId,
  from: RunId,
  to: RunId,
  at: ForkPoint,
  now: number,
): Promise<Batch> {
  const source = await readSource(store, from, at);
  const root = source.kept.get(rootTaskId(from));
  if (root === undefined || root.events.length === 0) {
    throw runtimeError("NOT_FOUND", `run '${from}' has nothing before that point`);
  }
  const writer = new ForkWriter(source, to, now);
  writer.addRoot(root);
  return { host, writes: [...writer.writes, ...(await blobWrites(store, writer.writes, to))] };
}

/** A task up to the point of the fork. */
interface KeptTask {
  readonly loaded: LoadedTask;
  readonly events: readonly EncodedEvent[];
  readonly isClosed: boolean;
}

interface Source {
  readonly kept: ReadonlyMap<TaskId, KeptTask>;
  /** Run-time ms of the last event before the point. */
  readonly at: number;
}

async function readSource(store: Store, from: RunId, at: ForkPoint): Promise<Source> {
  const rows = await store.find({ run: from, limit: MAX_TASKS });
  if (rows.length === 0) throw runtimeError("NOT_FOUND", `there is no run '${from}'`);
  if (rows.length === MAX_TASKS) {
    throw runtimeError("LIMIT_REACHED", `run '${from}' has more than ${MAX_TASKS} tasks`);
  }
  const all: LoadedTask[] = [];
  for (const { id } of rows) {
    const loaded = await store.load(id);
    if (loaded !== undefined) all.push(loaded);
  }
  const until = "after" in at ? at.after : originOf(all, at.before, from);
  const kept = new Map<TaskId, KeptTask>();
  let time = 0;
  for (const loaded of all) {
    if (loaded.origin.position > until) continue;
    const events = loaded.events.filter(({ position }) => position <= until);
    const isClosed = events.at(-1)?.type === "closed";
    time = Math.max(time, (events.at(-1)?.at ?? 0) - loaded.pausedMs);
    kept.set(loaded.row.id, { loaded, events: withoutCutEffects(events), isClosed });
  }
  return { kept, at: time };
}

function originOf(all: readonly LoadedTask[], task: TaskId, run: RunId): number {
  const found = all.find(({ row }) => row.id === task);
  if (found !== undefined) return found.origin.position;
  throw runtimeError("NOT_FOUND", `run '${run}' has no task ${task}`);
}

const OF_ATTEMPTS: ReadonlySet<string> = new Set(["intent", "unknown", "retrying"]);

/** A fork has not begun the effects that had no outcome at its point: they are its own, with keys of its own. */
function withoutCutEffects(events: readonly EncodedEvent[]): readonly EncodedEvent[] {
  const ended = new Set<string>();
  for (const stored of events) {
    const event = decodeEventOnly(stored);
    if (event.type === "done" || event.type === "dropped") ended.add(event.path);
  }
  return events.filter((stored) => {
    if (!OF_ATTEMPTS.has(stored.type)) return true;
    const event = decodeEventOnly(stored);
    return "path" in event && ended.has(event.path);
  });
}

/** Collects the writes of a fork, parents before their children. */
class ForkWriter {
  readonly writes: Write[] = [];
  readonly #source: Source;
  readonly #to: RunId;
  /** How much later everything happens now. */
  readonly #shiftMs: number;

  constructor(source: Source, to: RunId, now: number) {
    this.#source = source;
    this.#to = to;
    this.#shiftMs = now - source.at;
    this.writes.push({ type: "gate", run: to, from: null, to: "open" });
  }

  addRoot(task: KeptTask): void {
    if (task.isClosed) {
      throw runtimeError("USAGE", "the run had ended at that point: fork it at an earlier one");
    }
    this.#add(task, rootTaskId(this.#to), null, { write: 1, event: 0 });
  }

  #add(
    { loaded, events }: KeptTask,
    id: TaskId,
    parent: TaskId | null,
    origin: CreateWrite["origin"],
  ): void {
    const index = this.writes.length;
    const { path, awaited, agent, operation, priority, hops, key, codeVersion } = loaded.row;
    const asked: { readonly event: number; readonly old: TaskId; readonly made: TaskId }[] = [];
    const copied = events.map((stored, event) => {
      const copy = renamed(stored, id, this.#shiftMs);
      if (copy.child !== undefined) asked.push({ event, ...copy.child });
      return copy.event;
    });
    this.writes.push({
      type: "create",
      // Deadlines of the original have passed; the fork has none.
      task: {
        id,
        run: this.#to,
        parent,
        path,
        awaited,
        agent,
        operation,
        priority,
        hops,
        key,
        deadline: null,
      },
      origin,
      owner: null,
      events: copied,
      // It goes on as the original would; one of which nothing is taken along begins anew.
      ...(codeVersion === null || !hasRecords(events) ? {} : { codeVersion }),
    });
    for (const { event, old, made } of asked) {
      const child = this.#source.kept.get(old);
      // A closed child has handed over its answer, or does so by the mail below.
      if (child === undefined) continue;
      if (!child.isClosed) {
        this.#add(child, made, id, { write: index, event });
        this.#stop(child, events, made);
      } else {
        this.#answer(child, events, id, made);
      }
    }
  }

  /** A child that had been told to stop is told again: the mail is not copied. */
  #stop(child: KeptTask, parentEvents: readonly EncodedEvent[], made: TaskId): void {
    const { path } = child.loaded.row;
    const isGivenUp = parentEvents.some((stored) => {
      if (stored.type !== "dropped") return false;
      const event = decodeEventOnly(stored);
      return event.type === "dropped" && event.path === path;
    });
    if (isGivenUp) this.writes.push(cancelMail(made));
  }

  /** The answer of a child that had closed, where its parent had not received it yet. */
  #answer(
    child: KeptTask,
    parentEvents: readonly EncodedEvent[],
    parent: TaskId,
    made: TaskId,
  ): void {
    const { path, awaited } = child.loaded.row;
    const isReceived = parentEvents.some((stored) => {
      if (stored.type !== "received") return false;
      const event = decodeEventOnly(stored);
      return event.type === "received" && event.path === path;
    });
    const last = child.events.at(-1);
    if (isReceived || !awaited || last === undefined) return;
    const { outcome } = JSON.parse(last.data) as { outcome: unknown };
    const data = JSON.stringify({ child: made, outcome });
    this.writes.push({ type: "deliver", task: parent, kind: "answer", path, data, late: "drop" });
  }
}

/** True if a handler has left something that its code has to fit. */
function hasRecords(events: readonly EncodedEvent[]): boolean {
  return events.some(({ type }) => type !== "started" && type !== "resumed");
}

/** What a fork changes in an event. */
interface Renamable {
  readonly path: Path;
  readonly child?: TaskId | null;
  readonly until?: number | null;
  /** Number of a signal in the inbox of the original: in the fork it stands for another one. */
  readonly seq?: number;
  /** Who made the request that the original came of: the original responds to it. */
  readonly respondTo?: ResponseAddress;
}

const RENAMABLE: ReadonlySet<string> = new Set([
  "started",
  "asked",
  "received",
  "armed",
  "restarted",
]);

/** An event of a task that is `id` now, `shiftMs` later: children are called by their new ids. */
function renamed(
  { type, data }: EncodedEvent,
  id: TaskId,
  shiftMs: number,
): {
  readonly event: EncodedEvent;
  readonly child?: { readonly old: TaskId; readonly made: TaskId };
} {
  if (!RENAMABLE.has(type)) return { event: { type, data } };
  const { seq: _, respondTo: __, ...fields } = JSON.parse(data) as Renamable;
  if (type === "started") return { event: { type, data: JSON.stringify(fields) } };
  if (type === "restarted")
    return { event: { type, data: JSON.stringify({ ...fields, taken: [] }) } };
  const { child, until, path } = fields;
  const made = childTaskId(id, path);
  const changed = {
    ...fields,
    ...(typeof child === "string" ? { child: made } : {}),
    ...(typeof until === "number" ? { until: until + shiftMs } : {}),
  };
  const event = { type, data: JSON.stringify(changed) };
  const isAsked = type === "asked" && typeof child === "string";
  return isAsked ? { event, child: { old: child, made } } : { event };
}

async function blobWrites(
  store: Store,
  writes: readonly Write[],
  run: RunId,
): Promise<readonly Write[]> {
  const found: Write[] = [];
  const texts = writes.flatMap((write) => {
    if (write.type === "create") return write.events.map(({ data }) => data);
    return write.type === "deliver" ? [write.data] : [];
  });
  for (const id of new Set(texts.flatMap((data) => blobsIn(data) ?? []))) {
    const bytes = await store.blob(id);
    if (bytes !== undefined) found.push({ type: "blob", id, bytes, run });
  }
  return found;
}
