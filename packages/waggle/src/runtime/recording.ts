import { encodeData, encodeFramed } from "../core/data.ts";
import type { ErrorData } from "../core/errors.ts";
import type { Outcome } from "../core/event.ts";
import { decodeEvent, type EncodedEvent, spliceEvent } from "../core/event-codec.ts";
import type { RunId } from "../core/ids.ts";
import {
  type Blob,
  errorPayload,
  INLINE_LIMIT,
  type OutcomePayload,
  valuePayload,
} from "../core/payload.ts";
import { toErrorData } from "../core/thrown.ts";
import type { BlobWrite } from "../ports/store.ts";
import type { Delivery } from "./journal.ts";
import type { Operation, OperationOwner } from "./operation.ts";

/** Records that `operation` ended with what was thrown, after `before`. */
export function recordError(
  owner: OperationOwner,
  operation: Operation,
  thrown: unknown,
  before: readonly EncodedEvent[] = [],
): void {
  recordOutcome(owner, operation, errorPayload(toErrorData(thrown)), before);
}

/** Records that the body of the step `operation` returned `value`. */
export function recordValue(owner: OperationOwner, operation: Operation, value: unknown): void {
  const { path } = operation;
  let data: string;
  try {
    data = encodeFramed(value, `result of ${path}`, (checked) => ({
      path,
      outcome: { type: "value", value: checked },
    }));
  } catch (refused) {
    // The body has come to its end all the same: whoever took this for "not applied" would do it twice.
    const error: ErrorData = { ...toErrorData(refused), outcome: "applied" };
    recordOutcome(owner, operation, errorPayload(error));
    return;
  }
  if (data.length > INLINE_LIMIT) {
    recordOutcome(owner, operation, valuePayload(encodeData(value, `result of ${path}`)));
    return;
  }
  recordEvents(owner, operation, [{ type: "done", data }], (at) => {
    const event = typeof value === "object" ? decodeEvent({ type: "done", data }) : undefined;
    // Primitives need no copy of their own (K12); but -0 is stored as 0.
    const outcome: Outcome =
      event?.type === "done" ? event.outcome : { type: "value", value: value === 0 ? 0 : value };
    return { path, at, outcome };
  });
}

/** Records the outcome of `operation`, after `before`. */
export function recordOutcome(
  owner: OperationOwner,
  operation: Operation,
  outcome: OutcomePayload,
  before: readonly EncodedEvent[] = [],
): void {
  const { path } = operation;
  const event = spliceEvent("done", { path }, "outcome", outcome.encoded);
  const result = (at: number): Delivery => ({ path, at, outcome: outcome.decode() });
  recordEvents(owner, operation, [...before, event], result, outcome.blob);
}

/** Records how `operation` ended, unless that is recorded or on its way already. */
function recordEvents(
  owner: OperationOwner,
  operation: Operation,
  events: readonly EncodedEvent[],
  result: (at: number) => Delivery,
  blob?: Blob,
): void {
  if (operation.settling !== "no" || owner.finished) return;
  operation.settling = "recording";
  owner.outbox.add({
    events,
    starts: false,
    ...(blob === undefined ? {} : { extra: () => [blobWrite(blob, owner.task.run)] }),
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver(result(at));
    },
  });
}

/** Keeps `blob` as long as `run` is kept. */
export function blobWrite({ id, bytes }: Blob, run: RunId): BlobWrite {
  return { type: "blob", id, bytes, run };
}
