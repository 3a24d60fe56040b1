import { deepEqual } from "node:assert/strict";
import { digest128 } from "../../core/digest.ts";
import type { Envelope } from "../../core/envelope.ts";
import type { EncodedEvent } from "../../core/event-codec.ts";
import {
  type BlobId,
  type HostId,
  hostIdFrom,
  type Path,
  parseRunId,
  type RunId,
  rootTaskId,
  type TaskId,
} from "../../core/ids.ts";
import type {
  AppendWrite,
  BlobWrite,
  CreateWrite,
  DeliverWrite,
  Ending,
  ExpectWrite,
  Gate,
  GateWrite,
  NewRecord,
  PublishWrite,
  RefusalReason,
  Store,
  TaskRow,
  Write,
} from "../../ports/store.ts";

/** Three hosts. */
export const ANNE: HostId = hostIdFrom("a".repeat(32));
export const BERT: HostId = hostIdFrom("b".repeat(32));
export const CARL: HostId = hostIdFrom("c".repeat(32));

/** The run that most cases use. */
export const RUN: RunId = parseRunId("run");

/** The id of the task that a case calls `name`. */
export function taskNamed(name: string): TaskId {
  return digest128("task", name) as TaskId;
}

/** A path. */
export function pathNamed(name: string): Path {
  return `ask:${name}` as Path;
}

/** An event that holds `text`. */
export function done(text: string): EncodedEvent {
  return { type: "done", data: JSON.stringify({ text }) };
}

/** Moves a gate. */
export function gate(run: RunId, from: readonly Gate[] | null, to: Gate): GateWrite {
  return { type: "gate", run, from, to };
}

/** Gives a task back, due at `due`. */
export function release(due: number | null): Ending {
  return { type: "release", due, outside: false };
}

/** Ends a task. */
export const CLOSE: { readonly ending: Ending } = { ending: { type: "close", state: "closed" } };

/** Appends events with these texts to `task`. */
export function append(
  task: TaskId,
  version: number,
  texts: readonly string[],
  more: Partial<AppendWrite> = {},
): AppendWrite {
  return { type: "append", task, version, starts: false, events: texts.map(done), ...more };
}

/** Creates a task that starts with one event, which is its origin; `index`: of this write in its batch. */
export function create(
  index: number,
  task: Partial<Envelope> & { readonly id: TaskId },
  owner: HostId | null = null,
): CreateWrite {
  return {
    type: "create",
    task: {
      run: RUN,
      parent: null,
      path: null,
      awaited: false,
      agent: "cook",
      operation: "boil",
      priority: "normal",
      hops: 0,
      key: null,
      deadline: null,
      ...task,
    },
    origin: { write: index, event: 0 },
    owner,
    events: [{ type: "started", data: '{"input":null}' }],
  };
}

/** Puts mail into the inbox of `task`. */
export function deliver(
  task: TaskId,
  path: Path | null,
  data = '"hello"',
  late: "refuse" | "drop" = "refuse",
): DeliverWrite {
  return { type: "deliver", task, kind: path === null ? "resume" : "answer", path, data, late };
}

/** Expects that `task` is Anne's, new and without mail, in an open run; but for `more`. */
export function expecting(task: TaskId, more: Partial<ExpectWrite> = {}): ExpectWrite {
  return { type: "expect", task, version: 1, inbox: 0, owner: ANNE, gate: "open", ...more };
}

/** Tells `task` to stop. */
export function cancel(task: TaskId): DeliverWrite {
  return { ...deliver(task, null), kind: "cancel" };
}

/** Adds records to the log `log`. */
export function publish(log: string, ...records: NewRecord[]): PublishWrite {
  return { type: "publish", log, records };
}

/** Keeps `text` as a blob. */
export function keep(id: BlobId, text: string, run: RunId | null): BlobWrite {
  return { type: "blob", id, bytes: new TextEncoder().encode(text), run };
}

/** The id of the blob that a case calls `name`; stores take it as it is. */
export function blobNamed(name: string): BlobId {
  return `${digest128("blob", name)}${digest128("more", name)}` as BlobId;
}

/** Commits `writes` and expects that they are applied; returns the time of the commit. */
export async function apply(store: Store, host: HostId, ...writes: Write[]): Promise<number> {
  const result = await store.commit({ host, writes });
  deepEqual({ ...result, at: 0 }, { type: "committed", at: 0 });
  return result.type === "committed" ? result.at : 0;
}

/** Commits `writes` and expects that the one at `write` refuses them all. */
export async function expectRefusal(
  store: Store,
  host: HostId,
  writes: readonly Write[],
  reason: RefusalReason,
  write = 0,
): Promise<void> {
  deepEqual(await store.commit({ host, writes }), { type: "refused", write, reason });
}

/** Starts `run` with a root task; with `owner` the task is theirs and has one event. */
export async function startRun(
  store: Store,
  owner: HostId | null,
  root: Partial<Envelope> = {},
  run: RunId = RUN,
): Promise<TaskId> {
  const task = create(1, { ...root, run, id: rootTaskId(run) }, owner);
  await apply(store, owner ?? ANNE, gate(run, null, "open"), task);
  return task.task.id;
}

/** The row of `task`, which exists. */
export async function rowOf(store: Store, task: TaskId): Promise<TaskRow> {
  const loaded = await store.load(task);
  if (loaded === undefined) throw new Error(`task ${task} is not there`);
  return loaded.row;
}

/** Takes up to `free` tasks of agent `cook`, and mail. Ids and why, in the order of the answer. */
export async function claim(store: Store, host: HostId, free = 100): Promise<readonly string[]> {
  const claimed = await store.claim({ host, agents: [{ agent: "cook", free }] });
  return claimed.map(({ task, why }) => `${why} ${task}`);
}
