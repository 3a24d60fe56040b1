import { digest128 } from "../core/digest.ts";
import { RuntimeError, runtimeError } from "../core/errors.ts";
import type { Context } from "../runtime/context.ts";
import type { TryInHandler } from "../runtime/transact.ts";
import { type Subscriber, subscribersOf } from "./cursor.ts";
import { type FailedResponse, Gathering, type TopicResponse, type Wanted } from "./gathering.ts";
import type { RequestTopic } from "./request-topic.ts";
import { responseNotes } from "./response-schema.ts";
import { type PublishOptions, publishWrites } from "./topic.ts";

export interface RequestOptions extends Omit<PublishOptions, "ttlMs"> {
  /** How long responses are waited for at most, in run time. What nobody has begun by then is not begun any more. */
  readonly timeoutMs: number;
  /**
   * Fewer responses are a failure. Also waits for so many where fewer are known to be subscribed: others may come.
   * Default 0.
   */
  readonly atLeast?: number;
  /** It is over as soon as so many have responded; 1 to 1,000. Default 1,000. */
  readonly atMost?: number;
  /** Tells apart requests on one topic that are made at the same time. */
  readonly key?: string;
}

/** What came of a request. */
export interface Responses<Value> {
  /** In the order in which they came; each subscribed operation at most once. */
  readonly responses: readonly TopicResponse<Value>[];
  /** Those whose operation failed or expired, which could not take the request, or whose response does not fit. */
  readonly failed: readonly FailedResponse[];
  /** Operations (`agent.operation`) that were subscribed and had not ended when the request did. */
  readonly missing: readonly string[];
}

/** More would fill a handler's stream: each response stands in it. */
const MAX_RESPONSES = 1_000;

/** What is recorded when a request is published. */
interface Published {
  /** Name of the signals that its responses are. */
  readonly signal: string;
  /** Run-time ms when it is over. */
  readonly until: number;
  readonly subscribers: readonly Subscriber[];
}

/**
 * Publishes a request from a handler, and waits for what becomes of it at every operation that is subscribed: its
 * output is the response. It is over when all of those have responded, failed or left it out by their filter, when
 * there are `atMost` responses, or when the time is over; at once where nobody is subscribed. Published once, and each
 * response counts once, whatever crashes; one that was acknowledged before the time was over is in it (K3). What comes
 * later counts for nothing, and stays unread until the task ends: its sender is among the `missing`.
 * @throws RuntimeError `ASK_TIMEOUT` for fewer responses than `atLeast`; `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`,
 * `USAGE`, `CONCURRENT_SCOPE` (nothing was published).
 */
export async function requestIn<Value, Written, Response, Responded>(
  ctx: Context,
  on: RequestTopic<Value, Written, Response, Responded>,
  value: Written,
  options: RequestOptions,
): Promise<Responses<Response>> {
  const wanted = checked(on.name, options);
  return ctx.branch(
    on.name,
    async (branch) => {
      const publish = publishing(ctx, on, value, options);
      // It was made by `publishing`, in this life or an earlier one.
      const begun = (await branch.transact("publish", on.name, publish)) as Published;
      const gathering = await gather(branch, on, begun, wanted);
      const { failed, missing } = gathering;
      if (gathering.responses.length < wanted.atLeast) {
        throw tooFew(on.name, gathering, wanted.atLeast);
      }
      // The schema of the responses parsed them where they came in.
      return { responses: gathering.responses as TopicResponse<Response>[], failed, missing };
    },
    options.key,
  );
}

/** Publishes, and records who is subscribed at that moment. */
function publishing<Written>(
  ctx: Pick<Context, "task" | "hops" | "deadline">,
  on: RequestTopic<unknown, Written>,
  value: Written,
  { timeoutMs, confidence, priority }: RequestOptions,
): TryInHandler {
  const { task, hops, deadline } = ctx;
  return async (reads, _tries, _refused, { path, runTimeMs }) => {
    // Another one for each request of a task: a late response is not taken for one to a later request.
    const signal = `response-${digest128("request", path)}`;
    const until = Math.min(runTimeMs + timeoutMs, deadline ?? Number.POSITIVE_INFINITY);
    const subscribers = await subscribersOf(reads, on.name);
    const published: Published = { signal, until, subscribers };
    const how: PublishOptions = {
      // The deadline travels. A run that has no time left is about to hear so.
      ttlMs: Math.max(1, until - runTimeMs),
      ...(confidence === undefined ? {} : { confidence }),
      ...(priority === undefined ? {} : { priority }),
    };
    const publisher = { by: task, hops, respondTo: { task, signal } };
    return { value: published, writes: publishWrites(on, value, publisher, how) };
  };
}

async function gather(
  branch: Context,
  on: RequestTopic,
  { signal, until, subscribers }: Published,
  wanted: Wanted,
): Promise<Gathering> {
  const gathering = new Gathering(subscribers, wanted);
  const schema = responseNotes(on.name, on.response);
  while (!gathering.isOver) {
    // One time for all of these waits: each ends when the request does.
    const waiting = branch.waitFor(signal, schema, { timeoutMs: null, notAfter: until });
    const note = await waiting.catch(nothingInTime);
    if (note === undefined) break;
    gathering.take(note);
  }
  return gathering;
}

function nothingInTime(error: unknown): undefined {
  if (!RuntimeError.is(error, "WAIT_TIMEOUT")) throw error;
  return undefined;
}

function checked(name: string, options: RequestOptions): Wanted {
  const { timeoutMs, atLeast = 0, atMost = MAX_RESPONSES } = options;
  const what = `request on '${name}'`;
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw runtimeError("USAGE", `timeoutMs ${timeoutMs} of ${what} is no time above 0`);
  }
  const isCount = Number.isSafeInteger(atMost) && atMost >= 1 && atMost <= MAX_RESPONSES;
  if (!isCount) {
    throw runtimeError("USAGE", `atMost ${atMost} of ${what} is not from 1 to ${MAX_RESPONSES}`);
  }
  if (!(Number.isSafeInteger(atLeast) && atLeast >= 0 && atLeast <= atMost)) {
    throw runtimeError("USAGE", `atLeast ${atLeast} of ${what} is not from 0 to ${atMost}`);
  }
  return { atLeast, atMost };
}

function tooFew(
  name: string,
  { responses, failed, missing }: Gathering,
  atLeast: number,
): RuntimeError {
  const got = `${responses.length} of at least ${atLeast} responses came in time`;
  return runtimeError("ASK_TIMEOUT", `request on '${name}': ${got}`, {
    details: {
      responses: responses.map(({ from }) => from),
      failed: failed.map(({ from }) => from),
      missing: [...missing],
    },
  });
}
