import type { BlobWrite, TrimWrite } from "../../ports/store.ts";
import type { Application } from "./application.ts";
import type { RunRecord } from "./ledger-records.ts";

/** Keeps bytes for a run, or for ever. */
export function applyBlob({ state, undo }: Application, write: BlobWrite): void {
  const { id, bytes } = write;
  const keeper = write.run === null ? null : (state.runs.get(write.run) ?? null);
  const there = state.blobs.get(id);
  if (there?.keepers.has(keeper)) return;
  const blob = there ?? { bytes: new Uint8Array(bytes), keepers: new Set<RunRecord | null>() };
  undo?.push(() => {
    blob.keepers.delete(keeper);
    if (blob.keepers.size === 0) state.blobs.delete(id);
    keeper?.blobs?.delete(id);
  });
  state.blobs.set(id, blob);
  blob.keepers.add(keeper);
  if (keeper === null) return;
  keeper.blobs ??= new Set();
  keeper.blobs.add(id);
}

/** Removes everything of a run but its id. */
export function applyTrim({ state, undo }: Application, write: TrimWrite): void {
  const run = state.runs.get(write.run);
  if (run === undefined || run.trimmed) return;
  const { tasks, events, blobs } = run;
  const place = state.runOrder.indexOf(run);
  undo?.push(() => {
    Object.assign(run, { tasks, events, blobs, trimmed: false });
    for (const task of tasks) state.tasks.set(task.envelope.id, task);
    state.runOrder.splice(place, 0, run);
  });
  for (const task of tasks) state.tasks.delete(task.envelope.id);
  for (const id of blobs ?? []) {
    const blob = state.blobs.get(id);
    if (blob === undefined) continue;
    undo?.push(() => {
      state.blobs.set(id, blob);
      blob.keepers.add(run);
    });
    blob.keepers.delete(run);
    if (blob.keepers.size === 0) state.blobs.delete(id);
  }
  state.runOrder.splice(place, 1);
  Object.assign(run, { tasks: [], events: undefined, blobs: undefined, trimmed: true });
}
