import { type RuntimeError, runtimeError } from "../core/errors.ts";
import type { Path } from "../core/ids.ts";
import type { Ending } from "../ports/store.ts";
import { earlier, type Operation } from "./operation.ts";

/** Operations of one generation of a handler; a handler without an end begins anew (`ctx.restart`). */
export const MAX_OPERATIONS: number = 100_000;

/** The error of an operation beyond {@link MAX_OPERATIONS}. */
export function oneTooMany(path: Path): RuntimeError {
  const problem = `${path} is one operation too many (limit ${MAX_OPERATIONS}): end the handler, or begin it anew with ctx.restart`;
  return runtimeError("LIMIT_REACHED", problem);
}

/** The error of an operation that was called when nobody is there any more to go on with it. */
export function calledTooLate(path: Path): RuntimeError {
  return runtimeError("SCOPE_CLOSED", `${path} was called after the handler had returned`);
}

/**
 * The operations of one handler that are open, in the order in which they were called. Most handlers have one at a
 * time: it needs no table.
 */
export class OpenOperations {
  #only: Operation | undefined;
  /** All of them, from the first time that there are two. */
  #byPath: Map<Path, Operation> | undefined;

  get size(): number {
    if (this.#byPath !== undefined) return this.#byPath.size;
    return this.#only === undefined ? 0 : 1;
  }

  get paths(): readonly Path[] {
    return [...this].map(({ path }) => path);
  }

  [Symbol.iterator](): IterableIterator<Operation> {
    if (this.#byPath !== undefined) return this.#byPath.values();
    return (this.#only === undefined ? [] : [this.#only]).values();
  }

  at(path: Path): Operation | undefined {
    if (this.#byPath !== undefined) return this.#byPath.get(path);
    return this.#only?.path === path ? this.#only : undefined;
  }

  add(operation: Operation): void {
    if (this.#byPath === undefined) {
      if (this.#only === undefined) {
        this.#only = operation;
        return;
      }
      this.#byPath = new Map([[this.#only.path, this.#only]]);
      this.#only = undefined;
    }
    this.#byPath.set(operation.path, operation);
  }

  remove(path: Path): void {
    if (this.#byPath !== undefined) this.#byPath.delete(path);
    else if (this.#only?.path === path) this.#only = undefined;
  }

  isAlone(operation: Operation): boolean {
    return this.size === 1 && this.at(operation.path) !== undefined;
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

  /** Records what only memory knows of them. */
  keep(): void {
    for (const { attempts } of this) attempts?.keep();
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

  /** Those that have no last record, neither from this life nor from an earlier one. */
  withoutRecord(past: { isRecorded(path: Path): boolean }): readonly Operation[] {
    const open: Operation[] = [];
    for (const operation of this) {
      const { settling, path } = operation;
      if (settling !== "recorded" && !past.isRecorded(path)) open.push(operation);
    }
    return open;
  }

  /** Stops what they have running: bodies, timers. */
  stop(why: string): void {
    for (const { path, stop } of this) {
      stop?.(runtimeError("CANCELLED", `${path} was stopped: ${why}`));
    }
  }
}
