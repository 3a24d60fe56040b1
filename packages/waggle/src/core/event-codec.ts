import { decodeData, encodeData } from "./data.ts";
import type { ErrorData } from "./errors.ts";
import type { Outcome, TaskEvent, TaskEventType } from "./event.ts";

/** An event as it is stored: its type, and everything else of it as JSON text. */
export interface EncodedEvent {
  readonly type: TaskEventType;
  readonly data: string;
}

/** An outcome as JSON text. Values are encoded once, where they enter, and spliced in from then on. */
export type EncodedOutcome = string & { readonly encodedOutcome: true };

/** Encodes the outcome that holds the already encoded `value`. */
export function valueOutcome(encodedValue: string): EncodedOutcome {
  return `{"type":"value","value":${encodedValue}}` as EncodedOutcome;
}

/** Encodes the outcome that holds `error`. */
export function errorOutcome(error: ErrorData): EncodedOutcome {
  return `{"type":"error","error":${encodeData(error, "error")}}` as EncodedOutcome;
}

/** The outcome behind `encoded`; a fresh copy at each call. */
export function decodeOutcome(encoded: EncodedOutcome): Outcome {
  return decodeData(encoded) as Outcome;
}

/** Encodes an event whose fields are small. */
export function encodeEvent(event: TaskEvent): EncodedEvent {
  const { type, ...rest } = event;
  return { type, data: encodeData(rest, `event '${type}'`) };
}

/** Encodes an event, splicing in one field that is already encoded. */
export function spliceEvent(
  type: TaskEventType,
  fields: Readonly<Record<string, unknown>>,
  name: "input" | "outcome",
  encoded: string,
): EncodedEvent {
  const head = JSON.stringify(fields);
  const comma = head.length > 2 ? "," : "";
  return { type, data: `${head.slice(0, -1)}${comma}"${name}":${encoded}}` };
}

/** Decodes what {@link encodeEvent} or {@link spliceEvent} made. */
export function decodeEvent(stored: EncodedEvent): TaskEvent {
  // The ledger is written by this codec only; a newer format is refused when the store is opened.
  return { type: stored.type, ...(decodeData(stored.data) as object) } as TaskEvent;
}
