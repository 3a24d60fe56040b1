import { encodeData } from "../core/data.ts";
import { runtimeError } from "../core/errors.ts";
import { spliceEvent } from "../core/event-codec.ts";
import { valuePayload } from "../core/payload.ts";
import type { RefusalReason } from "../ports/store.ts";
import { recordDropped } from "./drops.ts";
import { type Operation, type OperationOwner, runTime } from "./operation.ts";
import { blobWrite, recordError } from "./recording.ts";
import type { Attempt, TryInHandler } from "./transact.ts";

/** Tries of one transaction; then `CONFLICT`. With this many writers at once, each gets its turn. */
const MAX_TRIES = 200;

/** Longest pause between two tries. */
const MAX_PAUSE_MS = 100;

/** Reads, decides and writes in one commit with the record of it; again when somebody else was faster. */
export function beginTransaction(
  owner: OperationOwner,
  operation: Operation,
  tryOnce: TryInHandler,
): void {
  void attempt(owner, operation, tryOnce, 0, undefined);
}

async function attempt(
  owner: OperationOwner,
  operation: Operation,
  tryOnce: TryInHandler,
  tries: number,
  refused: RefusalReason | undefined,
): Promise<void> {
  const { host } = owner;
  operation.phase = "starting";
  host.activityBegan();
  try {
    const place = { path: operation.path, runTimeMs: runTime(owner) };
    const made = await tryOnce(host.store, tries, refused, place);
    if (operation.dropped === undefined) record(owner, operation, tryOnce, tries, made);
    else recordDropped(owner, operation);
  } catch (thrown) {
    recordError(owner, operation, thrown);
  } finally {
    host.activityEnded();
  }
}

function record(
  owner: OperationOwner,
  operation: Operation,
  tryOnce: TryInHandler,
  tries: number,
  made: Attempt,
): void {
  const { path } = operation;
  const { blob, encoded, decode } = valuePayload(encodeData(made.value, `result of ${path}`));
  const writes =
    blob === undefined ? made.writes : [...made.writes, blobWrite(blob, owner.task.run)];
  if (operation.settling !== "no" || owner.finished) return;
  operation.settling = "recording";
  owner.outbox.add({
    events: [spliceEvent("done", { path }, "outcome", encoded)],
    starts: made.writes.length > 0,
    cleanup: operation.isCleanup,
    extra: () => writes,
    committed: (at) => {
      operation.settling = "recorded";
      owner.deliver({ path, at, outcome: decode() });
    },
    refused: (reason) => {
      operation.settling = "no";
      if (reason === "gate") {
        owner.goOn(operation);
      } else if (tries + 1 >= MAX_TRIES) {
        const problem = `${path} was refused ${MAX_TRIES} times, last as '${reason}'`;
        recordError(owner, operation, runtimeError("CONFLICT", problem));
      } else {
        void tryAgain(owner, operation, tryOnce, tries + 1, reason);
      }
    },
  });
}

async function tryAgain(
  owner: OperationOwner,
  operation: Operation,
  tryOnce: TryInHandler,
  tries: number,
  reason: RefusalReason,
): Promise<void> {
  // Whoever lost twice steps aside, each task for another while.
  if (tries > 1) {
    const share = (Number.parseInt(owner.task.id.slice(0, 4), 16) % 97) / 97;
    await owner.host.clock.sleep(
      Math.min(MAX_PAUSE_MS, 2 ** Math.min(tries, 8)) * (0.5 + share / 2),
    );
  }
  if (!owner.finished) await attempt(owner, operation, tryOnce, tries, reason);
}
