import { runtimeError } from "../core/errors.ts";
import type { Path } from "../core/ids.ts";
import type { Ending } from "../ports/store.ts";
import { earlier, type Operation } from "./operation.ts";

const NONE: ReadonlyMap<Path, Operation> = new Map();

/** The operations of one handler that are open, in the order in which they were called. */
export class OpenOperations {
  /** Undefined until the first one: many handlers only compute. */
  #byPath: Map<Path, Operation> | undefined;

  get size(): number {
    return this.#byPath?.size ?? 0;
  }

  get paths(): readonly Path[] {
    return [...(this.#byPath?.keys() ?? [])];
  }

  [Symbol.iterator](): IterableIterator<Operation> {
    return (this.#byPath ?? NONE).values();
  }

  at(path: Path): Operation | undefined {
    return this.#byPath?.get(path);
  }

  add(operation: Operation): void {
    this.#byPath ??= new Map();
    this.#byPath.set(operation.path, operation);
  }

  remove(path: Path): void {
    this.#byPath?.delete(path);
  }

  isAlone(operation: Operation): boolean {
    return this.size === 1 && this.#byPath?.has(operation.path) === true;
  }

  /** True if each waits for an answer, a time or a signal that has not come. */
  get allParked(): boolean {
    for (const { phase, settling } of this) {
      if (phase !== "parked" || settling !== "no") return false;
    }
    return true;
  }

  /** True if something is under way for one of them: a body, a commit. */
  get anyGoesOn(): boolean {
    for (const { phase, settling } of this) {
      if (phase === "running" || phase === "starting" || settling !== "no") return true;
    }
    return false;
  }

  /** True if one waits for a time or a signal: it will move whatever other tasks do. */
  get #anyOutside(): boolean {
    for (const { outside } of this) if (outside) return true;
    return false;
  }

  /** True if a time that one waits for has come, though its timer has not fired yet. */
  isDue(runTimeMs: number): boolean {
    const first = this.#firstDeadline;
    return first !== null && first <= runTimeMs;
  }

  /**
   * How a task is given back that only waits for them: due at the first of their times.
   * @param pausedMs - How long its run was paused in all.
   */
  releaseEnding(isPaused: boolean, pausedMs: number): Ending {
    const first = isPaused ? null : this.#firstDeadline;
    const due = first === null ? null : first + pausedMs;
    return { type: "release", due, outside: this.#anyOutside };
  }

  /** Sets the timers anew of those that wait for a time: the run goes on after a pause. */
  restartTimers(): void {
    for (const { restartTimer } of this) restartTimer?.();
  }

  /** Run-time ms of the first time that one waits for; null: there is none. */
  get #firstDeadline(): number | null {
    let first: number | null = null;
    for (const { deadline } of this) first = earlier(first, deadline);
    return first;
  }

  /** Those whose paths begin with `prefix`. */
  within(prefix: string): readonly Operation[] {
    return [...this].filter(({ path }) => path.startsWith(prefix));
  }

  /** Stops what they have running: bodies, timers. */
  stop(why: string): void {
    for (const { path, stop } of this) {
      stop?.(runtimeError("CANCELLED", `${path} was stopped: ${why}`));
    }
  }
}
