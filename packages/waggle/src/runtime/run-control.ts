import { encodeData } from "../core/data.ts";
import { runtimeError } from "../core/errors.ts";
import { type Path, type RunId, rootTaskId, type TaskId } from "../core/ids.ts";
import { type Payload, payload } from "../core/payload.ts";
import type { CallOptions } from "../ports/call-options.ts";
import type { Clock } from "../ports/clock.ts";
import type { CommitResult, DeliverWrite, Gate, Store, TaskRow, Write } from "../ports/store.ts";
import { messagesCell } from "./allowance.ts";
import type { Host } from "./host.ts";
import { isUnfinished } from "./ledger-view.ts";
import { encodeSignal } from "./mail.ts";
import { readReceipt } from "./read-receipt.ts";
import type { CancelReceipt } from "./receipt.ts";
import { blobWrite } from "./recording.ts";

export interface SignalOptions extends CallOptions {
  /**
   * True: only the first signal of this name is ever taken by the task; another fails with `ALREADY_ANSWERED`. A text:
   * so for signals of this name with that text, whatever others come.
   */
  readonly once?: boolean | string;
}

/** What control of runs needs of the system around it. */
export interface ControlParts {
  readonly store: Store;
  readonly clock: Clock;
  /** In whose name it writes: the present incarnation of this process, or one that owns nothing. */
  readonly host: () => Pick<Host, "id" | "mailed">;
  readonly pollMs: number;
  /** Aborts when the system is disposed. */
  readonly closed: AbortSignal;
}

/** Tries of a commit whose outcome is unknown. */
const MAX_TRIES = 20;

/** Moves the gates of runs, and sends signals, from outside. */
export class RunControl {
  readonly #parts: ControlParts;
  /** Signals sent so far. */
  #sent = 0;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /**
   * Nothing of the run that is recorded when it begins does so any more until it is resumed; steps of class
   * `repeatable` begin no more as soon as their host has heard. What runs ends and is recorded. Deadlines and timers
   * stand still. Pausing a paused run changes nothing.
   * @throws RuntimeError `NOT_FOUND`; `TOO_LATE` if it is being cancelled or has ended.
   */
  async pause(run: RunId): Promise<void> {
    await this.#move(run, ["open", "paused"], "paused");
  }

  /** Lets a paused run go on; of an open one, nothing. @throws RuntimeError as {@link RunControl.pause}. */
  async resume(run: RunId): Promise<void> {
    await this.#move(run, ["open", "paused"], "open");
  }

