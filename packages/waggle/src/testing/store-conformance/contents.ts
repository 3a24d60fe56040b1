import type { Cell, HostBeat, LoadedTask, RunRow, Store } from "../../ports/store.ts";

/** Everything a ledger holds, as its port shows it. */
export interface StoreContents {
  readonly runs: readonly RunRow[];
  readonly tasks: readonly (LoadedTask | undefined)[];
  readonly cells: readonly Cell[];
  readonly hosts: readonly HostBeat[];
}

/** Reads everything. Not one moment, unless nobody writes meanwhile. */
export async function storeContents(store: Store): Promise<StoreContents> {
  const rows = await store.find({ limit: 1_000_000 });
  return {
    runs: await store.runs({ limit: 1_000_000 }),
    tasks: await Promise.all(rows.map((row) => store.load(row.id))),
    cells: await store.cells(""),
    hosts: await store.hosts(),
  };
}
