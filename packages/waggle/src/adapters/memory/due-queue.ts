/** What a {@link DueQueue} needs to know of a task. */
export interface QueuedTask {
  /** Order of creation. */
  readonly n: number;
  /** Wall-clock ms; stays as it is while the task is queued. */
  readonly due: number | null;
  /** Its index in the queue it is in, or -1. Kept by the queue. */
  slot: number;
}

/**
 * Tasks of one agent and priority that wait for an owner, earliest due first and then in order of creation.
 * A binary heap that knows where each task stands (`slot`), so any of them leaves in O(log n).
 */
export class DueQueue<Task extends QueuedTask> {
  readonly #heap: Task[] = [];

  /** The first task; undefined if there is none. */
  peek(): Task | undefined {
    return this.#heap[0];
  }

  /** Adds `task`, whose `due` is set and stays as it is while the task is here. */
  add(task: Task): void {
    this.#heap.push(task);
    this.#rise(task, this.#heap.length - 1);
  }

  /** Takes out `task`, which is here. */
  remove(task: Task): void {
    const at = task.slot;
    task.slot = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === task) return;
    this.#rise(last, at);
    this.#sink(last, last.slot);
  }

  #rise(task: Task, from: number): void {
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#heap[up];
      if (parent === undefined || !isBefore(task, parent)) break;
      this.#put(parent, at);
      at = up;
    }
    this.#put(task, at);
  }

  #sink(task: Task, from: number): void {
    let at = from;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const least =
        right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (least === undefined || !isBefore(least, task)) break;
      const down = least.slot;
      this.#put(least, at);
      at = down;
    }
    this.#put(task, at);
  }

  #put(task: Task, at: number): void {
    this.#heap[at] = task;
    task.slot = at;
  }
}

function isBefore(a: QueuedTask, b: QueuedTask): boolean {
  const [dueA, dueB] = [a.due ?? 0, b.due ?? 0];
  return dueA < dueB || (dueA === dueB && a.n < b.n);
}
