import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import { type Topic, topic } from "./topic.ts";

/** A topic whose events are requests: whoever handles one responds to it with what its operation returns. */
export interface RequestTopic<
  Value = unknown,
  Written = Value,
  Response = unknown,
  Responded = Response,
> extends Topic<Value, Written> {
  /** Parses responses where they come in, at whoever asked. */
  readonly response: Schema<Responded, Response>;
}

/**
 * Declares a topic for requests. It is a topic like any other: who follows it sees the requests, and what is published
 * on it with `publishIn` wants no response.
 * @param name - As of a topic.
 * @param schemas - `request` and `response`, both synchronous.
 * @throws RuntimeError `USAGE` for a bad name; nothing happened.
 */
export function requestTopic<Request extends Schema, Response extends Schema>(
  name: string,
  schemas: { readonly request: Request; readonly response: Response },
): RequestTopic<
  InferOutput<Request>,
  InferInput<Request>,
  InferOutput<Response>,
  InferInput<Response>
> {
  // A schema is used by its parse function only, which takes anything.
  const response = schemas.response as unknown as Schema<
    InferInput<Response>,
    InferOutput<Response>
  >;
  return Object.freeze({ ...topic(name, schemas.request), response });
}
