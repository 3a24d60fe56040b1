import { digest128 } from "../core/digest.ts";
import { type ErrorData, RuntimeError, runtimeError } from "../core/errors.ts";
import type { EffectClass } from "../core/event.ts";
import { seededRandom } from "../core/seeded-random.ts";
import type { RetryOptions, StepOptions } from "./context.ts";
import type { Operation, OperationOwner } from "./operation.ts";

// Whether a step is tried again, and when. Owns: nothing; what was tried and waited for is in `step-attempts.ts`.

/** Back-offs from here on are recorded: their tasks may leave memory, and a crash does not make them begin anew. */
export const RECORDED_FROM_MS: number = 10_000;

/** A passing fault of a service nearby is over by then, and a person does not notice. */
const DEFAULT_BACKOFF_MS = 200;

/** Whoever waits for a service that is down sees within a minute that it is back. */
const DEFAULT_MAX_BACKOFF_MS = 60_000;

/** More is a loop that nobody watches. */
const MAX_ATTEMPTS = 1_000;

/** @returns what is wrong with `options`; undefined: nothing. */
export function stepMistake(name: string, options: StepOptions<unknown>): RuntimeError | undefined {
  const { class: effect = "repeatable", retry, reconcile, timeoutMs } = options;
  if (reconcile !== undefined && effect === "repeatable") {
    return mistake(name, "has 'reconcile' and may run any number of times: give it a class");
  }
  if (reconcile !== undefined && effect === "once" && timeoutMs === undefined) {
    // Without it nobody could say from when on a process that stands still does not do it after all.
    return mistake(name, "of class 'once' has 'reconcile': it needs 'timeoutMs'");
  }
  if (retry === undefined) return undefined;
  const { attempts, backoffMs = 0, maxBackoffMs = 0 } = retry;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > MAX_ATTEMPTS) {
    return mistake(
      name,
      `has ${attempts} attempts: it must be a whole number from 1 to ${MAX_ATTEMPTS}`,
    );
  }
  const isTime = (ms: number): boolean => Number.isFinite(ms) && ms >= 0;
  if (isTime(backoffMs) && isTime(maxBackoffMs)) return undefined;
  return mistake(name, `backs off for ${backoffMs} to ${maxBackoffMs} ms: both must be at least 0`);
}

function mistake(name: string, problem: string): RuntimeError {
  return runtimeError("USAGE", `step '${name}' ${problem}`);
}

/** How an attempt failed. */
export interface Failure {
  /** What the handler would read. `outcome`: of all attempts so far. */
  readonly error: ErrorData;
  /** What was thrown. */
  readonly thrown: unknown;
  readonly attempt: number;
}

/**
 * True if another attempt follows `failure`.
 * @throws what `retryIf` throws.
 */
export function isRetried(
  effect: EffectClass,
  retry: RetryOptions,
  { error, thrown, attempt }: Failure,
): boolean {
  if (attempt >= retry.attempts) return false;
  if (!mayRepeat(effect, error)) return false;
  if (retry.retryIf !== undefined) return retry.retryIf(new RuntimeError(error, thrown));
  return error.retryable || error.code === "STEP_TIMEOUT" || !RuntimeError.is(thrown);
}

/** What happened must not happen again, whatever the caller wants (K5). */
function mayRepeat(effect: EffectClass, { outcome }: ErrorData): boolean {
  if (effect === "repeatable") return true;
  if (effect === "keyed") return outcome !== "applied";
  return outcome === "not-applied";
}

/**
 * Ms before the attempt after `failure`: doubles with each attempt up to the longest back-off, and lies between half
 * of that and all of it. It comes on top of what the error asks for.
 *
 * Drawn from the task, the step and the attempt, and from neither `ctx.random` nor the host: a failed attempt is
 * nothing the handler hears of, so it must not shift what the handler draws (K4); and tasks that failed together
 * still come back one by one.
 */
export function backoffAfter(
  { task }: Pick<OperationOwner, "task">,
  { path }: Pick<Operation, "path">,
  { backoffMs = DEFAULT_BACKOFF_MS, maxBackoffMs = DEFAULT_MAX_BACKOFF_MS }: RetryOptions,
  { error, attempt }: Failure,
): number {
  const longest = Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1));
  const seed = digest128("backoff", task.id, path, String(attempt));
  const drawn = seededRandom(Number.parseInt(seed.slice(0, 8), 16))();
  const asked = error.retryAfterMs ?? 0;
  return Math.ceil(Math.max(0, asked) + longest * (0.5 + drawn / 2));
}
