import { toErrorData } from "../core/errors.ts";
import { type EncodedEvent, spliceEvent } from "../core/event-codec.ts";
import type { RunId } from "../core/ids.ts";
import { type Blob, errorPayload, type OutcomePayload } from "../core/payload.ts";
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
export function recordEvents(
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
