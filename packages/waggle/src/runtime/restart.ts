import { encodeData } from "../core/data.ts";
import { type RuntimeError, runtimeError } from "../core/errors.ts";
import { spliceEvent } from "../core/event-codec.ts";
import { inputField, type Payload, payload } from "../core/payload.ts";
import { recordDropped } from "./drops.ts";
import type { Operation, OperationOwner } from "./operation.ts";
import { blobWrite, recordError } from "./recording.ts";

/** What beginning anew needs of the task. */
export interface RestartingTask extends OperationOwner {
  /** True while no operation but `besides` is open. */
  isAlone(besides: Operation): boolean;
  /** Numbers of the signals in the inbox that were taken. */
  readonly takenSignals: readonly number[];
  /** It is not in this host's memory any more. */
  leave(): void;
  /** Replays what its handler has done so far; undefined where nobody wants to know. */
  readonly trail: { check(): Promise<RuntimeError | undefined> } | undefined;
}

/** Ends this generation of the handler: the task is given back, and begins anew where it is claimed. */
export function beginRestart(owner: RestartingTask, operation: Operation, input: unknown): void {
  try {
    if (!owner.isAlone(operation)) {
      throw runtimeError("USAGE", "restart was called while another operation is open");
    }
    const stored = payload(encodeData(input, "input of restart"));
    const check = owner.trail?.check();
    if (check === undefined) restartWith(owner, operation, stored);
    else restartChecked(owner, operation, stored, check);
  } catch (refused) {
    recordError(owner, operation, refused);
  }
}

/** Does so only if its handler would do the same again. */
function restartChecked(
  owner: RestartingTask,
  operation: Operation,
  stored: Payload,
  check: Promise<RuntimeError | undefined>,
): void {
  operation.phase = "starting";
  void check.then((diverged) => {
    if (owner.finished) return;
    if (operation.dropped !== undefined) recordDropped(owner, operation);
    else if (diverged === undefined) restartWith(owner, operation, stored);
    else recordError(owner, operation, diverged);
  });
}

function restartWith(owner: RestartingTask, operation: Operation, stored: Payload): void {
  const { name, encoded } = inputField(stored);
  const { blob } = stored;
  const generation = owner.journal.generation + 1;
  const fields = { generation, taken: owner.takenSignals };
  operation.phase = "starting";
  operation.settling = "recording";
  owner.outbox.add({
    events: [spliceEvent("restarted", fields, name, encoded)],
    starts: true,
    cleanup: operation.isCleanup,
    restart: true,
    ending: { type: "release", due: owner.host.clock.now(), outside: false },
    ...(blob === undefined ? {} : { extra: () => [blobWrite(blob, owner.task.run)] }),
    committed: () => {
      owner.leave();
      owner.host.claimable(owner.task.agent);
    },
    refused: () => {
      operation.settling = "no";
      owner.goOn(operation);
    },
  });
}
