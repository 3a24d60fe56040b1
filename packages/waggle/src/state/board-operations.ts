import { runtimeError } from "../core/errors.ts";
import { parseWith } from "../core/schema.ts";
import type { LogRecord, StoreReads } from "../ports/store.ts";
import type { Attempt, TryOnce } from "../runtime/transact.ts";
import { loadKeyValue } from "./board-entry.ts";
import type { AnyKey, BoardKey } from "./board-key.ts";
import {
  checkTries,
  conflict,
  prepare,
  publish,
  putWrites,
  type Seen,
  see,
  type Writing,
  whatOf,
} from "./board-writing.ts";
import { newestRecord } from "./log-reading.ts";
import { mergeValues } from "./merge.ts";

// What can be done to one key, as tries of a transaction: the kernel makes them for handlers, `commitTries` for
// everybody else. A try reads, and says what to write on condition of what it has read.

/**
 * What an update does when somebody else wrote its key since it was read. `retry`: runs again on what is there
 * now. `merge`: keeps what it made, and merges it by the key's rule. `reject`: fails with `CONFLICT`.
 */
export type OnConflict = "retry" | "merge" | "reject";

/** What an update made, and of what. */
interface Made {
  readonly mine: unknown;
  readonly basis: Seen;
}

/** Computes the new value of `key` from its present one. The value of the try is the new value. */
export function updating(
  writing: Writing,
  key: BoardKey,
  change: (now: unknown) => unknown,
  wanted?: OnConflict,
): TryOnce {
  const { place } = writing;
  const onConflict = wanted ?? (key.merge === undefined ? "retry" : "merge");
  if (onConflict === "merge" && key.merge === undefined) {
    throw runtimeError("USAGE", `${whatOf(writing, key)} has no merge rule`);
  }
  let made: Made | undefined;
  return async (reads, tries, refused) => {
    checkTries(writing, key.name, tries);
    if (refused === "conflict" && onConflict === "reject") {
      throw conflict(writing, key.name, "somebody else wrote it meanwhile");
    }
    const seen = await see(reads, writing, key.name, refused);
    if (made === undefined || onConflict === "retry") {
      const now = await loadKeyValue(reads, place, key, seen.record);
      const mine = parseWith(key.schema, await change(now), whatOf(writing, key));
      made = { mine, basis: seen };
    }
    const next = await merged(reads, writing, key, made.mine, made.basis.record, seen);
    const prepared = await prepare(reads, writing, key, next, tries);
    return { value: prepared.value, writes: putWrites(writing, key, prepared, seen) };
  };
}

/** What `mine`, made of `base`, becomes in view of what is there. */
async function merged(
  reads: StoreReads,
  { place }: Writing,
  key: BoardKey,
  mine: unknown,
  base: LogRecord | undefined,
  seen: Seen,
): Promise<unknown> {
  if (key.merge === undefined || base?.version === seen.record?.version) return mine;
  const theirs = await loadKeyValue(reads, place, key, seen.record);
  return mergeValues(key.merge, mine, theirs, await loadKeyValue(reads, place, key, base));
}

/**
 * Writes `value` at `key`. With a merge rule it is merged into what is there, unless that is what it is based on.
 * Without a rule it replaces what is there; but if it is based on a version, only what was there then.
 * @param basedOn - The version of the board that whoever made the value had seen.
 */
export function setting(
  writing: Writing,
  key: AnyKey,
  value: unknown,
  basedOn: number | undefined,
): TryOnce {
  const merge = key.type === "data" ? key.merge : undefined;
  if (merge === "last-writer" || (merge === undefined && basedOn === undefined)) {
    return (reads, tries) => replacing(reads, writing, key, value, tries);
  }
  return async (reads, tries, refused) => {
    checkTries(writing, key.name, tries);
    const seen = await see(reads, writing, key.name, refused);
    const base = await recordAt(reads, writing, key, basedOn);
    if (key.type === "bytes" || merge === undefined) {
      expectUnchanged(writing, key, base, seen);
      const prepared = await prepare(reads, writing, key, value, tries);
      return { value: null, writes: putWrites(writing, key, prepared, seen) };
    }
    const mine = parseWith(key.schema, value, whatOf(writing, key));
    const next = await merged(reads, writing, key, mine, base, seen);
    const prepared = await prepare(reads, writing, key, next, tries);
    return { value: null, writes: putWrites(writing, key, prepared, seen) };
  };
}

async function replacing(
  reads: StoreReads,
  writing: Writing,
  key: AnyKey,
  value: unknown,
  tries: number,
): Promise<Attempt> {
  checkTries(writing, key.name, tries);
  const prepared = await prepare(reads, writing, key, value, tries);
  return { value: null, writes: putWrites(writing, key, prepared, undefined) };
}

/** Removes the value of `key`; if it is based on a version, only what was there then. */
export function removing(writing: Writing, key: AnyKey, basedOn: number | undefined): TryOnce {
  return async (reads, tries, refused) => {
    checkTries(writing, key.name, tries);
    const seen = await see(reads, writing, key.name, refused);
    if (seen.record === undefined) return { value: null, writes: [] };
    const record = { key: key.name, data: null };
    if (basedOn === undefined) return { value: null, writes: [publish(writing.place, [record])] };
    expectUnchanged(writing, key, await recordAt(reads, writing, key, basedOn), seen);
    const guarded = { ...record, expect: seen.version };
    return { value: null, writes: [publish(writing.place, [guarded])] };
  };
}

/** Adds `by` to the number at `key`; 0 without one. A counter takes it without reading. */
export function adding(writing: Writing, key: BoardKey<number>, by: number): TryOnce {
  if (!Number.isFinite(by)) throw runtimeError("USAGE", `cannot add ${by}`);
  const update = updating(writing, key, (now) => ((now as number | undefined) ?? 0) + by, "retry");
  const isCounter = key.merge === "counter" && Number.isSafeInteger(by);
  return async (reads, tries, refused) => {
    // Refused as conflict: what is there is no bare number, or the sum leaves the safe integers.
    if (isCounter && refused !== "conflict") {
      checkTries(writing, key.name, tries);
      return { value: null, writes: [publish(writing.place, [{ key: key.name, add: by }])] };
    }
    const { writes } = await update(reads, tries, refused);
    return { value: null, writes };
  };
}

async function recordAt(
  reads: StoreReads,
  { place }: Writing,
  key: AnyKey,
  version: number | undefined,
): Promise<LogRecord | undefined> {
  if (version === undefined) return undefined;
  return (await newestRecord(reads, place.log, key.name, version)).record;
}

function expectUnchanged(
  writing: Writing,
  key: AnyKey,
  base: LogRecord | undefined,
  seen: Seen,
): void {
  if (base?.version === seen.record?.version) return;
  throw conflict(writing, key.name, "somebody else wrote it since the version it is based on");
}
