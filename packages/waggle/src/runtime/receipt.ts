import type { Outcome, TaskEvent } from "../core/event.ts";
import { decodeEventOnly } from "../core/event-codec.ts";
import type { Path, RunId, TaskId } from "../core/ids.ts";
import type { StoredEvent } from "../ports/store.ts";

/** What became of one task of a cancelled run. */
export interface TaskEnd {
  readonly task: TaskId;
  /** `agent.operation`. */
  readonly name: string;
}

/** An effect of which nobody can say whether it happened. */
export interface UnknownEffect extends TaskEnd {
  /** Its place in the handler. */
  readonly path: Path;
}

/** What a cancel came to, read from the ledger after the run has ended. */
export interface CancelReceipt {
  readonly run: RunId;
  /** Tasks that had ended before they heard of it, or ended in their own way in spite of it. */
  readonly finished: readonly TaskEnd[];
  /** Tasks that were stopped, with those that never began. */
  readonly stopped: readonly TaskEnd[];
  /** Effects that were cut: by the end of the grace, or by a host that was lost before. */
  readonly unknown: readonly UnknownEffect[];
}

interface TaskRecord {
  readonly end: TaskEnd;
  /** Effects whose end is not recorded. */
  readonly open: Set<Path>;
  readonly unknown: Set<Path>;
  wasCancelled: boolean;
}

/** Reads the receipt from all events of the run, in their order. */
export class ReceiptReader {
  readonly #run: RunId;
  readonly #names: ReadonlyMap<TaskId, string>;
  readonly #tasks = new Map<TaskId, TaskRecord>();

  /** @param names - `agent.operation` of every task of the run. */
  constructor(run: RunId, names: ReadonlyMap<TaskId, string>) {
    this.#run = run;
    this.#names = names;
    for (const [task, name] of names) {
      this.#tasks.set(task, {
        end: { task, name },
        open: new Set(),
        unknown: new Set(),
        wasCancelled: false,
      });
    }
  }

  read(stored: StoredEvent): void {
    const record = this.#tasks.get(stored.task);
    if (record !== undefined) apply(record, decodeEventOnly(stored));
  }

  receipt(): CancelReceipt {
    const all = [...this.#names.keys()].flatMap((task) => this.#tasks.get(task) ?? []);
    return {
      run: this.#run,
      finished: all.filter((one) => !one.wasCancelled).map(({ end }) => end),
      stopped: all.filter((one) => one.wasCancelled).map(({ end }) => end),
      unknown: all.flatMap(({ end, open, unknown }) =>
        [...new Set([...open, ...unknown])].map((path) => ({ ...end, path })),
      ),
    };
  }
}

/** True if it says what became of all attempts: a later one has told, or the effect was looked for. */
function isCertain(outcome: Outcome): boolean {
  return outcome.type === "value" || outcome.error.outcome !== "unknown";
}

function apply(record: TaskRecord, event: TaskEvent): void {
  switch (event.type) {
    case "intent":
      record.open.add(event.path);
      break;
    case "unknown":
      record.unknown.add(event.path);
      break;
    case "retrying":
      // If nobody knows what came of that attempt, `unknown` says so.
      record.open.delete(event.path);
      if (event.error.outcome !== "unknown") record.unknown.delete(event.path);
      break;
    case "done":
      record.open.delete(event.path);
      if (isCertain(event.outcome)) record.unknown.delete(event.path);
      break;
    case "dropped":
      record.open.delete(event.path);
      break;
    case "closed":
      record.wasCancelled =
        event.outcome.type === "error" && event.outcome.error.code === "CANCELLED";
      break;
    case "started":
    case "resumed":
    case "asked":
    case "received":
    case "stuck":
    case "armed":
    case "fired":
    case "marked":
    case "restarted":
      break;
  }
}
