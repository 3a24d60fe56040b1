import { messageOf } from "./effect-pool.ts";
import type { PendingEffect } from "./pending-effect.ts";

/** Longest shown result, in characters. */
const MAX_SHOWN = 80;

/** How one choice ended. */
export interface Happened {
  /** Virtual ms since the schedule began. */
  readonly elapsedMs: number;
  readonly effect: PendingEffect;
  /** Label of the alternative that was chosen, or undefined. */
  readonly alternative: string | undefined;
  readonly crashed: boolean;
  readonly threw: boolean;
  /** Result, or what was thrown. */
  readonly result: unknown;
}

/** One line of a trace, such as `120 worker/2: write lease [unknown, applied] = true`. */
export function traceLine(happened: Happened): string {
  const { elapsedMs, effect, alternative, crashed, threw, result } = happened;
  const outcome = alternative === undefined ? "" : ` [${alternative}]`;
  const shown = threw ? ` threw ${messageOf(result)}` : shownValue(result);
  const crash = crashed ? "  *** crash before it saw the result ***" : "";
  return `${elapsedMs} ${effect.process.title()}: ${effect.label}${outcome}${shown}${crash}`;
}

function shownValue(value: unknown): string {
  if (value === undefined) return "";
  let text: string;
  try {
    text = JSON.stringify(value) ?? typeof value;
  } catch {
    // A cycle or a bigint: its type is all that can be shown.
    text = `(${typeof value})`;
  }
  return ` = ${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text}`;
}
