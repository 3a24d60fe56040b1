import { runtimeError } from "../core/errors.ts";
import type { RunId } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { type CancelReceipt, ReceiptReader } from "./receipt.ts";

/** Tasks of one run that are told of in its receipt. */
const MAX_TASKS = 100_000;

/** What reading a receipt needs. */
export interface ReceiptParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly pollMs: number;
  /** Aborts when the system is disposed. */
  readonly closed: AbortSignal;
}

/**
 * What a cancel came to. Of a run that was not cancelled: all its tasks as finished. It reads everything that was
 * ever recorded of the run, former generations of its handlers too: an effect of which nobody knew may be followed by
 * a `restart`. That comes in pages, so a handler without an end costs time, not memory.
 * @param run - It has ended: nothing more is recorded.
 * @throws RuntimeError `NOT_FOUND` if it is trimmed meanwhile; `CLOSED`.
 */
export async function readReceipt(parts: ReceiptParts, run: RunId): Promise<CancelReceipt> {
  const { store, closed } = parts;
  const rows = await store.find({ run, limit: MAX_TASKS });
  const names = new Map(rows.map(({ id, agent, operation }) => [id, `${agent}.${operation}`]));
  const reader = new ReceiptReader(run, names);
  let unread = rows.reduce((sum, { version }) => sum + version, 0);
  const stop = new AbortController();
  const signal = AbortSignal.any([closed, stop.signal]);
  // A tail of a run that is not there any more has no end of its own.
  const watching = stopWhenGone(parts, run, stop);
  try {
    if (unread > 0) {
      for await (const event of store.tail(run, 0, signal)) {
        reader.read(event);
        if (names.has(event.task)) unread--;
        if (unread === 0) break;
      }
    }
  } finally {
    stop.abort(STOPPED);
    await watching;
  }
  if (unread === 0) return reader.receipt();
  if (closed.aborted) throw runtimeError("CLOSED", `the system was closed; run '${run}' has ended`);
  throw runtimeError("NOT_FOUND", `run '${run}' was trimmed while its receipt was read`);
}

async function stopWhenGone(
  { store, clock, pollMs }: ReceiptParts,
  run: RunId,
  stop: AbortController,
): Promise<void> {
  while (!stop.signal.aborted) {
    await clock.sleep(pollMs, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted) return;
    // A store that fails is asked again.
    const found = await store.runs({ run }).catch(() => undefined);
    if (found?.length === 0) stop.abort(STOPPED);
  }
}
