import type { Input, Operation, Output } from "../core/contract.ts";
import type { Priority } from "../core/priority.ts";
import type { TopicEvent } from "./read-topics.ts";
import type { RequestTopic } from "./request-topic.ts";
import type { Topic } from "./topic.ts";
import { patternOf } from "./topic-pattern.ts";

/** An agent's wish to handle events: each event that matches starts a run of its operation, once. */
export interface Subscription {
  readonly pattern: string;
  readonly operation: Operation;
  /** What the operation gets: the value that was published, or all that is known of the event. */
  readonly give: "value" | "event";
  readonly filter: ((event: TopicEvent) => boolean) | undefined;
  readonly priority: Priority | undefined;
  readonly from: "now" | "beginning";
}

export interface OnOptions<Value, Give extends "value" | "event"> {
  /** What the operation gets as its input: the `value`, or the whole {@link TopicEvent}. Default `value`. */
  readonly give?: Give;
  /** Only events for which this is true. Pure: it runs on whichever host is first, and perhaps more than once. */
  readonly filter?: (event: TopicEvent<Value>) => boolean;
  /** Of the messages, where the event has none of its own. Default: normal. */
  readonly priority?: Priority;
  /** Where the first host of the agent that ever runs begins: with what comes then, or with all there is. Default `now`. */
  readonly from?: "now" | "beginning";
}

/** `unknown` where the operation takes what it is given, otherwise what cannot be satisfied. */
type Takes<O extends Operation, Given> = [Given] extends [Input<O>]
  ? unknown
  : { readonly "the input of the operation does not take this event": Given };

/** The values of the events of a topic. */
type ValueOf<T extends Topic> = T extends Topic<infer Value, infer _Written> ? Value : never;

/** `unknown` where the output of the operation can be a response to what is said on the topic, or none is wanted. */
type Responds<O extends Operation, T extends Topic> =
  T extends RequestTopic<infer _Value, infer _Written, infer _Response, infer Responded>
    ? [Output<O>] extends [Responded]
      ? unknown
      : { readonly "the output of the operation is no response to this topic": Responded }
    : unknown;

/**
 * Subscribes an operation to a topic, whose events must fit its input; or to a pattern (`*`: one segment, `>` at the
 * end: the rest), whose events are parsed by its input's schema when they come. An event that does not fit becomes
 * a dead letter. What the operation makes of a request is the response to it: its output must fit.
 * @throws RuntimeError `USAGE` for a bad pattern; nothing happened.
 */
export function on<T extends Topic, O extends Operation, Give extends "value" | "event" = "value">(
  topic: T,
  operation: O &
    Takes<O, Give extends "event" ? TopicEvent<ValueOf<T>> : ValueOf<T>> &
    Responds<O, T>,
  options?: OnOptions<ValueOf<T>, Give>,
): Subscription;
export function on(
  pattern: string,
  operation: Operation,
  options?: OnOptions<unknown, "value" | "event">,
): Subscription;
export function on(
  selector: Topic | string,
  operation: Operation,
  options: OnOptions<never, "value" | "event"> = {},
): Subscription {
  const { give = "value", filter, priority, from = "now" } = options;
  return Object.freeze({
    pattern: patternOf(selector),
    operation,
    give,
    // The values of a topic were parsed by its schema, so they are what its filter takes.
    filter: filter as ((event: TopicEvent) => boolean) | undefined,
    priority,
    from,
  });
}
