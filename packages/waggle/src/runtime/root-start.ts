import type { Operation } from "../core/contract.ts";
import type { Envelope } from "../core/envelope.ts";
import type { ResponseAddress } from "../core/event.ts";
import { spliceEvent } from "../core/event-codec.ts";
import { type HostId, type RunId, rootTaskId } from "../core/ids.ts";
import { inputField, type Payload } from "../core/payload.ts";
import type { Write } from "../ports/store.ts";
import { blobWrite } from "./recording.ts";

/** The message that a run begins with; whatever is not given here is the same for every root. */
export function rootEnvelope(
  run: RunId,
  operation: Operation,
  { priority, hops, key, deadline }: Pick<Envelope, "priority" | "hops" | "key" | "deadline">,
): Envelope {
  return {
    id: rootTaskId(run),
    run,
    parent: null,
    path: null,
    awaited: false,
    agent: operation.agent,
    operation: operation.name,
    priority,
    hops,
    key,
    deadline,
  };
}

/**
 * The writes that create a run and its root, for the head of a batch.
 * @param owner - Who runs the root at once, with the version of its agent's code, if that has one; null: whoever claims
 * it, if its mailbox has room.
 * @param respondTo - Who gets its outcome; undefined: nobody in particular.
 */
export function rootWrites(
  root: Envelope,
  input: Payload,
  owner: { readonly host: HostId; readonly codeVersion: string | undefined } | null,
  mailbox: number | undefined,
  respondTo?: ResponseAddress,
): readonly Write[] {
  const { name, encoded } = inputField(input);
  const writes: Write[] = [
    { type: "gate", run: root.run, from: null, to: "open" },
    {
      type: "create",
      task: root,
      origin: { write: 1, event: 0 },
      owner: owner?.host ?? null,
      events: [spliceEvent("started", respondTo === undefined ? {} : { respondTo }, name, encoded)],
      ...(owner !== null || mailbox === undefined ? {} : { mailbox }),
      ...(owner?.codeVersion === undefined ? {} : { codeVersion: owner.codeVersion }),
    },
  ];
  if (input.blob !== undefined) writes.push(blobWrite(input.blob, root.run));
  return writes;
}
