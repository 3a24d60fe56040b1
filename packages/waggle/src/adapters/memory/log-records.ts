import type {
  LogPage,
  LogRecord,
  NewRecord,
  PublishWrite,
  RecordQuery,
} from "../../ports/store.ts";

/** One log. Its records never change, they are replaced or removed. */
export interface LogRecords {
  /** Of the newest record it ever had. */
  version: number;
  /** Those that are kept, oldest first. */
  records: LogRecord[];
  /** The newest of each key; it is among `records`. */
  newest: Map<string, LogRecord>;
}

/** A log nobody wrote to. */
export function emptyLog(): LogRecords {
  return { version: 0, records: [], newest: new Map() };
}

/** The records that `write` would add to `log` at wall-clock ms `at`; undefined if one of them conflicts. */
export function newRecords(
  log: LogRecords | undefined,
  { records }: PublishWrite,
  at: number,
): readonly LogRecord[] | undefined {
  const added: LogRecord[] = [];
  // Each record is checked against what the records before it in the write leave.
  const newest = new Map<string, LogRecord>();
  let version = log?.version ?? 0;
  for (const record of records) {
    const { key, expect } = record;
    const before = key === null ? undefined : (newest.get(key) ?? log?.newest.get(key));
    if (expect !== undefined && expect !== (before?.version ?? 0)) return undefined;
    const data = dataOf(record, before);
    if (data === undefined) return undefined;
    version += 1;
    const made: LogRecord = { version, at, key, data };
    added.push(made);
    if (key !== null) newest.set(key, made);
  }
  return added;
}

/** What `record` holds; undefined if it adds to what is no number, or leaves the safe integers. */
function dataOf(record: NewRecord, before: LogRecord | undefined): string | null | undefined {
  if (record.add === undefined) return record.data;
  const sum = numberIn(before?.data ?? "0") + record.add;
  return Number.isSafeInteger(sum) ? String(sum) : undefined;
}

const JSON_NUMBER = /^[ \t\r\n]*(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)[ \t\r\n]*$/;

/** The number that the JSON text `data` is; NaN if it is none. Not by JSON.parse: a value can be large. */
function numberIn(data: string): number {
  const text = JSON_NUMBER.exec(data)?.[1];
  return text === undefined ? Number.NaN : Number(text);
}

/** What a query finds in `log`. */
export function selectRecords(log: LogRecords, query: RecordQuery): LogPage {
  const { after = 0, upTo = log.version, limit = 1_000, latest = false } = query;
  const candidates = latest ? latestRecords(log, upTo, query.key) : log.records;
  const records: LogRecord[] = [];
  for (let i = latest ? 0 : firstAfter(log.records, after); i < candidates.length; i++) {
    const record = candidates[i];
    if (record === undefined || records.length >= limit) break;
    const { version } = record;
    if (version > after && version <= upTo && isAbout(record, query)) records.push(record);
  }
  return { version: log.version, records };
}

function isAbout(record: LogRecord, { key, prefix }: RecordQuery): boolean {
  if (key !== undefined && record.key !== key) return false;
  return prefix === undefined || record.key?.startsWith(prefix) === true;
}

/** Of each key, or only of `only`, the newest record up to version `upTo`, as long as it has a value, by key. */
function latestRecords(
  log: LogRecords,
  upTo: number,
  only: string | undefined,
): readonly LogRecord[] {
  const newest = upTo >= log.version ? log.newest : newestUpTo(log.records, upTo);
  const found = only === undefined ? [...newest.values()] : [newest.get(only)];
  return found
    .filter((record) => record !== undefined)
    .filter((record) => record.data !== null)
    .sort((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
}

function newestUpTo(records: readonly LogRecord[], upTo: number): Map<string, LogRecord> {
  const newest = new Map<string, LogRecord>();
  for (const record of records) {
    if (record.version > upTo) break;
    if (record.key !== null) newest.set(record.key, record);
  }
  return newest;
}

/** Index of the first record with a version above `after`. */
function firstAfter(records: readonly LogRecord[], after: number): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.version ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
