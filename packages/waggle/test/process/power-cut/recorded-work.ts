import { parseRunId, type RunId, rootTaskId, type TaskId } from "../../../src/core/ids.ts";

/** Counts every append of every stream, in the same batches. */
export const SUM_CELL = "sum";

/** The run that stream number `stream` is the root of. */
export function recordedRun(stream: number): RunId {
  return parseRunId(`stream-${stream}`);
}

/** The task whose stream it is. */
export function recordedRoot(stream: number): TaskId {
  return rootTaskId(recordedRun(stream));
}

/** What stands at place `version` (1, 2, ...) of a stream: from a few bytes to several pages, never the same twice. */
export function recordedText(stream: number, version: number): string {
  const words = 1 + ((stream * 7_919 + version * 104_729) % 17) ** 2;
  return `${stream} ${version} `.repeat(words);
}
