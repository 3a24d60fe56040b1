import { encodeData, MAX_VALUE_LENGTH } from "./data.ts";
import { type ErrorData, RuntimeError, runtimeError } from "./errors.ts";

// What was thrown, as data that can be stored. Owns: what is left out of an error that cannot be stored as it is.
// Invariant: nothing here throws, whatever it is given: it is called where nobody is left to catch.

/** Characters that are kept of the message of an error that cannot be stored as it is. */
export const KEPT_MESSAGE: number = 10_000;

/**
 * Any thrown value as data that can be stored: a RuntimeError keeps its facts, everything else becomes
 * `HANDLER_FAILED`.
 */
export function toErrorData(thrown: unknown): ErrorData {
  try {
    return storableError(RuntimeError.is(thrown) ? thrown.toData() : foreign(thrown));
  } catch {
    // It throws when it is looked at.
    return unreadable();
  }
}

function foreign(thrown: unknown): ErrorData {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return runtimeError("HANDLER_FAILED", message, { details: { name } }).toData();
}

function unreadable(): ErrorData {
  return runtimeError("HANDLER_FAILED", "what was thrown cannot be read").toData();
}

/**
 * `error` itself where it can be stored. Otherwise without what keeps it from that: a note stands for its details, and
 * its message is cut to {@link KEPT_MESSAGE}, with a note. Code, kind, outcome and `retryable` stay.
 * @param limit - Characters that it may have as JSON text. Default: what one event takes.
 */
export function storableError(error: ErrorData, limit: number = MAX_VALUE_LENGTH): ErrorData {
  if (problemOf(error, limit) === undefined) return error;
  const { code, kind, outcome, retryable, message, details, retryAfterMs } = error;
  const problem = details === undefined ? undefined : problemOf(details, limit - MAX_CUT);
  const kept = problem === undefined ? details : { note: `the details were left out: ${problem}` };
  const less: ErrorData = {
    ...{ code, kind, outcome, retryable, message: cut(String(message)) },
    ...(kept === undefined ? {} : { details: kept }),
    ...(Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
  };
  // Whoever is not checked by the compiler may have put anything in the other fields.
  return problemOf(less, MAX_VALUE_LENGTH) === undefined ? less : unreadable();
}

/** Characters that a message which was cut, and all else but the details, have at most as JSON text. */
const MAX_CUT = 8 * KEPT_MESSAGE;

/** Why `data` cannot be stored; undefined: it can. */
function problemOf(data: unknown, limit: number): string | undefined {
  try {
    const { length } = encodeData(data, "it");
    return length > limit ? `it has ${length} characters encoded` : undefined;
  } catch (refused) {
    return RuntimeError.is(refused) ? cut(refused.message) : "it cannot be read";
  }
}

function cut(message: string): string {
  if (message.length <= KEPT_MESSAGE) return message;
  return `${message.slice(0, KEPT_MESSAGE)} ... (${message.length} characters)`;
}
