import type { Outcome } from "../core/event.ts";
import type { RunId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import { runEvent } from "../runtime/runs.ts";
import type { Change, RunProgress } from "./run-progress.ts";

/** Why watching came to its end. */
export type WatchEnd =
  | { readonly type: "closed"; readonly outcome: Outcome }
  /** A task cannot go on with this code. */
  | { readonly type: "stuck"; readonly task: string; readonly why: string }
  /** The signal aborted first. */
  | { readonly type: "stopped" };

/**
 * Follows a run in the ledger from its beginning to its end, whoever works on it; it need not be there yet.
 * Keeps `progress` up to date and tells what is new.
 * @param known - Positions of events that are no news.
 * @throws RuntimeError `STORE_UNAVAILABLE`, `CLOSED`.
 */
export async function watchRun(
  store: Store,
  run: RunId,
  watcher: {
    readonly progress: RunProgress;
    readonly known: ReadonlySet<number>;
    readonly tell: (change: Change) => void;
    readonly signal: AbortSignal;
  },
): Promise<WatchEnd> {
  const { progress, known, tell } = watcher;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, watcher.signal]);
  try {
    for await (const stored of store.tail(run, 0, signal)) {
      const event = await runEvent(store, stored);
      const isNews = !known.has(event.position);
      for (const change of progress.apply(event)) {
        if (isNews || change.type === "closed") tell(change);
        if (change.type === "closed") return change;
        if (change.type === "stuck" && isNews) {
          return { type: "stuck", task: change.task.name, why: change.why };
        }
      }
    }
    return { type: "stopped" };
  } finally {
    over.abort();
  }
}
