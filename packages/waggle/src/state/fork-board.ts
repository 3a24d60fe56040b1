import { runtimeError } from "../core/errors.ts";
import type { BlobWrite, NewRecord, StoreReads } from "../ports/store.ts";
import type { TryOnce } from "../runtime/transact.ts";
import { MAX_LIST_LENGTH, SizeBudget } from "./board-entry.ts";
import type { BoardPlace } from "./board-place.ts";
import { StoreView } from "./board-view.ts";
import { publish, type Writing } from "./board-writing.ts";
import { logVersion, ORIGIN_KEY } from "./log-reading.ts";
import { decodeRecord, loadBlob } from "./stored-value.ts";

/** Most keys that are copied in one commit. */
const MAX_FORK_KEYS = 10_000;

/**
 * Copies what a board held at `version` to `target`, on which there must be nothing. The blobs are put again: they
 * are kept as long as the new board.
 */
export function forking(writing: Writing, version: number, target: BoardPlace): TryOnce {
  const { place, mark } = writing;
  return async (reads, tries) => {
    if ((await logVersion(reads, target.log)) > 0) {
      throw runtimeError("CONFLICT", `${target.title} has something on it already`);
    }
    const found = await new StoreView(reads, place, version).records("", MAX_FORK_KEYS);
    const budget = new SizeBudget(MAX_LIST_LENGTH);
    const blobs: BlobWrite[] = [];
    const origin = { board: place.log, version, ...(mark && { mark: mark(tries) }) };
    const records: NewRecord[] = [{ key: ORIGIN_KEY, data: JSON.stringify(origin), expect: 0 }];
    for (const { key, data } of found) {
      if (data === null) continue;
      const what = `a fork of ${place.title}`;
      budget.spend(data.length, what);
      blobs.push(...(await copiedBlob(reads, data, target, budget, what)));
      records.push({ key, data, expect: 0 });
    }
    return { value: null, writes: [...blobs, publish(target, records)] };
  };
}

async function copiedBlob(
  reads: StoreReads,
  data: string,
  { run }: BoardPlace,
  budget: SizeBudget,
  what: string,
): Promise<readonly BlobWrite[]> {
  const stored = decodeRecord(data);
  if (!("blob" in stored)) return [];
  budget.spend(stored.size, what);
  const bytes = await loadBlob(reads, stored.blob, what);
  return [{ type: "blob", id: stored.blob, bytes, run }];
}
