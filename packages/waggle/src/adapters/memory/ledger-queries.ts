import { type RunId, rootTaskId } from "../../core/ids.ts";
import type { RunQuery, RunRow, StoredEvent, TaskQuery, TaskRow } from "../../ports/store.ts";
import {
  isUnfinished,
  type LedgerState,
  type RunRecord,
  type TaskRecord,
} from "./ledger-records.ts";

/** Runs, newest first. */
export function findRuns(state: LedgerState, query: RunQuery): readonly RunRow[] {
  const { run, gate, over = false, limit = 100 } = query;
  const rows: RunRow[] = [];
  for (const record of runCandidates(state, query)) {
    if (rows.length >= limit) break;
    if (record.trimmed || (gate !== undefined && record.gate !== gate)) continue;
    if (over && (record.gate === "ended" || record.unfinished > 0)) continue;
    if (run === undefined || record.id === run) rows.push(runRow(record));
  }
  return rows;
}

/** Runs among which all that match `query` are, newest first. */
function runCandidates(state: LedgerState, query: RunQuery): Iterable<RunRecord> {
  if (query.run !== undefined) {
    const only = state.runs.get(query.run);
    return only === undefined ? [] : [only];
  }
  const hasEnded = query.gate === "ended";
  if (query.over === true || (query.gate !== undefined && !hasEnded)) {
    return [...state.unended].sort((a, b) => b.n - a.n);
  }
  return newestFirst(state.runOrder);
}

function* newestFirst(runs: readonly RunRecord[]): Generator<RunRecord> {
  for (let i = runs.length - 1; i >= 0; i--) {
    const run = runs[i];
    if (run !== undefined) yield run;
  }
}

/** Tasks in order of creation. */
export function findTasks(state: LedgerState, query: TaskQuery): readonly TaskRow[] {
  const { limit = 1_000 } = query;
  const found: TaskRecord[] = [];
  for (const tasks of taskCandidates(state, query)) {
    for (const task of tasks) if (matches(task, query)) found.push(task);
  }
  found.sort((a, b) => a.n - b.n);
  return found.slice(0, Math.max(0, limit)).map(taskRow);
}

/** Lists of tasks; all that match `query` are in them. */
function* taskCandidates(
  { hosts, runs, agents }: LedgerState,
  { owner, run, agent, key, state }: TaskQuery,
): Generator<Iterable<TaskRecord>> {
  const isGoingOn = state !== undefined && isUnfinished(state);
  if (owner !== undefined) {
    yield hosts.get(owner)?.owned ?? [];
  } else if (run !== undefined) {
    yield runs.get(run)?.tasks ?? [];
  } else if (isGoingOn && agent !== undefined && key !== undefined) {
    yield agents.get(agent)?.lines.get(key)?.tasks ?? [];
  } else {
    for (const { tasks, unfinished } of runs.values())
      if (!isGoingOn || unfinished > 0) yield tasks;
  }
}

function matches(task: TaskRecord, query: TaskQuery): boolean {
  const { envelope, state, owner } = task;
  if (query.run !== undefined && envelope.run !== query.run) return false;
  if (query.owner !== undefined && owner?.id !== query.owner) return false;
  if (query.state !== undefined && state !== query.state) return false;
  if (query.parent !== undefined && envelope.parent !== query.parent) return false;
  if (query.agent !== undefined && envelope.agent !== query.agent) return false;
  return query.key === undefined || envelope.key === query.key;
}

/** The first `limit` events of a run after `position`, in the order of their positions. */
export function eventsOfRun(
  state: LedgerState,
  id: RunId,
  position: number,
  limit: number,
): readonly StoredEvent[] {
  const run = state.runs.get(id);
  if (run === undefined) return [];
  run.events ??= run.tasks.flatMap((task) => task.events).sort((a, b) => a.position - b.position);
  const { events } = run;
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.position ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return events.slice(low, low + limit);
}

function runRow(run: RunRecord): RunRow {
  const { id, gate, startedAt, pausedMs, pausedAt } = run;
  run.root ??= rootTaskId(id);
  return { run: id, gate, root: run.root, startedAt, pausedMs, pausedAt };
}

/** What the port shows of `task`. */
export function taskRow(task: TaskRecord): TaskRow {
  const { envelope, state, owner, due, events, inbox, claims, outside } = task;
  const { codeVersion, isUnbound } = task;
  return {
    id: envelope.id,
    run: envelope.run,
    parent: envelope.parent,
    path: envelope.path,
    awaited: envelope.awaited,
    agent: envelope.agent,
    operation: envelope.operation,
    priority: envelope.priority,
    hops: envelope.hops,
    key: envelope.key,
    deadline: envelope.deadline,
    state,
    owner: owner === null ? null : owner.id,
    due,
    version: events.length,
    inbox,
    claims,
    outside,
    codeVersion: isUnbound ? null : codeVersion,
  };
}
