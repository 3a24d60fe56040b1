import type { Gate, GateWrite } from "../../ports/store.ts";
import { type Application, earlier, restore } from "./application.ts";
import { isUnfinished, place, type RunRecord, type TaskRecord } from "./ledger-records.ts";

/** Moves the gate of a run, or creates the run. */
export function applyGate(batch: Application, write: GateWrite): void {
  const { state, at, undo } = batch;
  const run = state.runs.get(write.run);
  if (run === undefined) {
    createRun(batch, write);
    return;
  }
  const { gate, pausedMs, pausedAt } = run;
  undo?.push(() => {
    Object.assign(run, { gate, pausedMs, pausedAt });
    state.unended.add(run);
  });
  moveGate(run, write.to, at);
  if (write.to === "ended") state.unended.delete(run);
  for (const task of run.tasks) if (isUnfinished(task.state)) tell(batch, task);
}

function createRun({ state, at, undo }: Application, { run: id, to: gate }: GateWrite): void {
  const made: RunRecord = {
    id,
    n: (state.runOrder.at(-1)?.n ?? 0) + 1,
    startedAt: at,
    root: undefined,
    gate,
    pausedMs: 0,
    pausedAt: gate === "paused" ? at : null,
    unfinished: 0,
    tasks: [],
    events: undefined,
    blobs: undefined,
    trimmed: false,
  };
  undo?.push(() => {
    state.runs.delete(id);
    state.runOrder.pop();
    state.unended.delete(made);
  });
  state.runs.set(id, made);
  state.runOrder.push(made);
  if (gate !== "ended") state.unended.add(made);
}

function moveGate(run: RunRecord, to: Gate, at: number): void {
  run.gate = to;
  if (to === "paused") {
    run.pausedAt ??= at;
  } else if (run.pausedAt !== null) {
    // A wall clock can be set back.
    run.pausedMs += Math.max(0, at - run.pausedAt);
    run.pausedAt = null;
  }
}

/** Lets an unfinished task hear that the gate of its run has moved. */
function tell({ state, at, undo }: Application, task: TaskRecord): void {
  undo?.push(restore(state, task));
  if (task.owner === null) {
    const due = dueWithoutOwner(task, at);
    if (due !== task.due) place(state, task, null, due, task.state);
    return;
  }
  // Counted as mail: an owner that decided without knowing is refused as behind (K3).
  task.inbox += 1;
  place(state, task, task.owner, earlier(task.due, at), task.state);
}

function dueWithoutOwner(task: TaskRecord, at: number): number | null {
  const { gate } = task.run;
  if (gate === "paused") return null;
  const waits = task.state === "stuck" || task.line?.isQueued(task) === true;
  return gate === "open" && waits ? task.due : earlier(task.due, at);
}
