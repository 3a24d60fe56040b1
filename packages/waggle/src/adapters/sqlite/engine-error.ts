import { RuntimeError, runtimeError } from "../../core/errors.ts";

/** What an error of SQLite means for the store. */
export type EngineFault =
  /** Another process holds the lock: try again. */
  | "busy"
  /** The disk or the file cannot be trusted any more: no further use. */
  | "broken"
  /** The disk is full: nothing was applied, later it may work again. */
  | "full"
  /** The file is no database at all. */
  | "foreign"
  /** Everything else: a fault of one statement and its values. */
  | "other";

const FAULTS: ReadonlyMap<number, EngineFault> = new Map([
  [5, "busy"],
  [6, "busy"],
  [8, "broken"],
  [10, "broken"],
  [11, "broken"],
  [13, "full"],
  // The write-ahead log was contended for too long.
  [15, "busy"],
  [26, "foreign"],
]);

/** Sorts what `node:sqlite` threw by its primary result code (https://sqlite.org/rescode.html). */
export function engineFault(thrown: unknown): EngineFault {
  if (!(thrown instanceof Error) || !("errcode" in thrown)) return "other";
  return FAULTS.get(Number(thrown.errcode) & 0xff) ?? "other";
}

/** `thrown` as what a caller of the store sees: a RuntimeError stays, all else becomes `STORE_UNAVAILABLE`. */
export function storeError(thrown: unknown, path: string): RuntimeError {
  if (RuntimeError.is(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return runtimeError("STORE_UNAVAILABLE", `store ${path} failed: ${message}`, { cause: thrown });
}
