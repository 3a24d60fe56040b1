import type { Envelope } from "../core/envelope.ts";
import { type RuntimeError, runtimeError } from "../core/errors.ts";

/** Where a replay left what is recorded. */
export interface Divergence {
  /** What is recorded next: the path of an operation, a message, `the handler returned`, a result. */
  readonly expected: string;
  /** What the handler did in place of it: paths, a message, `nothing`, `the handler returned`, a result. */
  readonly actual: string;
  /** What may have been the cause. */
  readonly hint: string;
}

/** The hint where the code may be another one than that which was recorded. */
export const CHANGED_CODE_HINT: string =
  "the code changed, or the handler awaited something outside ctx";

/** The hint where the code is the same. */
export const SAME_CODE_HINT: string =
  "the handler depends on more than its input and ctx: the time, chance, state outside of it, or something it awaits";

/** The error that tells of a task which is stuck: it goes on when code that fits is there. */
export function stuckError(
  { agent, operation, id, run }: Envelope,
  { expected, actual, hint }: Divergence,
): RuntimeError {
  return runtimeError(
    "STUCK",
    `a task of ${agent}.${operation} in run '${run}' is stuck: expected ${expected}, got ${actual} (${hint})`,
    { details: { task: id, expected, actual, hint } },
  );
}

/** The error of a task whose handler does not do the same again. */
export function divergedError(
  { agent, operation, id }: Envelope,
  { expected, actual, hint }: Divergence,
): RuntimeError {
  return runtimeError(
    "REPLAY_DIVERGED",
    `${agent}.${operation} did something else when it was replayed: expected ${expected}, got ${actual} (${hint})`,
    { details: { task: id, expected, actual, hint } },
  );
}
