import { type RuntimeError, runtimeError } from "../core/errors.ts";
import { TASK_EVENT_TYPES } from "../core/event.ts";
import type { EncodedEvent } from "../core/event-codec.ts";
import { PRIORITIES } from "../core/priority.ts";
import type { Batch, CreateWrite, Write } from "./store.ts";

// The one function among the contracts: what every store refuses before it looks at its ledger, in the same words.

/**
 * What is wrong with `batch` itself, whatever the ledger holds: a mistake of the caller.
 * @returns undefined if nothing is.
 */
export function batchMistake(batch: Batch): RuntimeError | undefined {
  for (const [index, write] of batch.writes.entries()) {
    const mistake = writeMistake(batch, write);
    if (mistake !== undefined) return runtimeError("USAGE", `write ${index}: ${mistake}`);
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
  return cell.isWellFormed() ? undefined : "the name of its cell is no well-formed text";
}

function createMistake(batch: Batch, { task, origin, owner }: CreateWrite): string | undefined {
  if (!PRIORITIES.includes(task.priority)) return `'${task.priority}' is no priority`;
  if (owner !== null && owner !== batch.host) return `owner ${owner} is not the batch's host`;
  const source = batch.writes[origin.write];
  const events = source?.type === "append" || source?.type === "create" ? source.events : [];
  return events[origin.event] === undefined
    ? `its origin, event ${origin.event} of write ${origin.write}, is not in the batch`
    : undefined;
}
