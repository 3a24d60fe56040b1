import type { LogRecord, PublishWrite, TrimLogWrite } from "../../ports/store.ts";
import type { Application } from "./application.ts";
import { emptyLog, type LogRecords, newRecords } from "./log-records.ts";

/** Adds records to a log. */
export function applyPublish(batch: Application, write: PublishWrite): void {
  const { state, at, undo } = batch;
  const added = newRecords(state.logs.get(write.log), write, at);
  if (added === undefined || added.length === 0) return;
  state.wakes += 1;
  const log = logNamed(batch, write.log);
  const { version } = log;
  const length = log.records.length;
  undo?.push(() => {
    log.version = version;
    log.records.length = length;
  });
  for (const record of added) {
    const { key } = record;
    log.version = record.version;
    log.records.push(record);
    if (key === null) continue;
    const before = log.newest.get(key);
    undo?.push(() => {
      if (before === undefined) log.newest.delete(key);
      else log.newest.set(key, before);
    });
    log.newest.set(key, record);
  }
}

function logNamed({ state, undo }: Application, name: string): LogRecords {
  const there = state.logs.get(name);
  if (there !== undefined) return there;
  const made = emptyLog();
  undo?.push(() => {
    state.logs.delete(name);
  });
  state.logs.set(name, made);
  return made;
}

/** Removes old records of a log; see {@link TrimLogWrite}. */
export function applyTrimLog({ state, undo }: Application, write: TrimLogWrite): void {
  const log = state.logs.get(write.log);
  if (log === undefined) return;
  const { before, all = false } = write;
  const { records, newest } = log;
  undo?.push(() => {
    log.records = records;
    log.newest = newest;
  });
  const kept = new Map<string, LogRecord>();
  for (const record of records) {
    if (!all && record.key !== null && record.version < before) kept.set(record.key, record);
  }
  const isKept = (record: LogRecord): boolean =>
    record.version >= before || (record.key !== null && kept.get(record.key) === record);
  log.records = records.filter(isKept);
  if (all) log.newest = new Map([...newest].filter(([, record]) => isKept(record)));
}
