import { encodeData } from "../core/data.ts";
import type { Envelope } from "../core/envelope.ts";
import { type ErrorData, runtimeError } from "../core/errors.ts";
import type { Outcome, ResponseAddress } from "../core/event.ts";
import { decodeEventOnly, type EncodedEvent } from "../core/event-codec.ts";
import type { Path } from "../core/ids.ts";
import { errorPayload, INLINE_LIMIT, type OutcomePayload } from "../core/payload.ts";
import type { DeliverWrite } from "../ports/store.ts";
import { encodeSignal } from "./mail.ts";

// What goes back to whoever made a request on a topic: signals to the task that asked, kept until it takes them.
// Owns: their form. Doesn't own: who is subscribed, and gathering them (state/request-in.ts).
// Invariants:
// Q1 a response is in the commit that closes the responder's task, or that passes the event over: it is sent exactly
//    if that happened.
// Q2 its path is made of request and responder: it is taken once (K11), whatever is done twice.
// Q3 nothing here holds up the responder: an asker that has ended, or is gone with its run, is told nothing.

/** One signal to whoever made a request. */
export type ResponseNote =
  /** A subscribed operation has ended. `from`: `agent.operation`. */
  | { readonly type: "responded"; readonly from: string; readonly outcome: Outcome }
  /** A subscription started nothing: its filter left the event out, or (`error`) it could not be handed over. */
  | {
      readonly type: "passed";
      readonly from: string;
      readonly pattern: string;
      readonly error: ErrorData | null;
    };

const RESPOND_TO = '{"respondTo":';

/** Where the outcome of a task goes whose input stands in `origin`; undefined: it came of no request. */
export function responseAddressIn(origin: EncodedEvent): ResponseAddress | undefined {
  // First of the fields, if at all: most tasks are told apart without being decoded.
  if (origin.type !== "started" || !origin.data.startsWith(RESPOND_TO)) return undefined;
  const event = decodeEventOnly(origin);
  return event.type === "started" ? event.respondTo : undefined;
}

/** The write that sends the outcome of `responder` to whoever made the request it came of. */
export function responseWrite(
  to: ResponseAddress,
  { agent, operation }: Pick<Envelope, "agent" | "operation">,
  outcome: OutcomePayload,
): DeliverWrite {
  const from = `${agent}.${operation}`;
  const { encoded } = outcome.blob === undefined ? outcome : tooLarge(from);
  const value = `{"type":"responded","from":${JSON.stringify(from)},"outcome":${encoded}}`;
  return signalTo(to, from, value);
}

/** The write that says that a subscription started nothing. @param error - Why not; null: its filter said so. */
export function passedWrite(
  to: ResponseAddress,
  from: string,
  pattern: string,
  error: ErrorData | null,
): DeliverWrite {
  const note: ResponseNote = { type: "passed", from, pattern, error };
  return signalTo(to, `${from} ${pattern}`, encodeData(note, `response of ${from}`));
}

/** A large value is kept for the run that refers to it, and the run of the asker is not known here. */
function tooLarge(from: string): OutcomePayload {
  const problem = `the response of ${from} has more than ${INLINE_LIMIT} characters: respond with a reference`;
  return errorPayload(runtimeError("VALUE_TOO_LARGE", problem, { outcome: "applied" }).toData());
}

function signalTo({ task, signal }: ResponseAddress, from: string, value: string): DeliverWrite {
  const path = `signal:${signal}[${from}]` as Path;
  const data = encodeSignal(signal, { text: value, blob: undefined }, from);
  return { type: "deliver", task, kind: "signal", path, data, late: "drop" };
}
