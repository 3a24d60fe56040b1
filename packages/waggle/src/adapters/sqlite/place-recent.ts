import type { Transaction } from "./transaction.ts";

// Where the events of a task are, and which tasks a run has, is entered many at once: one at a time, each would touch
// a page of its own. With 100 tasks asking in turn that was 60 % of all pages written. Until then whoever looks for
// them also reads the newest events and tasks one by one.

/** Events that may wait to be entered: reading through as many takes about 10 us. */
const MAX_RECENT_EVENTS = 256;
/** Tasks that may wait. */
const MAX_RECENT_TASKS = 1_024;

/** Enters events or tasks of which many wait. Everything must be written. */
export function placeIfMany(tx: Transaction): void {
  const { position, task, placedEvents, placedTasks } = tx.ledger.last;
  if (position - placedEvents >= MAX_RECENT_EVENTS) placeEvents(tx);
  if (task - placedTasks >= MAX_RECENT_TASKS) placeTasks(tx);
}

/** Enters everything that is not entered yet. Everything must be written. */
export function placeRecent(tx: Transaction): void {
  placeEvents(tx);
  placeTasks(tx);
}

function placeEvents({ ledger: { last }, statements }: Transaction): void {
  statements.placeEvents.get(last.placedEvents);
  last.placedEvents = last.position;
  statements.updatePlaced.get(last.placedEvents, last.placedTasks);
}

function placeTasks({ ledger: { last }, statements }: Transaction): void {
  statements.placeTasks.get(last.placedTasks);
  last.placedTasks = last.task;
  statements.updatePlaced.get(last.placedEvents, last.placedTasks);
}
