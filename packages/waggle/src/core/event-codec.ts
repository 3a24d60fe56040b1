import { decodeData, encodeData } from "./data.ts";
import { type ErrorData, runtimeError } from "./errors.ts";
import type { BlobReference, Outcome, TaskEvent, TaskEventType } from "./event.ts";
import type { BlobId, Path, TaskId } from "./ids.ts";
import { storableError } from "./thrown.ts";

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

/** Encodes the outcome that holds `error`, or what of it can be stored: it is called where nobody is left to catch. */
export function errorOutcome(error: ErrorData): EncodedOutcome {
  return `{"type":"error","error":${encodeData(storableError(error), "error")}}` as EncodedOutcome;
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
  name: "input" | "inputBlob" | "outcome",
  encoded: string,
): EncodedEvent {
  const head = JSON.stringify(fields);
  const comma = head.length > 2 ? "," : "";
  return { type, data: `${head.slice(0, -1)}${comma}"${name}":${encoded}}` };
}

/** Encodes what a child's answer becomes in its parent's stream. */
export function receivedEvent(path: Path, child: TaskId, outcome: EncodedOutcome): EncodedEvent {
  const data = `{"path":${JSON.stringify(path)},"child":"${child}","outcome":${outcome}}`;
  return { type: "received", data };
}

/** Encodes the end of a task. */
export function closedEvent(outcome: EncodedOutcome): EncodedEvent {
  return { type: "closed", data: `{"outcome":${outcome}}` };
}

/** JSON texts of blobs, by their ids. */
export type BlobTexts = ReadonlyMap<BlobId, string>;

const NO_TEXTS: BlobTexts = new Map();

/** An event as it stands in the ledger: a large value is only referred to. */
type StoredFields = { readonly type: TaskEventType } & {
  readonly outcome?: Outcome | BlobReference;
  readonly inputBlob?: BlobReference;
};

/**
 * Decodes what {@link encodeEvent} or {@link spliceEvent} made.
 * @param texts - The blobs that {@link blobsIn} names.
 */
export function decodeEvent(stored: EncodedEvent, texts: BlobTexts = NO_TEXTS): TaskEvent {
  // The ledger is written by this codec only; a newer format is refused when the store is opened.
  const event = { type: stored.type, ...(decodeData(stored.data) as object) } as StoredFields;
  if (event.outcome?.type === "blob") {
    const value = valueOfBlob(event.outcome, texts);
    return { ...event, outcome: { type: "value", value } } as unknown as TaskEvent;
  }
  if (event.inputBlob !== undefined) {
    const { inputBlob, ...rest } = event;
    return { ...rest, input: valueOfBlob(inputBlob, texts) } as unknown as TaskEvent;
  }
  return event as unknown as TaskEvent;
}

/** An event as {@link decodeEvent} gives it, with `null` in the place of a value that is kept as a blob. */
export function decodeEventOnly(stored: EncodedEvent): TaskEvent {
  const blob = blobsIn(stored.data);
  return decodeEvent(stored, blob === undefined ? NO_TEXTS : new Map([[blob, "null"]]));
}

/** The outcome in `data`, which may be a reference to a blob. */
export function resolveOutcome(outcome: Outcome | BlobReference, texts: BlobTexts): Outcome {
  if (outcome.type !== "blob") return outcome;
  return { type: "value", value: valueOfBlob(outcome, texts) };
}

/** The blob that the encoded event or answer `data` refers to; an event has one value at most. */
export function blobsIn(data: string): BlobId | undefined {
  // References are short: a long text is a value that stands in the event itself.
  if (data.length > MAX_REFERRING || !data.includes(REFERENCE)) return undefined;
  const { outcome, inputBlob } = decodeData(data) as Partial<StoredFields>;
  if (outcome?.type === "blob") return outcome.blob;
  return inputBlob?.blob;
}

const REFERENCE = '"type":"blob","blob":"';
/** Longest text of an event or answer that refers to a blob: paths and names around it are bounded. */
const MAX_REFERRING = 64 * 1024;

/** The value that is kept as a blob. */
export function valueOfBlob({ blob }: BlobReference, texts: BlobTexts): unknown {
  const text = texts.get(blob);
  if (text === undefined) throw runtimeError("INVARIANT", `blob ${blob} was not read`);
  return decodeData(text);
}
