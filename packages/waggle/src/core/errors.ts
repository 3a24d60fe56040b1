/** Who must act: the caller (usage, state, capacity), an operator (unavailable), nobody (cancelled), us (invariant). */
export type ErrorKind =
  | "usage"
  | "state"
  | "capacity"
  | "unavailable"
  | "timeout"
  | "cancelled"
  | "fenced"
  | "model"
  | "invariant";

/** What is known about the effect of the operation that failed. */
export type ErrorOutcome = "not-applied" | "applied" | "unknown";

/** What holds for every error of a code. */
export interface CodeFacts {
  readonly kind: ErrorKind;
  readonly outcome: ErrorOutcome;
  readonly retryable: boolean;
  readonly meaning: string;
}

/** The codes Waggle itself raises. */
export type ErrorCode =
  | "USAGE"
  | "SCHEMA"
  | "NOT_DATA"
  | "CONCURRENT_SCOPE"
  | "SCOPE_CLOSED"
  | "INVALID_PLAN"
  | "UNKNOWN_AGENT"
  | "NOT_FOUND"
  | "CLOSED"
  | "CONFLICT"
  | "VALUE_TOO_LARGE"
  | "LIMIT_REACHED"
  | "MAILBOX_FULL"
  | "UNHANDLED"
  | "EXPIRED"
  | "STEP_TIMEOUT"
  | "ASK_TIMEOUT"
  | "WAIT_TIMEOUT"
  | "DEADLOCK"
  | "TOO_LATE"
  | "ALREADY_ANSWERED"
  | "QUESTION_EXPIRED"
  | "WRONG_DIGEST"
  | "NOT_PERMITTED"
  | "CANCELLED"
  | "EFFECT_UNKNOWN"
  | "HANDLER_FAILED"
  | "STORE_UNAVAILABLE"
  | "STORE_FORMAT"
  | "SANDBOX_UNAVAILABLE"
  | "FENCED"
  | "POISON"
  | "STUCK"
  | "REPLAY_DIVERGED"
  | "INVARIANT";

/** Every code Waggle itself raises, with its facts; `docs/errors.md` is checked against this table. */
export const ERROR_CODES: Readonly<Record<ErrorCode, CodeFacts>> = {
  USAGE: fact("usage", "not-applied", false, "a call was made with arguments it cannot take"),
  SCHEMA: fact("usage", "not-applied", false, "a value does not match its schema"),
  NOT_DATA: fact("usage", "not-applied", false, "a value cannot be stored: it is not plain data"),
  CONCURRENT_SCOPE: fact(
    "usage",
    "not-applied",
    false,
    "two operations of the same kind and name overlap in one handler without a key",
  ),
  SCOPE_CLOSED: fact("usage", "not-applied", false, "ctx was used after its handler returned"),
  INVALID_PLAN: fact("usage", "not-applied", false, "a plan has problems; all are listed"),
  UNKNOWN_AGENT: fact("usage", "not-applied", false, "no agent of this system has that name"),
  NOT_FOUND: fact("state", "not-applied", false, "no such run, task, store, file or folder"),
  CLOSED: fact("state", "not-applied", false, "the system or store was closed"),
  CONFLICT: fact("state", "not-applied", true, "somebody else changed the value first"),
  VALUE_TOO_LARGE: fact("capacity", "not-applied", false, "a value is over the size limit"),
  LIMIT_REACHED: fact(
    "capacity",
    "not-applied",
    false,
    "hops, messages of a run or operations of a task reached their limit",
  ),
  MAILBOX_FULL: fact(
    "capacity",
    "not-applied",
    true,
    "as many messages wait for an agent as its contract allows",
  ),
  UNHANDLED: fact("usage", "not-applied", false, "the agent has no handler for the message"),
  EXPIRED: fact("timeout", "not-applied", false, "nobody began the message before its deadline"),
  STEP_TIMEOUT: fact("timeout", "unknown", false, "a step's body took longer than its timeoutMs"),
  ASK_TIMEOUT: fact("timeout", "unknown", false, "no answer came within the ask's timeoutMs"),
  WAIT_TIMEOUT: fact("timeout", "not-applied", false, "no signal came within the wait's timeoutMs"),
  DEADLOCK: fact(
    "state",
    "not-applied",
    false,
    "agents wait for each other in a cycle; this ask was chosen to fail",
  ),
  TOO_LATE: fact("state", "not-applied", false, "nobody waits for this answer any more"),
  ALREADY_ANSWERED: fact("state", "not-applied", false, "another answer came first; it counts"),
  QUESTION_EXPIRED: fact("timeout", "not-applied", false, "a person did not answer in time"),
  WRONG_DIGEST: fact(
    "state",
    "not-applied",
    false,
    "an answer to something else than what is asked",
  ),
  NOT_PERMITTED: fact("state", "not-applied", false, "somebody may not do what was asked for"),
  CANCELLED: fact("cancelled", "unknown", false, "the operation was cancelled"),
  EFFECT_UNKNOWN: fact(
    "unavailable",
    "unknown",
    false,
    "nobody knows whether an effect happened: its class forbids a second run, or it could not be looked for",
  ),
  HANDLER_FAILED: fact("state", "unknown", false, "a handler or step threw a foreign error"),
  STORE_UNAVAILABLE: fact("unavailable", "unknown", true, "the store failed"),
  STORE_FORMAT: fact(
    "unavailable",
    "not-applied",
    false,
    "the store has a format this version cannot read",
  ),
  SANDBOX_UNAVAILABLE: fact("unavailable", "not-applied", false, "no sandbox is available here"),
  FENCED: fact(
    "fenced",
    "unknown",
    false,
    "this host lost its tasks to another one; it goes on as a new host",
  ),
  POISON: fact(
    "invariant",
    "unknown",
    false,
    "six claims of a task in a row ended without a new event",
  ),
  REPLAY_DIVERGED: fact(
    "usage",
    "unknown",
    false,
    "a handler did something else when it was replayed, with the same code",
  ),
  STUCK: fact("invariant", "not-applied", false, "replay left the recorded path: the code changed"),
  INVARIANT: fact("invariant", "unknown", false, "a bug in Waggle"),
};

