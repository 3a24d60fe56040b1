import type { BlobId } from "../../core/ids.ts";
import type { Cell, HostBeat, LoadedTask, LogPage, RunRow, Store } from "../../ports/store.ts";

/** Everything a ledger holds, as its port shows it. */
export interface StoreContents {
  readonly runs: readonly RunRow[];
  readonly tasks: readonly (LoadedTask | undefined)[];
  readonly cells: readonly Cell[];
  readonly hosts: readonly HostBeat[];
  /** In the order of the names that were asked for. */
  readonly logs: readonly LogPage[];
  /** In the order of the ids that were asked for; undefined: there is none. */
  readonly blobs: readonly (readonly number[] | undefined)[];
}

/**
 * Reads everything. Not one moment, unless nobody writes meanwhile.
 * @param names - Logs and blobs to be read: the port does not list them.
 */
export async function storeContents(
  store: Store,
  names: { readonly logs: readonly string[]; readonly blobs: readonly BlobId[] },
): Promise<StoreContents> {
  const rows = await store.find({ limit: 1_000_000 });
  const blobs = await Promise.all(names.blobs.map((id) => store.blob(id)));
  return {
    runs: await store.runs({ limit: 1_000_000 }),
    tasks: await Promise.all(rows.map((row) => store.load(row.id))),
    cells: await store.cells(""),
    hosts: await store.hosts(),
    logs: await Promise.all(names.logs.map((log) => store.records({ log, limit: 1_000_000 }))),
    blobs: blobs.map((bytes) => bytes && [...bytes]),
  };
}
