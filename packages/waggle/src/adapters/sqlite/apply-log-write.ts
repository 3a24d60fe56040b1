import type {
  BlobWrite,
  NewRecord,
  PublishWrite,
  RefusalReason,
  TrimLogWrite,
} from "../../ports/store.ts";
import type { LogRecord } from "./cached-records.ts";
import { gateCode } from "./codes.ts";
import { storedBlobId } from "./task-bytes.ts";
import type { Transaction, UnwrittenRecord } from "./transaction.ts";

type Newest = Pick<UnwrittenRecord, "version" | "data">;

/** Adds records to a log. */
export function applyPublish(tx: Transaction, write: PublishWrite): RefusalReason | undefined {
  if (write.records.length === 0) return undefined;
  const log = tx.ledger.log(write.log);
  const added: UnwrittenRecord[] = [];
  for (const record of write.records) {
    const data = dataOf(record, newestOf(tx, log, record.key, added));
    if (data === undefined) return "conflict";
    added.push({ log: log.n, version: log.version + added.length + 1, key: record.key, data });
  }
  tx.changeLog(log);
  tx.published = true;
  log.version += added.length;
  tx.records.push(...added);
  return undefined;
}

/** The newest record of a key, counting those that are about to be added. */
function newestOf(
  { records, statements }: Transaction,
  { n }: LogRecord,
  key: string | null,
  added: readonly UnwrittenRecord[],
): Newest | undefined {
  if (key === null) return undefined;
  const isIt = (record: UnwrittenRecord): boolean => record.log === n && record.key === key;
  const unwritten = added.findLast(isIt) ?? records.findLast(isIt);
  if (unwritten !== undefined) return unwritten;
  const row = statements.newestRecord.get(n, key);
  if (row === undefined) return undefined;
  return { version: Number(row["version"]), data: row["data"] as string | null };
}

/** What `record` holds; undefined if it conflicts with the newest one of its key. */
function dataOf(record: NewRecord, newest: Newest | undefined): string | null | undefined {
  if (record.expect !== undefined && record.expect !== (newest?.version ?? 0)) return undefined;
  if (record.add === undefined) return record.data;
  const sum = numberIn(newest?.data ?? "0") + record.add;
  return Number.isSafeInteger(sum) ? String(sum) : undefined;
}

const JSON_NUMBER = /^[ \t\r\n]*(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)[ \t\r\n]*$/;

/** The number that the JSON text `data` is; NaN if it is none. Not by JSON.parse: a value can be large. */
function numberIn(data: string): number {
  const text = JSON_NUMBER.exec(data)?.[1];
  return text === undefined ? Number.NaN : Number(text);
}

/** Removes old records of a log; see {@link TrimLogWrite}. */
export function applyTrimLog(tx: Transaction, write: TrimLogWrite): RefusalReason | undefined {
  const { n } = tx.ledger.log(write.log);
  tx.flush();
  tx.statements.trimLog.run({ log: n, before: write.before, all: write.all === true ? 1 : 0 });
  return undefined;
}

/** Keeps bytes. */
export function applyBlob(tx: Transaction, write: BlobWrite): RefusalReason | undefined {
  const id = storedBlobId(write.id);
  if (write.run === null) {
    tx.blobs.push({ id, bytes: write.bytes, run: 0 });
    return undefined;
  }
  const run = tx.ledger.run(write.run);
  if (run === undefined) return "absent";
  if (run.gate >= gateCode.numberOf("ended")) return "gate";
  tx.blobs.push({ id, bytes: write.bytes, run: run.n });
  return undefined;
}
