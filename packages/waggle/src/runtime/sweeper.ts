import type { HostId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";

/** Runs that are ended at one beat at most; the rest at the next. */
const MAX_RUNS = 200;

/**
 * Ends the runs that have nothing more to do: none of their tasks is unfinished, but nobody was there to say so
 * when the last one closed. The store refuses it where work has come meanwhile.
 */
export async function endRuns(store: Store, host: HostId): Promise<void> {
  const over = await store.runs({ over: true, limit: MAX_RUNS });
  await Promise.all(
    over.map(({ run }) =>
      store.commit({
        host,
        writes: [{ type: "gate", run, from: ["open", "paused", "cancelling"], to: "ended" }],
      }),
    ),
  );
}
