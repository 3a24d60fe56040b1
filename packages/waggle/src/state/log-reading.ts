import { runtimeError } from "../core/errors.ts";
import type { LogRecord, StoreReads } from "../ports/store.ts";

/** The newest record of one key within a version of its log. */
export interface Newest {
  /** The version of the log that was looked at. */
  readonly logVersion: number;
  /** Undefined: the key has no value. */
  readonly record: LogRecord | undefined;
}

/** More than any version: nothing lies behind it. */
const END = Number.MAX_SAFE_INTEGER;

/** The present version of a log; 0 if nobody wrote to it. */
export async function logVersion(reads: StoreReads, log: string): Promise<number> {
  const { version } = await reads.records({ log, after: END, limit: 1 });
  return version;
}

/** The newest record of `key`, or the newest up to version `at`. */
export async function newestRecord(
  reads: StoreReads,
  log: string,
  key: string,
  at?: number,
): Promise<Newest> {
  const upTo = at === undefined ? {} : { upTo: at };
  const page = await reads.records({ log, key, latest: true, limit: 1, ...upTo });
  return { logVersion: at ?? page.version, record: page.records[0] };
}

/**
 * The version of the newest record of `key`, with or without a value; 0 if there is none. For a key that was
 * removed: the record that says so is found by halving the log, since only values are listed by key.
 */
export async function newestVersion(reads: StoreReads, log: string, key: string): Promise<number> {
  const hasAfter = async (after: number): Promise<number | undefined> => {
    const page = await reads.records({ log, key, after, limit: 1 });
    return page.records[0]?.version;
  };
  let newest = await hasAfter(0);
  if (newest === undefined) return 0;
  let end = await logVersion(reads, log);
  // A record of the key stands at `newest`, none behind `end`.
  while (newest < end) {
    const middle: number = newest + Math.floor((end - newest) / 2);
    const behind: number | undefined = await hasAfter(middle);
    if (behind === undefined) end = middle;
    else newest = behind;
  }
  return newest;
}

/** The key of the record that a trim leaves: what the log was before that record is not complete any more. */
export const TRIMMED_KEY = "~trimmed";

/** The key of the record that says what a board is a fork of. */
export const ORIGIN_KEY = "~origin";

/** True for keys of the board's own records. */
export function isOwnKey(key: string | null): boolean {
  return key === null || key.startsWith("~");
}

/**
 * Checks that what was read of a log as of version `at` is all there was; to be called after the reading.
 * @throws RuntimeError `NOT_FOUND` if that version is not kept any more.
 */
export async function checkKept(
  reads: StoreReads,
  log: string,
  title: string,
  at: number,
): Promise<void> {
  const { record } = await newestRecord(reads, log, TRIMMED_KEY);
  // A trim keeps the newest record of each key: all there was from its own commit on.
  const oldest = record?.version ?? 0;
  if (at >= oldest) return;
  throw runtimeError(
    "NOT_FOUND",
    `version ${at} of ${title} is not kept any more (oldest version kept: ${oldest})`,
  );
}
