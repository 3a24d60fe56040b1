import type { StoredEvent } from "../../ports/store.ts";
import { type HostRecord, type LedgerState, place, type TaskRecord } from "./ledger-records.ts";

/** What takes back the writes of a batch, newest first; undefined where none can be refused any more. */
export type UndoLog = (() => void)[] | undefined;

/** The batch a write belongs to. */
export interface Application {
  readonly state: LedgerState;
  /** Wall-clock ms of the commit. */
  readonly at: number;
  /** In whose name; undefined if the ledger has never heard of it: then it owns nothing. */
  readonly host: HostRecord | undefined;
  readonly undo: UndoLog;
  /** Collects the events of the batch in order; undefined where nobody asks for them. */
  readonly added: StoredEvent[] | undefined;
}

/** Takes `task` back to what it is now; mail that was added since has to be taken out first. */
export function restore(state: LedgerState, task: TaskRecord): () => void {
  const { owner, due, state: taskState, inbox, claims, outside, former, mail, paths } = task;
  const { codeVersion, isUnbound } = task;
  const { position } = state;
  const [own, ofRun] = [task.events.length, task.run.events?.length];
  return () => {
    Object.assign(task, { codeVersion, isUnbound });
    place(state, task, owner, due, taskState);
    Object.assign(task, { inbox, claims, outside, former, mail, paths });
    task.events.length = own;
    if (task.run.events !== undefined && ofRun !== undefined) task.run.events.length = ofRun;
    state.position = position;
  };
}

/** The earlier of two times; null is no time. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
