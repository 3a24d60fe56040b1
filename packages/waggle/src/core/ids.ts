import { digest128, digest256 } from "./digest.ts";
import { runtimeError } from "./errors.ts";

declare const runId: unique symbol;
declare const taskId: unique symbol;
declare const hostId: unique symbol;
declare const path: unique symbol;
declare const blobId: unique symbol;

/** Names one run: `^[a-z0-9][a-z0-9._-]{0,127}$`, unique in its store. The caller's dedupe id, or random. */
export type RunId = string & { readonly [runId]: true };

/** Names one task: 32 hex digits, derived from its parent and its place there, never random (K11). */
export type TaskId = string & { readonly [taskId]: true };

/** Names one incarnation of a process: `^host-[a-z0-9]{1,64}$`. A restarted process is another host. */
export type HostId = string & { readonly [hostId]: true };

/**
 * The place of an operation in the call tree of a handler: `scope/kind:name[key]#n`. `n` counts sequential
 * repetitions of the same kind, name and key in its scope, from 0, and is left out for 0. A scope is the path of
 * an `all`, `race` or `branch`, with the key of the branch: `all:pages[3]/step:fetch`.
 */
export type Path = string & { readonly [path]: true };

/** Names bytes by what they are: their SHA-256 in hex, 64 digits. */
export type BlobId = string & { readonly [blobId]: true };

const RUN_ID = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const TASK_ID = /^[0-9a-f]{32}$/;
const AGENT_NAME = /^[a-z][a-z0-9-]{0,63}$/;
const OPERATION_NAME = /^[a-zA-Z][a-zA-Z0-9]{0,63}$/;

/** @throws RuntimeError `USAGE` if `text` is no run id; nothing happened. */
export function parseRunId(text: string): RunId {
  if (!RUN_ID.test(text)) {
    throw runtimeError("USAGE", `run id ${JSON.stringify(text)} does not match ${RUN_ID.source}`);
  }
  return text as RunId;
}

/** @throws RuntimeError `USAGE` if `text` is no task id; nothing happened. */
export function parseTaskId(text: string): TaskId {
  if (!TASK_ID.test(text)) {
    throw runtimeError("USAGE", `task id ${JSON.stringify(text)} does not match ${TASK_ID.source}`);
  }
  return text as TaskId;
}

/** @throws RuntimeError `USAGE` if `text` is no agent name; nothing happened. */
export function parseAgentName(text: string): string {
  if (!AGENT_NAME.test(text)) {
    throw runtimeError(
      "USAGE",
      `agent name ${JSON.stringify(text)} does not match ${AGENT_NAME.source}`,
    );
  }
  return text;
}

/** @throws RuntimeError `USAGE` if `text` is no operation name; nothing happened. */
export function parseOperationName(text: string): string {
  if (!OPERATION_NAME.test(text)) {
    throw runtimeError(
      "USAGE",
      `operation name ${JSON.stringify(text)} does not match ${OPERATION_NAME.source}`,
    );
  }
  return text;
}

/** Makes the id of a host from 128 random bits in hex. */
export function hostIdFrom(randomHex: string): HostId {
  return `host-${randomHex}` as HostId;
}

/** The name of `bytes`. */
export function blobIdOf(bytes: Uint8Array): BlobId {
  return digest256(bytes) as BlobId;
}

/** The root task of a run. */
export function rootTaskId(run: RunId): TaskId {
  return digest128("root", run) as TaskId;
}

/** The task created by the operation at `at` in the handler of `parent`: asking again is the same question. */
export function childTaskId(parent: TaskId, at: Path): TaskId {
  return digest128("child", parent, at) as TaskId;
}

/**
 * In front of the paths of the `generation`-th life of a handler that began anew: its operations are others than
 * those before, so their children and effect keys differ too. Empty for 0.
 */
export function generationPrefix(generation: number): string {
  return generation === 0 ? "" : `~${generation}/`;
}

/** The `repetition`-th use of the place `base`, which is `kind:name` or `kind:name[key]`. */
export function operationPath(base: string, repetition: number): Path {
  return (repetition === 0 ? base : `${base}#${repetition}`) as Path;
}
