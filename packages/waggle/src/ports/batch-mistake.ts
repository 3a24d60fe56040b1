import { type RuntimeError, runtimeError } from "../core/errors.ts";
import { TASK_EVENT_TYPES } from "../core/event.ts";
import type { EncodedEvent } from "../core/event-codec.ts";
import { PRIORITIES } from "../core/priority.ts";
import type { Batch, CreateWrite, NewRecord, PublishWrite, Write } from "./store.ts";

// The one function among the contracts: what every store refuses before it looks at its ledger, in the same words.

/**
 * What is wrong with `batch` itself, whatever the ledger holds: a mistake of the caller.
 * @returns undefined if nothing is.
 */
export function batchMistake(batch: Batch): RuntimeError | undefined {
  let index = 0;
  for (const write of batch.writes) {
    const mistake = writeMistake(batch, write);
    if (mistake !== undefined) return runtimeError("USAGE", `write ${index}: ${mistake}`);
    index += 1;
  }
  return undefined;
}

function writeMistake(batch: Batch, write: Write): string | undefined {
  switch (write.type) {
    case "append":
      return eventsMistake(write.events);
    case "create":
      return createMistake(batch, write) ?? eventsMistake(write.events);
    case "add":
      return Number.isSafeInteger(write.by)
        ? cellMistake(write.cell)
        : `adds ${write.by}, which is no safe integer`;
    case "set":
      return cellMistake(write.cell);
    case "publish":
      return publishMistake(write);
    case "trim-log":
      return nameMistake("log", write.log);
    case "deliver":
      return write.path === null || write.path.isWellFormed()
        ? undefined
        : "its path is no well-formed text";
    default:
      return undefined;
  }
}

const EVENT_TYPES: ReadonlySet<string> = new Set(TASK_EVENT_TYPES);

function eventsMistake(events: readonly EncodedEvent[]): string | undefined {
  for (const { type } of events) {
    if (!EVENT_TYPES.has(type)) return `'${type}' is no type of event`;
  }
  return undefined;
}

function cellMistake(cell: string): string | undefined {
  return nameMistake("cell", cell);
}

function nameMistake(what: string, name: string): string | undefined {
  return name.isWellFormed() ? undefined : `the name of its ${what} is no well-formed text`;
}

function publishMistake({ log, records }: PublishWrite): string | undefined {
  for (const record of records) {
    const mistake = recordMistake(record);
    if (mistake !== undefined) return mistake;
  }
  return nameMistake("log", log);
}

function recordMistake({ key, data, expect, add }: NewRecord): string | undefined {
  if (key !== null && !key.isWellFormed()) return "the key of a record is no well-formed text";
  if ((data === undefined) === (add === undefined)) return "a record has either data or add";
  if (key === null && expect !== undefined) return "a record without key cannot expect";
  if (add === undefined) return undefined;
  if (key === null) return "a record without key cannot add";
  return Number.isSafeInteger(add) ? undefined : `a record adds ${add}, which is no safe integer`;
}

function createMistake(
  batch: Batch,
  { task, origin, owner, due }: CreateWrite,
): string | undefined {
  if (owner !== null && task.key !== null) return "a task with a key cannot have an owner at first";
  if (owner !== null && due !== undefined) return "a task with an owner is not due";
  if (task.key?.isWellFormed() === false) return "its key is no well-formed text";
  if (!PRIORITIES.includes(task.priority)) return `'${task.priority}' is no priority`;
  if (owner !== null && owner !== batch.host) return `owner ${owner} is not the batch's host`;
  const source = batch.writes[origin.write];
  const events = source?.type === "append" || source?.type === "create" ? source.events : [];
  return events[origin.event] === undefined
    ? `its origin, event ${origin.event} of write ${origin.write}, is not in the batch`
    : undefined;
}
