import { runtimeError } from "../../core/errors.ts";
import type { EncodedEvent } from "../../core/event-codec.ts";
import { PRIORITIES, priorityLevel } from "../../core/priority.ts";
import type {
  AddWrite,
  AppendWrite,
  CreateWrite,
  DeliverWrite,
  FreeWrite,
  GateWrite,
  SetWrite,
  StoredEvent,
  Write,
} from "../../ports/store.ts";
import { isLate } from "./check-write.ts";
import { DueQueue } from "./due-queue.ts";
import {
  type CellRecord,
  type HostRecord,
  hostRecord,
  type LedgerState,
  place,
  type RunRecord,
  type TaskRecord,
} from "./ledger-records.ts";

/** What takes back the writes of a batch, newest first; undefined where none can be refused any more. */
type UndoLog = (() => void)[] | undefined;

/** The batch a write belongs to. */
export interface Application {
  readonly state: LedgerState;
  /** Wall-clock ms of the commit. */
  readonly at: number;
  /** In whose name; undefined if the ledger has never heard of it: then it owns nothing. */
  readonly host: HostRecord | undefined;
  readonly undo: UndoLog;
}

/** Applies a write that was checked to be acceptable. */
export function applyWrite(batch: Application, write: Write): void {
  switch (write.type) {
    case "append":
      applyAppend(batch, write);
      break;
    case "create":
      applyCreate(batch, write);
      break;
    case "deliver":
      applyDeliver(batch, write);
      break;
    case "set":
      applySet(batch, write);
      break;
    case "add":
      applyAdd(batch, write);
      break;
    case "gate":
      applyGate(batch, write);
      break;
    case "free":
      applyFree(batch, write);
      break;
  }
}

function applyAppend(batch: Application, write: AppendWrite): void {
  const task = batch.state.tasks.get(write.task);
  if (task === undefined) return;
  batch.undo?.push(restore(batch.state, task));
  if (write.events.length > 0) {
    addEvents(batch, task, write.events);
    task.claims = 0;
  }
  if (write.ending !== undefined) applyEnding(task, write);
}

function applyEnding(task: TaskRecord, { ending, inbox }: AppendWrite): void {
  if (ending?.type === "close") {
    task.mail = [];
    task.paths = undefined;
    place(task, null, null, ending.state);
    return;
  }
  const wanted = ending?.type === "release" ? ending.due : null;
  // Mail that the owner does not claim to have seen still makes the task due: no wake-up is lost (K3).
  const due = inbox === undefined ? earlier(task.due, wanted) : wanted;
  place(task, null, due, ending?.type === "stick" ? "stuck" : task.state);
}

function applyCreate(batch: Application, write: CreateWrite): void {
  const { state, at, undo } = batch;
  const { task: envelope } = write;
  const run = state.runs.get(envelope.run);
  if (run === undefined) return;
  const owner = write.owner === null ? null : hostRecord(state, write.owner);
  const task: TaskRecord = {
    n: state.taskOrder.length + 1,
    envelope: { ...envelope },
    run,
    queue: queueOf(state, envelope.agent, priorityLevel(envelope.priority)),
    // Closed until it is placed, so that placing it counts it.
    state: "closed",
    owner: null,
    due: null,
    inbox: 0,
    claims: owner === null ? 0 : 1,
    slot: -1,
    origin: undefined,
    events: [],
    mail: [],
    paths: undefined,
  };
  undo?.push(() => {
    place(task, null, null, "closed");
    state.tasks.delete(envelope.id);
    state.taskOrder.pop();
    run.tasks.pop();
  });
  state.tasks.set(envelope.id, task);
  state.taskOrder.push(task);
  run.tasks.push(task);
  undo?.push(restore(state, task));
  place(task, owner, owner === null ? at : null, "open");
  addEvents(batch, task, write.events);
}

function applyDeliver(batch: Application, write: DeliverWrite): void {
  const task = batch.state.tasks.get(write.task);
  if (task === undefined || isLate(batch.state, write) !== undefined) return;
  const { kind, path, data } = write;
  batch.undo?.push(restore(batch.state, task), () => {
    task.mail.pop();
    if (path !== null) task.paths?.delete(path);
  });
  task.inbox += 1;
  task.mail.push({ seq: task.inbox, kind, path, data });
  if (path !== null) {
    task.paths ??= new Set();
    task.paths.add(path);
  }
  place(task, task.owner, earlier(task.due, batch.at), task.state);
}

function applySet(batch: Application, { cell, expect, value }: SetWrite): void {
  const amount = batch.state.cells.get(cell)?.amount ?? 0;
  putCell(batch, cell, value === null ? undefined : { version: expect + 1, value, amount });
}

function applyAdd(batch: Application, { cell, by }: AddWrite): void {
  const { version, value, amount } = batch.state.cells.get(cell) ?? NO_CELL;
  putCell(batch, cell, { version: version + 1, value, amount: amount + by });
}

const NO_CELL: CellRecord = { version: 0, value: null, amount: 0 };

function putCell({ state, undo }: Application, cell: string, next: CellRecord | undefined): void {
  if (undo !== undefined) {
    const before = state.cells.get(cell);
    undo.push(() => {
      if (before === undefined) state.cells.delete(cell);
      else state.cells.set(cell, before);
    });
  }
  if (next === undefined) state.cells.delete(cell);
  else state.cells.set(cell, next);
}

function applyGate({ state, at, undo }: Application, write: GateWrite): void {
  const there = state.runs.get(write.run);
  if (there !== undefined) {
    const before = there.gate;
    undo?.push(() => {
      there.gate = before;
    });
    there.gate = write.to;
    return;
  }
  const made: RunRecord = {
    id: write.run,
    startedAt: at,
    gate: write.to,
    unfinished: 0,
    tasks: [],
    events: [],
  };
  undo?.push(() => {
    state.runs.delete(write.run);
    state.runOrder.pop();
  });
  state.runs.set(write.run, made);
  state.runOrder.push(made);
}

function applyFree({ state, at, undo }: Application, write: FreeWrite): void {
  const host = hostRecord(state, write.host);
  const owned = [...host.owned];
  if (undo !== undefined) {
    undo.push(() => {
      host.dead = false;
    });
    for (const task of owned) undo.push(restore(state, task));
  }
  host.dead = true;
  for (const task of owned) place(task, null, at, task.state);
}

function addEvents(batch: Application, task: TaskRecord, events: readonly EncodedEvent[]): void {
  const { state, at } = batch;
  for (const { type, data } of events) {
    state.position += 1;
    const event: StoredEvent = { type, data, task: task.envelope.id, position: state.position, at };
    task.events.push(event);
    task.run.events.push(event);
  }
}

/** Takes `task` back to what it is now; mail that was added since has to be taken out first. */
function restore(state: LedgerState, task: TaskRecord): () => void {
  const { owner, due, state: taskState, inbox, claims, mail, paths } = task;
  const { position } = state;
  const [own, ofRun] = [task.events.length, task.run.events.length];
  return () => {
    place(task, owner, due, taskState);
    Object.assign(task, { inbox, claims, mail, paths });
    task.events.length = own;
    task.run.events.length = ofRun;
    state.position = position;
  };
}

function queueOf(state: LedgerState, agent: string, level: number): DueQueue<TaskRecord> {
  let queues = state.queues.get(agent);
  if (queues === undefined) {
    queues = PRIORITIES.map(() => new DueQueue());
    state.queues.set(agent, queues);
  }
  const queue = queues[level];
  if (queue === undefined) throw runtimeError("INVARIANT", `no priority has level ${level}`);
  return queue;
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
