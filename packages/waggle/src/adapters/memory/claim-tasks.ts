import type { RunId } from "../../core/ids.ts";
import { PRIORITY_BONUS_MS } from "../../core/priority.ts";
import type { Claimed, ClaimRequest } from "../../ports/store.ts";
import type { DueQueue } from "./due-queue.ts";
import {
  type AgentRecord,
  agentRecord,
  type HostRecord,
  hostRecord,
  type LedgerState,
  place,
  type TaskRecord,
} from "./ledger-records.ts";
import { addToCell } from "./put-cell.ts";

/** Takes what `request` asks for at wall-clock ms `now`: first mail in the order it came, then new tasks. */
export function claimTasks(
  state: LedgerState,
  request: ClaimRequest,
  now: number,
): readonly Claimed[] {
  const host = hostRecord(state, request.host);
  if (host.dead) return [];
  const runs = request.runs === undefined ? undefined : new Set(request.runs);
  const claimed = takeMail(state, host, runs);
  const taken: TaskRecord[] = [];
  for (const { agent, free, versions = [] } of request.agents) {
    const record = state.agents.get(agent);
    if (record === undefined || free <= 0) continue;
    const found = takeTasks(queuesFor(record, versions), free, now, runs);
    for (const task of found) bind(task, versions[0]);
    taken.push(...found);
  }
  taken.sort((a, b) => urgency(a) - urgency(b) || a.n - b.n);
  for (const task of taken) {
    take(state, task, host);
    claimed.push({ task: task.envelope.id, why: "claimed" });
  }
  return claimed;
}

/** Where tasks wait that a host with these versions of the agent's code may take. */
function queuesFor(
  { queues, bound }: AgentRecord,
  versions: readonly string[],
): readonly DueQueue<TaskRecord>[] {
  if (versions.length === 0) return queues;
  return [...queues, ...versions.flatMap((version) => bound.get(version) ?? [])];
}

function bind(task: TaskRecord, version: string | undefined): void {
  if (version === undefined) return;
  task.isUnbound = task.codeVersion === null;
  task.codeVersion = version;
}

function take(state: LedgerState, task: TaskRecord, host: HostRecord): void {
  if (task.unclaimed) {
    task.unclaimed = false;
    addToCell(state, undefined, agentRecord(state, task.envelope.agent).mailbox, -1);
  }
  task.claims += 1;
  task.outside = false;
  place(state, task, host, null, "open");
}

function takeMail(
  state: LedgerState,
  host: HostRecord,
  runs: ReadonlySet<RunId> | undefined,
): Claimed[] {
  if (host.mailed.size === 0) return [];
  const mailed = [...host.mailed]
    .filter((task) => runs?.has(task.run.id) ?? true)
    .sort((a, b) => (a.due ?? 0) - (b.due ?? 0) || a.n - b.n);
  return mailed.map((task) => {
    place(state, task, host, null, task.state);
    return { task: task.envelope.id, why: "mail" };
  });
}

/** Takes up to `free` tasks out of the queues of one agent; they are in no queue afterwards. */
function takeTasks(
  queues: readonly DueQueue<TaskRecord>[],
  free: number,
  now: number,
  runs: ReadonlySet<RunId> | undefined,
): TaskRecord[] {
  const taken: TaskRecord[] = [];
  const skipped: TaskRecord[] = [];
  while (taken.length < free) {
    const task = mostUrgent(queues, now);
    if (task === undefined) break;
    task.queue.remove(task);
    // No gate is looked at: tasks of a paused run are not due, and an ended run has none that could be.
    (runs?.has(task.run.id) === false ? skipped : taken).push(task);
  }
  for (const task of skipped) task.queue.add(task);
  return taken;
}

function mostUrgent(queues: readonly DueQueue<TaskRecord>[], now: number): TaskRecord | undefined {
  let best: TaskRecord | undefined;
  for (const queue of queues) {
    const head = queue.peek();
    if (head?.due === undefined || head.due === null || head.due > now) continue;
    if (best === undefined || isMoreUrgent(head, best)) best = head;
  }
  return best;
}

function isMoreUrgent(a: TaskRecord, b: TaskRecord): boolean {
  const difference = urgency(a) - urgency(b);
  return difference < 0 || (difference === 0 && a.n < b.n);
}

/** When the task came, less the head start of its priority: the smallest is served first. */
function urgency(task: TaskRecord): number {
  return (task.due ?? 0) - PRIORITY_BONUS_MS[task.envelope.priority];
}