  /**
   * Stops a run: tasks that have not begun never do, the others get `CANCELLED` from what they wait for and abort
   * signals in their steps, run their clean-ups, and are ended after the grace. When it resolves the run has ended:
   * no recorded effect of it starts, and no living host owns a task of it. Of a run that has ended, nothing.
   * @returns What was stopped, what had finished, and what nobody knows.
   * @throws RuntimeError `NOT_FOUND`; the signal's reason (the run is being cancelled all the same).
   */
  async cancel(run: RunId, options: CallOptions = {}): Promise<CancelReceipt> {
    const { clock, pollMs, closed, store, host } = this.#parts;
    const gate = await this.#gateOf(run);
    if (gate !== "ended") await this.#move(run, ["open", "paused", "cancelling"], "cancelling");
    const signal = AbortSignal.any([
      closed,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    while ((await this.#gateOf(run)) !== "ended") {
      const writes: Write[] = [{ type: "gate", run, from: ["cancelling"], to: "ended" }];
      const result = await store.commit({ host: host().id, writes });
      if (result.type !== "committed") await clock.sleep(pollMs, { signal });
    }
    return this.receipt(run);
  }

  /** What a cancel came to. Of a run that was not cancelled: all its tasks as finished. */
  receipt(run: RunId): Promise<CancelReceipt> {
    return readReceipt(this.#parts, run);
  }

  /**
   * Sends `value` to a task as the signal `name`; it is kept until the task waits for it.
   * @throws RuntimeError `NOT_FOUND`; `TOO_LATE` if the task has ended (with outcome `unknown`: it may have taken the
   * signal before, for the store did not answer in between); `ALREADY_ANSWERED` with `once`; `NOT_DATA`;
   * `VALUE_TOO_LARGE`; `STORE_UNAVAILABLE` (it may have been sent).
   */
  async signal(
    task: TaskId,
    name: string,
    value: unknown,
    options: SignalOptions = {},
  ): Promise<void> {
    const sent = payload(encodeData(value, `signal '${name}'`));
    // Of this call only: so a commit that is tried again after an unknown outcome cannot send it twice.
    const from = `${this.#parts.host().id}.${this.#sent++}`;
    const path = signalPath(name, options.once ?? false, from);
    const data = encodeSignal(name, sent, from);
    const mail = { type: "deliver", task, kind: "signal", path, data, late: "refuse" } as const;
    const { result, isRepeated } = await this.#commit([mail, ...(await this.#kept(task, sent))]);
    if (result.type === "refused") {
      const isTaken = isRepeated && result.reason === "duplicate";
      const isShared = (options.once ?? false) !== false;
      const isOwn = isTaken && (!isShared || (await this.#isOwn(mail, name)));
      if (!isOwn) throw signalRefused(task, name, result.reason, isRepeated);
    }
    this.#parts.host().mailed();
  }

  /** Keeps a large signal as long as the run of `task`. */
  async #kept(task: TaskId, { blob }: Payload): Promise<readonly Write[]> {
    if (blob === undefined) return [];
    const loaded = await this.#parts.store.load(task);
    return loaded === undefined ? [] : [blobWrite(blob, loaded.row.run)];
  }

  /** True if what stands at the path of `mail` came from the same call, by an earlier try of it. */
  async #isOwn({ task, path, data }: DeliverWrite, name: string): Promise<boolean> {
    const loaded = await this.#parts.store.load(task);
    if (loaded === undefined || !isUnfinished(loaded.row)) {
      throw signalRefused(task, name, "closed", true);
    }
    return loaded.inbox.some((mail) => mail.path === path && mail.data === data);
  }

  /**
   * Removes everything of a run that has ended, except its id, and with it `logs`.
   * @throws RuntimeError `NOT_FOUND`; `CONFLICT` if it has not ended.
   */
  async trim(run: RunId, logs: readonly string[]): Promise<void> {
    const [counted] = await this.#parts.store.cells(messagesCell(run));
    const writes: Write[] = [{ type: "trim", run }];
    for (const log of logs) {
      writes.push({ type: "trim-log", log, before: Number.MAX_SAFE_INTEGER, all: true });
    }
    if (counted?.cell === messagesCell(run)) {
      writes.push({ type: "set", cell: counted.cell, expect: counted.version, value: null });
    }
    const { result } = await this.#commit(writes);
    if (result.type === "committed") return;
    if (result.reason === "absent") throw notFound(run);
    throw runtimeError("CONFLICT", `run '${run}' has not ended: cancel it first`);
  }

  /** The root task of a run, for those who signal it. @throws RuntimeError `NOT_FOUND`. */
  async root(run: RunId): Promise<TaskRow> {
    const loaded = await this.#parts.store.load(rootTaskId(run));
    if (loaded === undefined) throw notFound(run);
    return loaded.row;
  }

  async #move(run: RunId, from: readonly Gate[], to: Gate): Promise<void> {
    const others = from.filter((gate) => gate !== to);
    const { result } = await this.#commit([{ type: "gate", run, from: others, to }]);
    if (result.type === "committed") {
      this.#parts.host().mailed();
      return;
    }
    const gate = await this.#gateOf(run);
    if (gate === to || (to === "cancelling" && gate === "ended")) return;
    throw runtimeError("TOO_LATE", `run '${run}' is ${gate}: it cannot become ${to}`);
  }

  /**
   * Commits again while the outcome is unknown: every write here may be repeated.
   * @returns `isRepeated`: an earlier try of it may have been applied.
   */
  async #commit(writes: readonly Write[]): Promise<{
    readonly result: Exclude<CommitResult, { type: "unknown" }>;
    readonly isRepeated: boolean;
  }> {
    const { store, host, clock, pollMs } = this.#parts;
    let isRepeated = false;
    for (let tries = 1; ; tries++) {
      const result = await store.commit({ host: host().id, writes });
      if (result.type === "refused" && result.reason === "fenced") {
        await clock.sleep(pollMs);
      } else if (result.type === "unknown") {
        isRepeated = true;
      } else {
        return { result, isRepeated };
      }
      if (tries >= MAX_TRIES) {
        throw runtimeError("STORE_UNAVAILABLE", `the store did not answer ${MAX_TRIES} times`);
      }
    }
  }

  async #gateOf(run: RunId): Promise<Gate> {
    const [found] = await this.#parts.store.runs({ run });
    if (found === undefined) throw notFound(run);
    return found.gate;
  }
}

function signalPath(name: string, once: boolean | string, from: string): Path {
  if (once === false) return `signal:${name}#${from}` as Path;
  return (once === true ? `signal:${name}` : `signal:${name}[${once}]`) as Path;
}

function notFound(run: RunId): Error {
  return runtimeError("NOT_FOUND", `there is no run '${run}'`);
}

function signalRefused(task: TaskId, name: string, reason: string, isRepeated: boolean): Error {
  if (reason === "absent") return runtimeError("NOT_FOUND", `there is no task ${task}`);
  if (reason === "duplicate") {
    return runtimeError("ALREADY_ANSWERED", `task ${task} has its signal '${name}' already`);
  }
  return runtimeError("TOO_LATE", `task ${task} has ended: nobody waits for signal '${name}'`, {
    ...(isRepeated ? { outcome: "unknown" } : {}),
  });
}
