import { encodeData } from "../core/data.ts";
import { runtimeError } from "../core/errors.ts";
import type { ResponseAddress } from "../core/event.ts";
import type { Priority } from "../core/priority.ts";
import { type InferInput, type InferOutput, parseWith, type Schema } from "../core/schema.ts";
import type { Write } from "../ports/store.ts";
import { encodeText, type RecordFields } from "./stored-value.ts";

/** The log that holds the events of all topics, in the order of their commits. */
export const TOPIC_LOG = "topics";

/** A name under which events of one kind are published. */
export interface Topic<Value = unknown, Written = Value> {
  readonly type: "topic";
  readonly name: string;
  readonly schema: Schema<Written, Value>;
}

export interface PublishOptions {
  /** How sure the publisher is, from 0 to 1. Default: not said. */
  readonly confidence?: number;
  /** Priority of the messages that subscribed agents get. Default: theirs, otherwise normal. */
  readonly priority?: Priority;
  /** After so long nobody is interested any more: subscribers that come later skip it. Default: never. */
  readonly ttlMs?: number;
}

const TOPIC_NAME = /^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$/;
const MAX_NAME_LENGTH = 200;

/**
 * Declares a topic.
 * @param name - Segments of letters, digits, `_` and `-`, with dots between them, such as `orders.created`; 200
 * characters at most.
 * @param schema - Synchronous. Values are parsed when they are published.
 * @throws RuntimeError `USAGE` for a bad name; nothing happened.
 */
export function topic<S extends Schema>(
  name: string,
  schema: S,
): Topic<InferOutput<S>, InferInput<S>> {
  if (!TOPIC_NAME.test(name) || name.length > MAX_NAME_LENGTH) {
    throw runtimeError(
      "USAGE",
      `topic ${JSON.stringify(name)} does not match ${TOPIC_NAME.source} with ${MAX_NAME_LENGTH} characters at most`,
    );
  }
  // A schema is used by its parse function only, which takes anything.
  const typed = schema as unknown as Schema<InferInput<S>, InferOutput<S>>;
  return Object.freeze({ type: "topic", name, schema: typed });
}

/** Who publishes. */
export interface Publisher {
  /** A task, or the name a program gave itself; null: not said. */
  readonly by: string | null;
  /** How many messages lie between the publisher and the start of its run; 0 outside a run. */
  readonly hops: number;
  /** What its events are found again by when the outcome of a commit was unknown. Default: nothing. */
  readonly mark?: string;
  /** Who gets what becomes of it at each subscriber. Default: nobody. */
  readonly respondTo?: ResponseAddress;
}

/**
 * The writes that publish `value` on `to`.
 * @throws RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, or `USAGE` for an option out of range.
 */
export function publishWrites<Written>(
  to: Topic<unknown, Written>,
  value: Written,
  { by, hops, mark, respondTo }: Publisher,
  options: PublishOptions = {},
): readonly Write[] {
  const what = `event on '${to.name}'`;
  checkOptions(what, options);
  const { confidence, priority, ttlMs } = options;
  const fields: RecordFields = {
    ...(by === null ? {} : { by }),
    ...(mark === undefined ? {} : { mark }),
    ...(hops === 0 ? {} : { hops }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(priority === undefined ? {} : { priority }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(respondTo === undefined ? {} : { respondTo }),
  };
  const text = encodeData(parseWith(to.schema, value, what), what);
  // Events outlive the run they came from: subscribers may be far behind.
  const { data, blobs } = encodeText(text, fields, null);
  return [...blobs, { type: "publish", log: TOPIC_LOG, records: [{ key: to.name, data }] }];
}

function checkOptions(what: string, { confidence, ttlMs }: PublishOptions): void {
  if (confidence !== undefined && !(confidence >= 0 && confidence <= 1)) {
    throw runtimeError("USAGE", `confidence ${confidence} of ${what} is not from 0 to 1`);
  }
  if (ttlMs !== undefined && !(Number.isFinite(ttlMs) && ttlMs > 0)) {
    throw runtimeError("USAGE", `ttlMs ${ttlMs} of ${what} is no time above 0`);
  }
}
