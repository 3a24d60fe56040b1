import type { Statements } from "./statements.ts";

/** Numbers given last. */
export interface LastNumbers {
  /** Of an event. */
  position: number;
  task: number;
  run: number;
  /** Position up to which events are in `event_places`. */
  placedEvents: number;
  /** Number up to which tasks are in `task_places`. */
  placedTasks: number;
}

/** Tasks remembered; with more, all are forgotten and those of the newest events are read again. */
const MAX_TASKS = 65_536;

/**
 * Versions of tasks by their newest events, which are in no index yet (place-recent.ts): read on from where the last
 * look ended, 0.1 us an event.
 */
export class RecentVersions {
  readonly #statements: Statements;
  readonly #versions = new Map<number, number>();
  /** Events up to this position have been looked at. */
  #through = -1;
  #isOld = true;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Says that others may have written events. */
  becameOld(): void {
    this.#isOld = true;
  }

  /** Forgets everything: what was looked at was rolled back. */
  clear(): void {
    this.#versions.clear();
    this.#through = -1;
    this.#isOld = true;
  }

  /** The version of a task, as the file has it. @param placed - Version of its last event in `event_places`. */
  versionOf(task: number, placed: number, last: LastNumbers): number {
    if (this.#isOld) this.readOn(last);
    return Math.max(this.#versions.get(task) ?? 0, placed);
  }

  /** Looks at what was written since, whoever wrote it. Not while a transaction has unwritten events. */
  readOn({ placedEvents }: LastNumbers): void {
    if (this.#versions.size > MAX_TASKS) this.clear();
    const from = Math.max(this.#through, placedEvents);
    const row = this.#statements.eventsSince.get(from);
    const tasks = JSON.parse(String(row?.["tasks"])) as readonly number[];
    const versions = JSON.parse(String(row?.["versions"])) as readonly number[];
    // The later of two events of a task is the newer one.
    for (const [index, task] of tasks.entries()) this.#versions.set(task, versions[index] ?? 0);
    this.#through = Number(row?.["position"]);
    this.#isOld = false;
  }
}
