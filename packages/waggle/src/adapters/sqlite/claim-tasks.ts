import type { HostId, TaskId } from "../../core/ids.ts";
import { PRIORITIES, PRIORITY_BONUS_MS } from "../../core/priority.ts";
import type { Claimed, ClaimRequest } from "../../ports/store.ts";
import type { Statements } from "./statements.ts";
import type { Transaction } from "./transaction.ts";

interface Candidate {
  readonly n: number;
  readonly id: TaskId;
  /** When it came, less the head start of its priority: the smallest is served first. */
  readonly urgency: number;
  readonly stuck: boolean;
}

/** Takes what `request` asks for: first mail in the order it came, then new tasks. A dead host gets nothing. */
export function claimTasks(tx: Transaction, request: ClaimRequest): readonly Claimed[] {
  const { host } = request;
  if (tx.isDead(host)) return [];
  const { statements } = tx;
  const mailed = mailedTasks(statements, request).map(({ n, id }): Claimed => {
    statements.clearDue.run({ task: n });
    return { task: id, why: "mail" };
  });
  const taken = request.agents
    .flatMap(({ agent, free }) => takeTasks(tx, request, agent, free))
    .sort(byUrgency);
  return [...mailed, ...taken.map(({ id }): Claimed => ({ task: id, why: "claimed" }))];
}

/** Whether {@link claimTasks} would find something at wall-clock ms `now`. Writes nothing. */
export function hasClaimable(statements: Statements, request: ClaimRequest, now: number): boolean {
  return (
    mailedTasks(statements, request).length > 0 ||
    request.agents.some(
      ({ agent, free }) => free > 0 && candidates(statements, request, agent, 1, now).length > 0,
    )
  );
}

/** The first wall-clock ms after `now` at which a task of these agents becomes due; infinity if there is none. */
export function nextDue(statements: Statements, request: ClaimRequest, now: number): number {
  const dues = request.agents.flatMap(({ agent }) =>
    PRIORITIES.map((_, priority) => statements.nextDue.get({ agent, priority, now })?.["due"]),
  );
  return Math.min(Infinity, ...dues.filter((due) => due !== undefined).map(Number));
}

function mailedTasks(
  statements: Statements,
  { host, runs }: ClaimRequest,
): readonly { n: number; id: TaskId }[] {
  const allowed = runs === undefined ? undefined : new Set<unknown>(runs);
  return statements.mailed
    .all({ host })
    .filter((row) => allowed?.has(row["run"]) ?? true)
    .map((row) => ({ n: Number(row["n"]), id: row["id"] as TaskId }));
}

function takeTasks(
  tx: Transaction,
  request: ClaimRequest,
  agent: string,
  free: number,
): readonly Candidate[] {
  if (free <= 0) return [];
  const taken = candidates(tx.statements, request, agent, free, tx.at);
  for (const task of taken) takeTask(tx.statements, request.host, task);
  return taken;
}

function takeTask(statements: Statements, host: HostId, { n, stuck }: Candidate): void {
  statements.claim.run({ host, task: n });
  if (stuck) statements.reopen.run({ task: n });
}

/** The `free` most urgent tasks: the heads of the four priorities, merged (ageing without a sort by it). */
function candidates(
  statements: Statements,
  { runs }: ClaimRequest,
  agent: string,
  free: number,
  now: number,
): readonly Candidate[] {
  const allowed = runs === undefined ? null : JSON.stringify(runs);
  return PRIORITIES.flatMap((name, priority) =>
    statements.dueTasks.all({ agent, priority, now, runs: allowed, limit: free }).map((row) => ({
      n: Number(row["n"]),
      id: row["id"] as TaskId,
      urgency: Number(row["due"]) - PRIORITY_BONUS_MS[name],
      stuck: row["state"] === 1,
    })),
  )
    .sort(byUrgency)
    .slice(0, free);
}

function byUrgency(a: Candidate, b: Candidate): number {
  return a.urgency - b.urgency || a.n - b.n;
}
