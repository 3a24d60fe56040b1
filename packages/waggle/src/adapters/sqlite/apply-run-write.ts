import type { FreeWrite, GateWrite, RefusalReason, TrimWrite } from "../../ports/store.ts";
import { type RunRecord, TRIMMED, UNWRITTEN } from "./cached-records.ts";
import { gateCode } from "./codes.ts";
import { placeRecent } from "./place-recent.ts";
import type { Transaction } from "./transaction.ts";

const [OPEN, PAUSED, CANCELLING, ENDED] = [
  gateCode.numberOf("open"),
  gateCode.numberOf("paused"),
  gateCode.numberOf("cancelling"),
  gateCode.numberOf("ended"),
];

/** Moves the gate of a run, or creates the run. */
export function applyGate(tx: Transaction, write: GateWrite): RefusalReason | undefined {
  const to = gateCode.numberOf(write.to);
  if (write.from === null) {
    if (!tx.ledger.isNewRun(write.run)) return "exists";
    createRun(tx, write, to);
    return undefined;
  }
  const run = tx.ledger.run(write.run);
  if (run === undefined) return "absent";
  if (run.gate >= ENDED || !write.from.includes(gateCode.wordOf(run.gate))) return "gate";
  if (to === ENDED && run.unfinished > 0) return "gate";
  moveGate(tx, run, to);
  return undefined;
}

function createRun(tx: Transaction, { run: id }: GateWrite, gate: number): void {
  tx.ledger.last.run += 1;
  tx.addRun({
    unwritten: UNWRITTEN.all,
    savedBy: 0,
    n: tx.ledger.last.run,
    id,
    startedAt: tx.at,
    gate,
    pausedMs: 0,
    pausedAt: gate === PAUSED ? tx.at : null,
    unfinished: 0,
  });
}

function moveGate(tx: Transaction, run: RunRecord, to: number): void {
  tx.changeRun(run);
  run.gate = to;
  if (to === PAUSED) {
    run.pausedAt ??= tx.at;
  } else if (run.pausedAt !== null) {
    // A wall clock can be set back.
    run.pausedMs += Math.max(0, tx.at - run.pausedAt);
    run.pausedAt = null;
  }
  if (run.unfinished > 0) tellTasks(tx, run);
}

/** Lets the unfinished tasks of a run hear that its gate has moved. */
function tellTasks(tx: Transaction, { n: run, gate }: RunRecord): void {
  tx.flush();
  const { at, statements } = tx;
  statements.tellOwned.run({ run, at });
  if (gate === PAUSED) statements.tellPaused.run({ run });
  else if (gate === OPEN) statements.tellOpen.run({ run, at });
  else if (gate === CANCELLING) statements.tellCancelling.run({ run, at });
  tx.ledger.forget();
  tx.tellManyDue();
}

/** Declares a host dead. */
export function applyFree(
  tx: Transaction,
  { host: id, beat }: FreeWrite,
): RefusalReason | undefined {
  const { at, statements } = tx;
  const facts = statements.hostFacts.get({ id });
  if (facts?.["dead"] === 1) return "duplicate";
  // A host that never beat has beat 0; it can own tasks all the same.
  if (Number(facts?.["beat"] ?? 0) !== beat) return "conflict";
  tx.flush();
  const host = tx.ledger.ownerNumber(tx.ledger.host(id));
  statements.killHost.run({ id });
  statements.freeTasks.run({ host, at });
  tx.ledger.forget();
  tx.freed.push(id);
  tx.tellManyDue();
  return undefined;
}

/** Removes everything of a run but its id. */
export function applyTrim(tx: Transaction, write: TrimWrite): RefusalReason | undefined {
  const there = tx.ledger.run(write.run);
  if (there === undefined) return "absent";
  if (there.gate < ENDED) return "gate";
  if (there.gate === TRIMMED) return undefined;
  tx.changeRun(there);
  there.gate = TRIMMED;
  tx.flush();
  placeRecent(tx);
  const { statements } = tx;
  const run = there.n;
  statements.trimEvents.run({ run });
  statements.trimEventPlaces.run({ run });
  statements.trimTasks.run({ run });
  statements.trimTaskPlaces.run({ run });
  statements.trimBlobs.run({ run });
  statements.trimKeepers.run({ run });
  tx.ledger.forget();
  return undefined;
}
