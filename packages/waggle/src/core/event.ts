import type { ErrorData } from "./errors.ts";
import type { HostId, Path, TaskId } from "./ids.ts";

/** Effect class of a step; decides what happens when a crash falls between the effect and its record. */
export type EffectClass =
  /** Safe to run any number of times: run again. */
  | "repeatable"
  /** The outside honours an idempotency key: run again with the same key. */
  | "keyed"
  /** Must not run twice: fail with `EFFECT_UNKNOWN`. */
  | "once";

/** A value or an error, as recorded. */
export type Outcome =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "error"; readonly error: ErrorData };

/**
 * What can stand in a task's stream. Order in the stream is the order in which things reached the handler
 * (K4). `started`: the root's input. `resumed`: first append after a claim. `asked`: a child was created.
 * `intent`: an effect is about to start. `done`: a step's outcome. `received`: a child's answer was handed
 * over. `dropped`: an operation nobody waits for any more. `unknown`: a crash cut an effect. `stuck`: replay
 * left the recorded path. `closed`: the task's outcome.
 */
export type TaskEvent =
  | { readonly type: "started"; readonly input: unknown }
  | { readonly type: "resumed"; readonly host: HostId; readonly claims: number }
  | {
      readonly type: "asked";
      readonly path: Path;
      readonly child: TaskId;
      readonly target: string;
      readonly awaited: boolean;
      readonly input: unknown;
    }
  | {
      readonly type: "intent";
      readonly path: Path;
      readonly class: EffectClass;
      readonly key: string;
      readonly attempt: number;
    }
  | { readonly type: "done"; readonly path: Path; readonly outcome: Outcome }
  | {
      readonly type: "received";
      readonly path: Path;
      readonly child: TaskId;
      readonly outcome: Outcome;
    }
  | { readonly type: "dropped"; readonly path: Path; readonly why: "timeout" | "returned" }
  | {
      readonly type: "unknown";
      readonly path: Path;
      readonly attempt: number;
      readonly policy: EffectClass;
    }
  | {
      readonly type: "stuck";
      readonly expected: string;
      readonly actual: string;
      readonly hint: string;
    }
  | { readonly type: "closed"; readonly outcome: Outcome };

export type TaskEventType = TaskEvent["type"];

/** All event types; the index is the stored number. Only ever append (format version 1). */
export const TASK_EVENT_TYPES: readonly TaskEventType[] = [
  "started",
  "resumed",
  "asked",
  "intent",
  "done",
  "received",
  "dropped",
  "unknown",
  "stuck",
  "closed",
];
