import type {
  AddWrite,
  AppendWrite,
  BlobWrite,
  CreateWrite,
  DeliverWrite,
  ExpectWrite,
  FreeWrite,
  GateWrite,
  PublishWrite,
  RefusalReason,
  SetWrite,
  TrimWrite,
  Write,
} from "../../ports/store.ts";
import { agentRecord, type HostRecord, isUnfinished, type LedgerState } from "./ledger-records.ts";
import { newRecords } from "./log-records.ts";

/**
 * Why `write` cannot be applied to `state`, or undefined if it can. Changes nothing.
 * @param host - In whose name; undefined if the ledger has never heard of it.
 */
export function refusalOf(
  state: LedgerState,
  host: HostRecord | undefined,
  write: Write,
): RefusalReason | undefined {
  switch (write.type) {
    case "expect":
      return checkExpect(state, write);
    case "append":
      return checkAppend(state, host, write);
    case "create":
      return checkCreate(state, host, write);
    case "deliver":
      return checkDeliver(state, write);
    case "set":
      return checkSet(state, write);
    case "add":
      return checkAdd(state, write);
    case "gate":
      return checkGate(state, write);
    case "free":
      return checkFree(state, write);
    case "publish":
      return checkPublish(state, write);
    case "blob":
      return checkBlob(state, write);
    case "trim":
      return checkTrim(state, write);
    case "trim-log":
      return undefined;
  }
}

function checkExpect(state: LedgerState, write: ExpectWrite): RefusalReason | undefined {
  const task = state.tasks.get(write.task);
  if (task === undefined) return "absent";
  const { events, inbox, owner, run, state: now } = task;
  if (!isUnfinished(now)) return "conflict";
  if (events.length !== write.version || inbox !== write.inbox) return "conflict";
  return (owner?.id ?? null) === write.owner && run.gate === write.gate ? undefined : "conflict";
}

function checkAppend(
  state: LedgerState,
  host: HostRecord | undefined,
  write: AppendWrite,
): RefusalReason | undefined {
  const task = state.tasks.get(write.task);
  if (task === undefined) return "absent";
  if (host === undefined || task.owner !== host) return "fenced";
  if (task.events.length !== write.version) return "fenced";
  if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";
  if (write.cleanup === true && task.run.gate === "cancelling") return undefined;
  if (write.starts && task.run.gate !== "open") return "gate";
  if (task.run.gate === "ended") return "gate";
  return undefined;
}

function checkCreate(
  state: LedgerState,
  host: HostRecord | undefined,
  write: CreateWrite,
): RefusalReason | undefined {
  const run = state.runs.get(write.task.run);
  if (run === undefined) return "absent";
  if (state.tasks.has(write.task.id)) return "exists";
  if (run.gate === "ended") return "gate";
  if (write.owner === null) return isFull(state, write) ? "full" : undefined;
  // A host can die within its own batch; what it owned from then on would be forgotten (K8).
  return host?.dead === true ? "fenced" : undefined;
}

function isFull(state: LedgerState, { task, mailbox }: CreateWrite): boolean {
  if (mailbox === undefined) return false;
  const cell = state.cells.get(agentRecord(state, task.agent).mailbox);
  return (cell?.amount ?? 0) >= mailbox;
}

/** With `late: "drop"` a late mail is no reason to refuse: {@link isLate} leaves it out when it is applied. */
function checkDeliver(state: LedgerState, write: DeliverWrite): RefusalReason | undefined {
  if (!state.tasks.has(write.task)) return "absent";
  return write.late === "drop" ? undefined : isLate(state, write);
}

/** Why a mail comes too late: its task has ended, or its path was taken. */
export function isLate(
  state: LedgerState,
  write: DeliverWrite,
): "closed" | "duplicate" | undefined {
  const task = state.tasks.get(write.task);
  if (task === undefined || !isUnfinished(task.state)) return "closed";
  if (write.path !== null && task.paths?.has(write.path)) return "duplicate";
  return undefined;
}

function checkSet(state: LedgerState, write: SetWrite): RefusalReason | undefined {
  const version = state.cells.get(write.cell)?.version ?? 0;
  return version === write.expect ? undefined : "conflict";
}

function checkAdd(state: LedgerState, write: AddWrite): RefusalReason | undefined {
  const sum = (state.cells.get(write.cell)?.amount ?? 0) + write.by;
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = write;
  return sum >= min && sum <= max && Number.isSafeInteger(sum) ? undefined : "bound";
}

function checkGate(state: LedgerState, write: GateWrite): RefusalReason | undefined {
  const run = state.runs.get(write.run);
  if (write.from === null) return run === undefined ? undefined : "exists";
  if (run === undefined) return "absent";
  if (run.gate === "ended" || !write.from.includes(run.gate)) return "gate";
  return write.to === "ended" && run.unfinished > 0 ? "gate" : undefined;
}

function checkFree(state: LedgerState, write: FreeWrite): RefusalReason | undefined {
  const host = state.hosts.get(write.host);
  if (host?.dead === true) return "duplicate";
  return (host?.beat ?? 0) === write.beat ? undefined : "conflict";
}

function checkPublish(state: LedgerState, write: PublishWrite): RefusalReason | undefined {
  return newRecords(state.logs.get(write.log), write, 0) === undefined ? "conflict" : undefined;
}

function checkBlob(state: LedgerState, write: BlobWrite): RefusalReason | undefined {
  if (write.run === null) return undefined;
  const run = state.runs.get(write.run);
  if (run === undefined) return "absent";
  return run.gate === "ended" ? "gate" : undefined;
}

function checkTrim(state: LedgerState, write: TrimWrite): RefusalReason | undefined {
  const run = state.runs.get(write.run);
  if (run === undefined) return "absent";
  return run.gate === "ended" ? undefined : "gate";
}
