import type { TaskId } from "../../core/ids.ts";
import { PRIORITIES, PRIORITY_BONUS_MS } from "../../core/priority.ts";
import type { AgentClaim, Claimed, ClaimRequest } from "../../ports/store.ts";
import { addToCell } from "./apply-cell-write.ts";
import { mailboxOf } from "./apply-task-write.ts";
import { type HostRecord, type TaskRecord, UNWRITTEN } from "./cached-records.ts";
import { taskStateCode } from "./codes.ts";
import type { LedgerCache } from "./ledger-cache.ts";
import type { Row } from "./rows.ts";
import type { Statements } from "./statements.ts";
import { taskIdOf } from "./task-bytes.ts";
import type { Transaction } from "./transaction.ts";

interface Candidate {
  readonly n: number;
  readonly id: TaskId;
  readonly row: Row;
  /** When it came, less the head start of its priority: the smallest is served first. */
  readonly urgency: number;
}

/** Takes what `request` asks for: first mail in the order it came, then new tasks. A dead host gets nothing. */
export function claimTasks(tx: Transaction, request: ClaimRequest): readonly Claimed[] {
  const host = tx.ledger.host(request.host);
  if (host.dead) return [];
  tx.flush();
  const runs = runList(request);
  const mailed = host.n === 0 ? [] : tx.statements.mailed.all(host.n, runs);
  const mail = mailed.map((row): Claimed => {
    const task = tx.ledger.taskOf(taskIdOf(row["id"]), row);
    tx.changeTask(task, UNWRITTEN.place);
    task.due = null;
    return { task: task.id, why: "mail" };
  });
  const taken = request.agents
    .flatMap((wanted) => takeTasks(tx, host, runs, wanted))
    .sort(byUrgency);
  return [...mail, ...taken.map(({ id }): Claimed => ({ task: id, why: "claimed" }))];
}

/** What looking for claimable tasks reads. */
export interface ClaimReads {
  readonly statements: Statements;
  readonly ledger: LedgerCache;
}

/** Whether {@link claimTasks} would find something at wall-clock ms `now`. Writes nothing. */
export function hasClaimable(reads: ClaimReads, request: ClaimRequest, now: number): boolean {
  const runs = runList(request);
  const host = reads.statements.cachedHost.get(request.host)?.["n"] ?? 0;
  return (
    reads.statements.isMailed.get(host, runs) !== undefined ||
    request.agents.some(
      (wanted) =>
        wanted.free > 0 && candidates(reads, runs, { ...wanted, free: 1 }, now).length > 0,
    )
  );
}

/** The first wall-clock ms after `now` at which a task of these agents becomes due; infinity if there is none. */
export function nextDue(
  { statements, ledger }: ClaimReads,
  request: ClaimRequest,
  now: number,
): number {
  const dues = request.agents.flatMap(({ agent, versions }) => {
    const number = ledger.numberOf(agent);
    if (number === undefined) return [];
    return codesOf(ledger, versions).flatMap((code) =>
      PRIORITIES.map((_, priority) => statements.nextDue.get(number, code, priority, now)?.["due"]),
    );
  });
  return Math.min(Infinity, ...dues.filter((due) => due !== undefined).map(Number));
}

function runList({ runs }: ClaimRequest): string | null {
  return runs === undefined ? null : JSON.stringify(runs);
}

function takeTasks(
  tx: Transaction,
  host: HostRecord,
  runs: string | null,
  wanted: AgentClaim,
): readonly Candidate[] {
  if (wanted.free <= 0) return [];
  const { agent, versions = [] } = wanted;
  const taken = candidates(tx, runs, wanted, tx.at);
  const own =
    versions[0] === undefined || taken.length === 0 ? 0 : tx.ledger.numberFor(versions[0]);
  for (const { id, row } of taken) {
    const task = tx.ledger.taskOf(id, row);
    if (task.claims < 0) addToCell(tx, tx.ledger.cell(mailboxOf(agent)), -1);
    takeTask(tx, host, task, own);
  }
  // The same agent may be asked for twice.
  if (taken.length > 0) tx.flush();
  return taken;
}

/** @param code - Number of the version that it is bound to from now on; 0: it stays as it is. */
function takeTask(tx: Transaction, host: HostRecord, task: TaskRecord, code: number): void {
  const isStuck = task.state === taskStateCode.numberOf("stuck");
  tx.changeTask(task, isStuck ? UNWRITTEN.state : UNWRITTEN.place);
  const before = task.claimsAt === task.version ? Math.max(0, task.claims) : 0;
  task.claims = before + 1;
  task.claimsAt = task.version;
  task.owner = tx.ledger.ownerNumber(host);
  task.due = null;
  task.outside = false;
  if (code !== 0) task.code = task.code === 0 ? -code : code;
  task.state = taskStateCode.numberOf("open");
}

/**
 * The `free` most urgent tasks: the heads of the four priorities, merged (ageing without a sort by it); as many again
 * for each version, so that tasks of versions that nobody has are never looked at.
 */
function candidates(
  { statements, ledger }: ClaimReads,
  runs: string | null,
  { agent, free, versions }: AgentClaim,
  now: number,
): readonly Candidate[] {
  const number = ledger.numberOf(agent);
  if (number === undefined) return [];
  return codesOf(ledger, versions)
    .flatMap((code) =>
      PRIORITIES.flatMap((name, priority) =>
        statements.dueTasks.all(number, code, priority, now, runs, free).map((row) => ({
          n: Number(row["n"]),
          id: taskIdOf(row["id"]),
          row,
          urgency: Number(row["due"]) - PRIORITY_BONUS_MS[name],
        })),
      ),
    )
    .sort(byUrgency)
    .slice(0, free);
}

/** Numbers of the versions that are wanted; 0: tasks that are bound to none. */
function codesOf(ledger: LedgerCache, versions: readonly string[] = []): readonly number[] {
  return [0, ...versions.flatMap((version) => ledger.numberOf(version) ?? [])];
}

function byUrgency(a: Candidate, b: Candidate): number {
  return a.urgency - b.urgency || a.n - b.n;
}
