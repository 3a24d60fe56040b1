import type { ErrorData } from "../core/errors.ts";
import type { HostId } from "../core/ids.ts";
import type { PlanTask } from "../orchestration/plan.ts";
import type { Store, TaskRow } from "../ports/store.ts";
import type { RunProgress, TaskProgress } from "./run-progress.ts";
import type { RunRecord } from "./run-record.ts";
import { livingHosts, processIds } from "./worker-seat.ts";

/** How far one task is; part of what `waggle show --json` prints. */
export interface TaskDetail {
  /** Id in the plan; what was asked, below whom, for a task that is not in the plan. */
  readonly name: string;
  /** Null for what is not in the plan. */
  readonly description: string | null;
  /** `agent.operation` */
  readonly asked: string;
  readonly needs: readonly string[];
  readonly state: "done" | "failed" | "skipped" | "open" | "stuck" | "not-asked";
  /** Why it failed, was skipped or is not over; null when it is done. */
  readonly why: string | null;
  readonly error: ErrorData | null;
  readonly seconds: number | null;
}

/** Tells each task of a run: those of the plan in its order, then all others in the order of asking. */
export async function detailsOf(store: Store, record: RunRecord): Promise<readonly TaskDetail[]> {
  const { progress } = record;
  const pids = processIds(await livingHosts(store));
  const rows = new Map(record.tasks.map((row) => [row.id, row]));
  const plan = progress.plan?.tasks ?? [];
  const shown = new Set<TaskProgress>();
  const planned = plan.map((task) => {
    const seen = progress.planned(task);
    if (seen === undefined) return unasked(task, progress);
    shown.add(seen);
    return detail(seen, task, rows.get(seen.id), pids);
  });
  const others = progress.tasks.filter((task) => !shown.has(task));
  return [...others.map((task) => detail(task, undefined, rows.get(task.id), pids)), ...planned];
}

function detail(
  seen: TaskProgress,
  task: PlanTask | undefined,
  row: TaskRow | undefined,
  pids: ReadonlyMap<HostId, number>,
): TaskDetail {
  const { name, asked, state, error, startedAt, endedAt } = seen;
  return {
    name,
    description: task?.description ?? null,
    asked,
    needs: task?.needs ?? [],
    state,
    why: state === "done" ? null : (error?.message ?? openReason(row, pids)),
    error,
    seconds: endedAt === null ? null : (endedAt - startedAt) / 1_000,
  };
}

/** What an open task waits for, as far as the ledger tells. */
function openReason(row: TaskRow | undefined, pids: ReadonlyMap<HostId, number>): string {
  if (row === undefined) return "it was asked for a moment ago";
  if (row.state === "stuck") return "its record does not fit the code that tried to go on";
  if (row.owner !== null) {
    const pid = pids.get(row.owner);
    if (pid !== undefined) return `process ${pid} works on it`;
    return "its process has ended; it goes on when the run is started again";
  }
  if (row.due === null) return "it waits for answers";
  return row.due <= Date.now()
    ? "nobody has taken it; it goes on when the run is started again"
    : `it waits until ${new Date(row.due).toISOString()}`;
}

function unasked(task: PlanTask, progress: RunProgress): TaskDetail {
  const { id, description, agent, operation, needs } = task;
  const open = needs.filter((need) => {
    const other = progress.plan?.tasks.find((one) => one.id === need);
    return other === undefined || progress.planned(other)?.state !== "done";
  });
  const hasEnded = progress.outcome !== undefined;
  const verb = hasEnded ? "because of" : "it waits for";
  return {
    name: id,
    description,
    asked: `${agent}.${operation}`,
    needs,
    state: hasEnded ? "skipped" : "not-asked",
    why: open.length === 0 ? "it has not been asked for yet" : `${verb} ${open.join(", ")}`,
    error: null,
    seconds: null,
  };
}
