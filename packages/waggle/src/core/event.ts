import type { ErrorData } from "./errors.ts";
import type { BlobId, HostId, Path, TaskId } from "./ids.ts";

/** Effect class of a step; decides what happens when a crash falls between the effect and its record. */
export type EffectClass =
  /** Safe to run any number of times: run again. */
  | "repeatable"
  /** The outside honours an idempotency key: run again with the same key. */
  | "keyed"
  /** Must not run twice: fail with `EFFECT_UNKNOWN`. */
  | "once";

/** A value or an error, as handlers and readers see it. */
export type Outcome =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "error"; readonly error: ErrorData };

/** Where the outcome of a task goes that came of a request on a topic: as a signal, to whoever asked. */
export interface ResponseAddress {
  readonly task: TaskId;
  /** Name of the signals that carry the responses to this request. */
  readonly signal: string;
}

/** Stands in the place of a large value that is stored once, by content. */
export interface BlobReference {
  readonly type: "blob";
  readonly blob: BlobId;
  /** Characters of its JSON text. */
  readonly length: number;
}

/**
 * What can stand in a task's stream. Order in the stream is the order in which things reached the handler
 * (K4). `started`: the root's input, and who gets its outcome. `resumed`: first append after a claim. `asked`: a child was created.
 * `intent`: an effect is about to start. `done`: a step's outcome. `received`: a child's answer was handed
 * over. `dropped`: an operation nobody waits for any more. `unknown`: nobody knows whether an attempt had its effect.
 * `stuck`: replay left the recorded path. `closed`: the task's outcome. `armed`: a timer or a wait for a signal
 * began. `fired`: its time has come. `marked`: the code has changed here. `restarted`: the handler begins anew, as
 * generation n.
 * `retrying`: an attempt of a step failed and another one follows; nothing of that reaches the handler.
 * `until` is in run time: wall-clock ms less the time for which the run was paused.
 */
export type TaskEvent =
  | { readonly type: "started"; readonly input: unknown; readonly respondTo?: ResponseAddress }
  | { readonly type: "resumed"; readonly host: HostId; readonly claims: number }
  | {
      readonly type: "asked";
      readonly path: Path;
      readonly child: TaskId;
      readonly target: string;
      readonly awaited: boolean;
      /** When the asker stops waiting; null: never. */
      readonly until: number | null;
      readonly input: unknown;
    }
  | {
      readonly type: "intent";
      readonly path: Path;
      readonly class: EffectClass;
      readonly key: string;
      readonly attempt: number;
      /** How often the step was deliberately repeated under a new key. Absent: 0. */
      readonly round?: number;
      /** Longest time of the attempt, from this record on. Absent: no limit. */
      readonly timeoutMs?: number;
    }
  | { readonly type: "done"; readonly path: Path; readonly outcome: Outcome }
  | {
      readonly type: "received";
      readonly path: Path;
      /** Who answered; null: it was a signal. */
      readonly child: TaskId | null;
      /** The signal's number in the inbox. */
      readonly seq?: number;
      readonly outcome: Outcome;
    }
  | { readonly type: "dropped"; readonly path: Path; readonly why: DropReason }
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
  | { readonly type: "closed"; readonly outcome: Outcome }
  | {
      readonly type: "armed";
      readonly path: Path;
      readonly until: number | null;
      /** Name of the signal that is waited for; null: a timer only. */
      readonly signal: string | null;
    }
  | { readonly type: "fired"; readonly path: Path }
  | { readonly type: "marked"; readonly id: string }
  | {
      readonly type: "restarted";
      readonly generation: number;
      /** Numbers of the signals in the inbox that earlier generations took. */
      readonly taken: readonly number[];
      readonly input: unknown;
    }
  | {
      readonly type: "retrying";
      readonly path: Path;
      /** The one that failed. */
      readonly attempt: number;
      /** Of the next attempt. Absent: 0. */
      readonly round?: number;
      /** When the next attempt may begin, in run time. */
      readonly until: number;
      readonly error: ErrorData;
    };

/**
 * Why nobody waits for an operation any more. `timeout`: it took too long. `returned`: its handler has returned.
 * `lost`: its branch was given up. `cancelled`: its task was.
 */
export type DropReason = "timeout" | "returned" | "lost" | "cancelled";

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
  "armed",
  "fired",
  "marked",
  "restarted",
  "retrying",
];
