import type { HostId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import { type RunRecord, subjectOf } from "./run-record.ts";
import { resultOf } from "./run-result.ts";
import { livingHosts, processIds, readSeat } from "./worker-seat.ts";

/** Where a run stands. `unfinished`: nobody works on it. `stuck`: it cannot go on with the code that tried. */
type RunState = "running" | "unfinished" | "stuck" | "done" | "failed";

/** One run in short; what `waggle runs --json` lists. */
export interface RunSummary {
  readonly run: string;
  /** Null, as the folder, in a run that another program started. */
  readonly goal: string | null;
  readonly folder: string | null;
  readonly state: RunState;
  /** Of the process that works on it. */
  readonly process: number | null;
  /** Of the report; null while there is none. */
  readonly verdict: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Tasks of the plan; `total` is 0 while there is no plan. `open` counts those that have not ended yet. */
  readonly tasks: {
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
    readonly open: number;
    readonly total: number;
  };
}

/** Sums up a run. */
export async function summarise(store: Store, record: RunRecord): Promise<RunSummary> {
  const { progress, run } = record;
  const result = progress.outcome === undefined ? undefined : resultOf(progress.outcome);
  const process = result === undefined ? await workingProcess(store, record) : null;
  const error = result?.type === "failed" ? result.error : null;
  return {
    run,
    ...subjectOf(record),
    state: result === undefined ? openState(record, process) : stateOf(result.type),
    process,
    verdict: result?.type === "report" ? result.report.verdict : null,
    error: error === null ? null : { code: error.code, message: error.message },
    startedAt: new Date(record.events[0]?.at ?? 0).toISOString(),
    tasks: countTasks(record),
  };
}

function stateOf(type: "report" | "failed"): RunState {
  return type === "report" ? "done" : "failed";
}

function openState(record: RunRecord, process: number | null): RunState {
  if (process !== null) return "running";
  return record.tasks.some((task) => task.state === "stuck") ? "stuck" : "unfinished";
}

/** The process that sits in the run's seat, or owns one of its tasks. */
async function workingProcess(store: Store, { run, tasks }: RunRecord): Promise<number | null> {
  const { worker } = await readSeat(store, run);
  if (worker !== undefined) return worker.pid;
  const pids = processIds(await livingHosts(store));
  const owners = tasks.flatMap(({ owner }) => owner ?? []);
  return owners.map((owner: HostId) => pids.get(owner)).find((pid) => pid !== undefined) ?? null;
}

function countTasks({ progress }: RunRecord): RunSummary["tasks"] {
  const tasks = progress.plan?.tasks ?? [];
  const states = tasks.map((task) => progress.planned(task)?.state);
  const done = states.filter((state) => state === "done").length;
  const failed = states.filter((state) => state === "failed").length;
  // What was never asked for when the run ended was skipped.
  const unasked = states.filter((state) => state === undefined).length;
  const skipped = progress.outcome === undefined ? 0 : unasked;
  return {
    done,
    failed,
    skipped,
    open: tasks.length - done - failed - skipped,
    total: tasks.length,
  };
}

/** The state in words: `running (process 123)`, `done: failing`. */
export function stateText({ state, process, verdict, error }: RunSummary): string {
  if (state === "running") return `running (process ${process})`;
  if (state === "done") return `done: ${verdict}`;
  if (state === "failed") return `failed: ${error?.code}`;
  return state === "stuck" ? "stuck" : "unfinished, nobody works on it";
}
