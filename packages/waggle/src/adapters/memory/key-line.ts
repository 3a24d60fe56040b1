/** What a {@link KeyLine} needs to know of a task. */
export interface LinedTask {
  /** Order of creation. */
  readonly n: number;
}

/**
 * The unfinished tasks of one agent and key in order of creation: the first holds the key, the others are queued
 * behind it (K9). The line is found in `lines` while somebody stands in it.
 */
export class KeyLine<Task extends LinedTask> {
  readonly #lines: Map<string, KeyLine<Task>>;
  readonly #key: string;
  readonly #tasks: Task[] = [];

  constructor(lines: Map<string, KeyLine<Task>>, key: string) {
    this.#lines = lines;
    this.#key = key;
  }

  /** In order of creation. */
  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  /** True if an older task holds the key, or would if `task` stood here. */
  isQueued(task: Task): boolean {
    const head = this.#tasks[0];
    return head !== undefined && head.n < task.n;
  }

  /** The one behind `task`, if `task` is the first; undefined if nobody is, or another task holds the key. */
  nextAfter(task: Task): Task | undefined {
    return this.#tasks[0] === task ? this.#tasks[1] : undefined;
  }

  /** Puts `task`, which does not stand here, in its place by age. */
  join(task: Task): void {
    if (this.#tasks.length === 0) this.#lines.set(this.#key, this);
    this.#tasks.splice(this.#placeOf(task), 0, task);
  }

  /** Takes out `task`, which stands here. */
  leave(task: Task): void {
    this.#tasks.splice(this.#placeOf(task), 1);
    if (this.#tasks.length === 0) this.#lines.delete(this.#key);
  }

  #placeOf(task: Task): number {
    let [low, high] = [0, this.#tasks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#tasks[middle]?.n ?? 0) < task.n) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
