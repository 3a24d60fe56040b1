import { type RunId, rootTaskId } from "../core/ids.ts";
import type { LoadedTask, Store, TaskRow } from "../ports/store.ts";
import { type RunEvent, runEvent } from "../runtime/runs.ts";
import { RunProgress } from "./run-progress.ts";

/** Most tasks of one run that are read. */
const MAX_TASKS: number = 5_000;

/** What stands in the ledger about one run, read without changing anything. */
export interface RunRecord {
  readonly run: RunId;
  readonly root: TaskRow;
  /** What the run was started with. */
  readonly input: unknown;
  /** All of its tasks, the root first. */
  readonly tasks: readonly TaskRow[];
  /** In order. */
  readonly events: readonly RunEvent[];
  readonly progress: RunProgress;
}

/** Reads a run; undefined if there is none of that id. Not one snapshot: what happens meanwhile may be in it or not. */
export async function readRun(store: Store, run: RunId): Promise<RunRecord | undefined> {
  const loaded: LoadedTask[] = [];
  for (const { id } of await store.find({ run, limit: MAX_TASKS })) {
    const task = await store.load(id);
    if (task !== undefined) loaded.push(task);
  }
  const root = loaded.find(({ row }) => row.id === rootTaskId(run));
  if (root === undefined) return undefined;
  const stored = loaded.flatMap((task) => task.events).sort((a, b) => a.position - b.position);
  const events: RunEvent[] = [];
  for (const event of stored) events.push(await runEvent(store, event));
  const progress = new RunProgress(run);
  for (const event of events) progress.apply(event);
  const { event: first } = await runEvent(store, root.origin);
  return {
    run,
    root: root.row,
    input: first.type === "started" ? first.input : null,
    tasks: loaded.map(({ row }) => row),
    events,
    progress,
  };
}

/** Goal and folder of a run of this command; null in a run that another program started. */
export function subjectOf(record: RunRecord): {
  readonly goal: string | null;
  readonly folder: string | null;
} {
  const { input } = record;
  const fields = typeof input === "object" && input !== null ? input : {};
  return { goal: textAt(fields, "goal"), folder: textAt(fields, "folder") };
}

function textAt(value: object, name: string): string | null {
  const found = (value as Readonly<Record<string, unknown>>)[name];
  return typeof found === "string" ? found : null;
}
