import { runtimeError } from "../core/errors.ts";
import type { StoreReads } from "../ports/store.ts";
import type { TryOnce } from "../runtime/transact.ts";
import { type BoardEntry, loadEntries, parseKeyValue, SizeBudget } from "./board-entry.ts";
import type { AnyKey, RecordedValueOf } from "./board-key.ts";
import type { BoardPlace } from "./board-place.ts";
import { StoreView } from "./board-view.ts";
import { logVersion } from "./log-reading.ts";

/** What a handler reads of a board at one version: keys, and all keys that start with a text. */
export type Wanted = AnyKey | { readonly prefix: string };

/** Part of a board as it was at one version, recorded in the stream of the task that read it. */
export interface RecordedView {
  readonly version: number;
  /**
   * The value of `key`; of bytes, a reference. Undefined: it had none.
   * @throws RuntimeError `USAGE` if the snapshot was not asked for this key; `SCHEMA` if what is there does not fit.
   */
  get<K extends AnyKey>(key: K): RecordedValueOf<K> | undefined;
  /**
   * What stood at the keys that start with `prefix`, in the order of their names; bytes by reference.
   * @throws RuntimeError `USAGE` if the snapshot was not asked for this prefix or a shorter one.
   */
  entries(prefix: string): readonly BoardEntry[];
}

/** Most that one snapshot may record, in UTF-16 units: it is kept in the task's stream and read at every replay. */
const MAX_SNAPSHOT_LENGTH = 1024 * 1024;

/** Most keys under the prefixes of one snapshot. */
const MAX_SNAPSHOT_KEYS = 1_000;

/** What stands in the stream. */
export interface RecordedSnapshot {
  readonly version: number;
  readonly keys: readonly string[];
  readonly prefixes: readonly string[];
  readonly entries: readonly BoardEntry[];
}

/** Reads `wanted` at the present version of the board; the value of the try is a {@link RecordedSnapshot}. */
export function recording(place: BoardPlace, wanted: readonly Wanted[]): TryOnce {
  const keys = [...new Set(wanted.flatMap((one) => ("prefix" in one ? [] : [one.name])))];
  const prefixes = [...new Set(wanted.flatMap((one) => ("prefix" in one ? [one.prefix] : [])))];
  return async (reads) => {
    const version = await logVersion(reads, place.log);
    const entries = await readEntries(reads, place, version, keys, prefixes);
    const value: RecordedSnapshot = { version, keys, prefixes, entries };
    return { value, writes: [] };
  };
}

async function readEntries(
  reads: StoreReads,
  place: BoardPlace,
  version: number,
  keys: readonly string[],
  prefixes: readonly string[],
): Promise<readonly BoardEntry[]> {
  const view = new StoreView(reads, place, version);
  const budget = new SizeBudget(MAX_SNAPSHOT_LENGTH);
  const found = new Map<string, BoardEntry>();
  for (const prefix of prefixes) {
    const records = await view.records(prefix, MAX_SNAPSHOT_KEYS);
    const fresh = records.filter(({ key }) => !found.has(key ?? ""));
    for (const entry of await loadEntries(reads, place, fresh, budget)) {
      found.set(entry.key, entry);
    }
  }
  for (const key of keys) {
    const record = found.has(key) ? undefined : await view.record(key);
    if (record === undefined) continue;
    for (const entry of await loadEntries(reads, place, [record], budget)) found.set(key, entry);
  }
  return [...found.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** The view of what was recorded. */
export function recordedView(place: BoardPlace, recorded: RecordedSnapshot): RecordedView {
  const { version, keys, prefixes, entries } = recorded;
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  const covered = (start: string): boolean => prefixes.some((prefix) => start.startsWith(prefix));
  return {
    version,
    get<K extends AnyKey>(key: K): RecordedValueOf<K> | undefined {
      const { name } = key;
      if (!keys.includes(name) && !covered(name)) throw notAsked(place, `'${name}'`);
      const entry = byKey.get(name);
      if (entry === undefined) return undefined;
      // A copy: what one caller does to it, the next one does not see.
      const value: unknown = structuredClone(entry.value);
      return parseKeyValue(key, value, `'${name}' of ${place.title}`) as RecordedValueOf<K>;
    },
    entries(prefix: string): readonly BoardEntry[] {
      if (!covered(prefix)) throw notAsked(place, `the prefix '${prefix}'`);
      return structuredClone(entries.filter(({ key }) => key.startsWith(prefix)));
    },
  };
}

function notAsked({ title }: BoardPlace, what: string): Error {
  return runtimeError("USAGE", `this snapshot of ${title} was not asked for ${what}`);
}
