import type { EncodedEvent } from "../../core/event-codec.ts";
import type { AppendWrite, CreateWrite, DeliverWrite, StoredEvent } from "../../ports/store.ts";
import { type Application, earlier, restore } from "./application.ts";
import { isLate } from "./check-write.ts";
import {
  agentRecord,
  hostRecord,
  lineOf,
  place,
  queueOf,
  type TaskRecord,
} from "./ledger-records.ts";
import { addToCell } from "./put-cell.ts";

/** Appends to a task, and does with it what the write says. */
export function applyAppend(batch: Application, write: AppendWrite): void {
  const { state, undo } = batch;
  const task = state.tasks.get(write.task);
  if (task === undefined) return;
  undo?.push(restore(state, task));
  if (write.restart === true) task.former = task.events.length;
  if (write.events.length > 0) {
    addEvents(batch, task, write.events);
    task.claims = 0;
    // Becoming stuck binds nothing: the version that claimed it does not fit.
    if (write.ending?.type !== "stick") task.isUnbound = false;
  }
  if (write.ending !== undefined) applyEnding(batch, task, write);
}

function applyEnding(batch: Application, task: TaskRecord, write: AppendWrite): void {
  const { ending, inbox, restart } = write;
  if (ending?.type === "close") {
    const next = task.line?.nextAfter(task);
    task.mail = undefined;
    task.paths = undefined;
    // It grows no more: a copy has no room to spare.
    task.events = task.events.slice();
    place(batch.state, task, null, null, ending.state);
    if (next !== undefined) passKey(batch, next);
    return;
  }
  const wanted = ending?.type === "release" ? ending.due : null;
  // Mail that the owner does not claim to have seen still makes the task due: no wake-up is lost (K3).
  const due = inbox === undefined ? earlier(task.due, wanted) : wanted;
  task.outside = ending?.type === "release" && ending.outside;
  if (restart === true) task.codeVersion = null;
  place(
    batch.state,
    task,
    null,
    task.run.gate === "paused" ? null : due,
    ending?.type === "stick" ? "stuck" : task.state,
  );
}

/** The key that `next` was queued for is free: it is due, unless something else keeps it (K9). */
function passKey({ state, at, undo }: Application, next: TaskRecord): void {
  const { owner, due, run } = next;
  if (owner !== null || due !== null || next.state === "stuck" || run.gate === "paused") return;
  undo?.push(restore(state, next));
  place(state, next, null, at, next.state);
}

/** Creates a task. */
export function applyCreate(batch: Application, write: CreateWrite): void {
  const { state, at, undo } = batch;
  const { task: envelope } = write;
  const run = state.runs.get(envelope.run);
  if (run === undefined) return;
  const owner = write.owner === null ? null : hostRecord(state, write.owner);
  const agent = agentRecord(state, envelope.agent);
  const task: TaskRecord = {
    n: state.created + 1,
    envelope,
    run,
    agent,
    queue: queueOf(agent, envelope.priority, null),
    line: lineOf(agent, envelope.key),
    // Closed until it is placed, so that placing it counts it.
    state: "closed",
    owner: null,
    due: null,
    inbox: 0,
    claims: owner === null ? 0 : 1,
    unclaimed: owner === null,
    outside: false,
    codeVersion: write.codeVersion ?? null,
    isUnbound: owner !== null && write.codeVersion !== undefined,
    slot: -1,
    origin: undefined,
    events: [],
    former: 0,
    mail: undefined,
    paths: undefined,
  };
  undo?.push(() => {
    place(state, task, null, null, "closed");
    state.tasks.delete(envelope.id);
    state.created -= 1;
    run.tasks.pop();
  });
  state.tasks.set(envelope.id, task);
  state.created += 1;
  run.tasks = grown(run.tasks, task);
  undo?.push(restore(state, task));
  const waits = owner !== null || run.gate === "paused" || task.line?.isQueued(task) === true;
  place(state, task, owner, waits ? null : (write.due ?? at), "open");
  addEvents(batch, task, write.events);
  if (owner === null) addToCell(state, undo, agent.mailbox, 1);
}

/** Puts mail into an inbox, unless it comes too late. */
export function applyDeliver(batch: Application, write: DeliverWrite): void {
  const { state, undo } = batch;
  const task = state.tasks.get(write.task);
  if (task === undefined || isLate(state, write) !== undefined) return;
  const { kind, path, data } = write;
  undo?.push(restore(state, task), () => {
    task.mail?.pop();
    if (path !== null) task.paths?.delete(path);
  });
  task.inbox += 1;
  task.mail ??= [];
  task.mail.push({ seq: task.inbox, kind, path, data });
  if (path !== null) {
    task.paths ??= new Set();
    task.paths.add(path);
  }
  if (isWokenBy(task, write)) {
    place(state, task, task.owner, earlier(task.due, batch.at), task.state);
  }
}

function isWokenBy(task: TaskRecord, { kind }: DeliverWrite): boolean {
  if (task.owner !== null) return true;
  return task.run.gate !== "paused" && (kind === "cancel" || task.line?.isQueued(task) !== true);
}

function addEvents(batch: Application, task: TaskRecord, events: readonly EncodedEvent[]): void {
  const { state, at } = batch;
  const { id } = task.envelope;
  for (const { type, data } of events) {
    state.position += 1;
    const { position } = state;
    const event: StoredEvent = { type, data: inOnePiece(data), task: id, position, at };
    task.events = grown(task.events, event);
    task.run.events?.push(event);
    batch.added?.push(event);
  }
}

/** `list` with one more `item`. The first one gets a list of its own size: by pushing it would get room for 17. */
function grown<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}

/**
 * The same text. The engine keeps text that was put together as its pieces; kept for long they are twice the
 * memory, and most of what its collector walks. A search joins them, as long as its result is used.
 */
function inOnePiece(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\0") : text;
}
