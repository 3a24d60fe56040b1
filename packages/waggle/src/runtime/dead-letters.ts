import type { ErrorData } from "../core/errors.ts";
import { runtimeError } from "../core/errors.ts";
import { decodeEvent } from "../core/event-codec.ts";
import { parseRunId, type RunId, type TaskId } from "../core/ids.ts";
import type { Store, TaskRow } from "../ports/store.ts";
import { inputOf, loadTexts } from "./journal.ts";

/** A message that nobody handled, and why. */
export interface DeadLetter {
  readonly task: TaskId;
  readonly run: RunId;
  readonly agent: string;
  readonly operation: string;
  readonly input: unknown;
  /** `UNHANDLED`, `EXPIRED` or `POISON`. */
  readonly reason: ErrorData;
  /** Wall-clock ms. */
  readonly at: number;
}

/** Messages that nobody handled, in the order in which they were accepted. */
export async function deadLetters(store: Store, limit: number): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (const { id } of await store.find({ state: "dead", limit })) {
    const letter = await deadLetter(store, id);
    if (letter !== undefined) found.push(letter);
  }
  return found;
}

async function deadLetter(store: Store, task: TaskId): Promise<DeadLetter | undefined> {
  const loaded = await store.load(task);
  const last = loaded?.events.at(-1);
  if (loaded === undefined || last === undefined || loaded.row.state !== "dead") return undefined;
  const texts = await loadTexts(store, loaded);
  const event = decodeEvent(last, texts);
  if (event.type !== "closed" || event.outcome.type !== "error") return undefined;
  const { run, agent, operation } = loaded.row;
  const input = inputOf(loaded, texts);
  return { task, run, agent, operation, input, reason: event.outcome.error, at: last.at };
}

/** How a dead letter is sent again: as the root of a run of its own, whose id says what it is. */
export interface Redrive {
  readonly row: TaskRow;
  readonly input: unknown;
  /** The same for every time it is sent again: re-driving twice is the same start. */
  readonly run: RunId;
}

/** @throws RuntimeError `NOT_FOUND` unless `task` is a dead letter. */
export async function redriveOf(store: Store, task: TaskId): Promise<Redrive> {
  const letter = await deadLetter(store, task);
  const loaded = await store.load(task);
  if (letter === undefined || loaded === undefined) {
    throw runtimeError("NOT_FOUND", `${task} is no dead letter`);
  }
  return { row: loaded.row, input: letter.input, run: parseRunId(`redrive.${task}`) };
}