function fact(
  kind: ErrorKind,
  outcome: ErrorOutcome,
  retryable: boolean,
  meaning: string,
): CodeFacts {
  return { kind, outcome, retryable, meaning };
}

/** An error as data: what crosses the ledger, and what a {@link RuntimeError} is revived from. */
export interface ErrorData {
  /** One of {@link ERROR_CODES}, or a code that a contract of the user declares. */
  readonly code: string;
  readonly kind: ErrorKind;
  readonly outcome: ErrorOutcome;
  readonly retryable: boolean;
  readonly message: string;
  /** Small plain data; never a run, agent or client. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterMs?: number;
}

const brand: symbol = Symbol.for("waggledance.RuntimeError");

/** The one error class that crosses layer borders. Test with {@link RuntimeError.is}, decide by `code`. */
export class RuntimeError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly outcome: ErrorOutcome;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(data: ErrorData, cause?: unknown) {
    super(data.message, cause === undefined ? undefined : { cause });
    this.name = "RuntimeError";
    this.code = data.code;
    this.kind = data.kind;
    this.outcome = data.outcome;
    this.retryable = data.retryable;
    this.details = data.details;
    this.retryAfterMs = data.retryAfterMs;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for a RuntimeError of any copy of this package; narrows by `code` when given. */
  static is(value: unknown, code?: ErrorCode): value is RuntimeError {
    return (
      typeof value === "object" &&
      value !== null &&
      brand in value &&
      (code === undefined || (value as RuntimeError).code === code)
    );
  }

  /** This error as plain data, without stack and cause. */
  toData(): ErrorData {
    return {
      code: this.code,
      kind: this.kind,
      outcome: this.outcome,
      retryable: this.retryable,
      message: this.message,
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** Makes a {@link RuntimeError} with the facts that {@link ERROR_CODES} gives for `code`. */
export function runtimeError(
  code: ErrorCode,
  message: string,
  extra: {
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly outcome?: ErrorOutcome;
    readonly retryAfterMs?: number;
  } = {},
): RuntimeError {
  const { kind, outcome, retryable } = ERROR_CODES[code];
  return new RuntimeError(
    {
      code,
      kind,
      outcome: extra.outcome ?? outcome,
      retryable,
      message,
      ...(extra.details === undefined ? {} : { details: extra.details }),
      ...(extra.retryAfterMs === undefined ? {} : { retryAfterMs: extra.retryAfterMs }),
    },
    extra.cause,
  );
}

/** Ends a `switch` over a union; a case that was forgotten does not compile. */
export function assertNever(value: never): never {
  throw runtimeError("INVARIANT", `unhandled case: ${JSON.stringify(value)}`);
}
