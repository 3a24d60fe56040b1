import { type ErrorData, runtimeError } from "../core/errors.ts";
import { errorPayload } from "../core/payload.ts";
import { toErrorData } from "../core/thrown.ts";
import { AttemptState } from "./attempt-state.ts";
import type { StepOptions } from "./context.ts";
import { recordDropped } from "./drops.ts";
import { type Attempts, type Operation, type OperationOwner, runTime } from "./operation.ts";
import { park, startTimer } from "./parking.ts";
import { recordOutcome, recordValue } from "./recording.ts";
import {
  type Finding,
  hasStopped,
  isReconciling,
  type ReconcilingOptions,
  reconcile,
  unreconciled,
} from "./step-reconcile.ts";
import { backoffAfter, type Failure, isRetried, RECORDED_FROM_MS } from "./step-retry.ts";
import { idempotencyKey, runBody, type StepBody, StepRun } from "./step-run.ts";

// The attempts of a step that is guarded (class `keyed` or `once`) or tried again when it fails. Owns: their way from
// intent to outcome, and the waits in between. Doesn't own: what is known of them (`attempt-state.ts`), whether another
// one follows (`step-retry.ts`), one execution (`step-run.ts`), the look for an effect (`step-reconcile.ts`).
// Invariants:
// A1 a guarded attempt starts only after its intent is durable (K6).
// A2 see `attempt-state.ts`.
// A3 what a crash must not forget is recorded: that a guarded attempt was not applied; a back-off from 10 s on; any
//    back-off whose task leaves memory. No such record is a delivery: the handler sees the last outcome only (K4).
// A4 an attempt whose outcome is unknown goes to its policy: look for it, else the same key again, else the error (K5).

/** See {@link Attempts}. */
export class StepAttempts implements Attempts {
  readonly #owner: OperationOwner;
  readonly #operation: Operation;
  readonly #body: StepBody;
  readonly #options: StepOptions<unknown>;
  readonly #state: AttemptState;
  /** Resolves when the body of the last attempt has ended, in time or not. */
  #ended: PromiseLike<void> | undefined;

  constructor(
    owner: OperationOwner,
    operation: Operation,
    body: StepBody,
    options: StepOptions<unknown>,
  ) {
    const { path } = operation;
    this.#owner = owner;
    this.#operation = operation;
    this.#body = body;
    this.#options = options;
    const { class: effect = "repeatable" } = options;
    this.#state = new AttemptState(path, effect, owner.journal.attempts.get(path));
  }

  get doubt(): number | undefined {
    return this.#state.doubt;
  }

  goOn(): void {
    const { isCut, until } = this.#state;
    if (isCut) this.#settleCut();
    else if (until !== null && runTime(this.#owner) < until) this.#wait(until);
    else this.#begin();
  }

  keep(): void {
    this.#record(() => {});
  }

  /** A4: an earlier life began an attempt, and nothing says how it ended. */
  #settleCut(): void {
    const state = this.#state;
    const { path } = this.#operation;
    const options = this.#options;
    if (!isReconciling(options) && state.effect === "once") {
      const problem = `a crash cut ${path} off; whether its effect happened is unknown, and class 'once' forbids a second try`;
      state.settleCut();
      this.#end(runtimeError("EFFECT_UNKNOWN", problem).toData());
      return;
    }
    if (state.overAt !== null && this.#owner.host.clock.now() < state.overAt) {
      // Whoever had the task may stand still, and its body run on: what is found or repeated now comes too early.
      this.#wait(state.overAt - this.#owner.pausedMs);
      return;
    }
    state.settleCut();
    if (isReconciling(options)) this.#look(options, undefined);
    else this.#begin();
  }

  /** Begins the next attempt; A1. */
  #begin(): void {
    const owner = this.#owner;
    const operation = this.#operation;
    const state = this.#state;
    const attempt = state.attempt + 1;
    if (!state.isGuarded) {
      this.#execute(attempt);
      return;
    }
    operation.phase = "starting";
    // Its time is counted from before the intent, so it is over when the intent's time and `timeoutMs` are.
    const since = owner.host.clock.monotonic();
    const key = idempotencyKey(owner, operation, state.round);
    owner.outbox.add({
      events: [...state.doubts, state.intent(attempt, key, this.#options.timeoutMs)],
      starts: true,
      cleanup: operation.isCleanup,
      committed: () => {
        state.doubtsTold();
        this.#execute(attempt, since);
      },
      refused: () => owner.goOn(operation),
    });
  }

  /** @param since - Monotonic ms from which on its time is counted. Default: now. */
  #execute(attempt: number, since?: number): void {
    if (this.#isGivenUp()) return;
    const owner = this.#owner;
    const operation = this.#operation;
    const { clock } = owner.host;
    const fresh = owner.host.whenFresh();
    if (fresh !== undefined) {
      operation.phase = "starting";
      void fresh.then(() => this.#execute(attempt, since));
      return;
    }
    const state = this.#state;
    const before = state.doubt;
    state.begins(attempt);
    const { timeoutMs } = this.#options;
    const spentMs = since === undefined ? 0 : clock.monotonic() - since;
    if (timeoutMs !== undefined && spentMs >= timeoutMs) {
      const problem = `${operation.path} could not begin within ${timeoutMs} ms`;
      this.failed(runtimeError("STEP_TIMEOUT", problem, { outcome: "not-applied" }), before);
      return;
    }
    const run = new AttemptRun(this, owner, operation, { attempt, round: state.round, before });
    this.#ended = undefined;
    this.#ended = runBody(owner, operation, run, this.#body, timeoutMs, spentMs);
  }

  /** @param before - What was in doubt when the attempt began. */
  failed(thrown: unknown, before: number | undefined): void {
    const error = this.#state.failed(toErrorData(thrown), before);
    // Of a body that was told to stop, what it throws says no more than that it has stopped.
    if (this.#isGivenUp()) return;
    const failure = { error, thrown, attempt: this.#state.attempt };
    const isInDoubt = this.#state.isGuarded && error.outcome === "unknown";
    const options = this.#options;
    if (isInDoubt && isReconciling(options)) this.#lookAfter(options, failure);
    else this.#decide(failure);
  }

  #decide(failure: Failure): void {
    const { retry } = this.#options;
    const { error } = failure;
    try {
      if (retry === undefined || !isRetried(this.#state.effect, retry, failure)) this.#end(error);
      else this.#backOff(failure, backoffAfter(this.#owner, this.#operation, retry, failure));
    } catch (wrong) {
      this.#end({ ...toErrorData(wrong), outcome: error.outcome });
    }
  }

  #end(error: ErrorData): void {
    recordOutcome(this.#owner, this.#operation, errorPayload(error), this.#state.doubts);
  }

  #backOff(failure: Failure, ms: number): void {
    const owner = this.#owner;
    const { deadline } = owner.task;
    const until = runTime(owner) + ms;
    // Nobody would wait for the next attempt any more.
    if (deadline !== null && until >= deadline) {
      this.#end(failure.error);
      return;
    }
    const isCertain = this.#state.backsOff(failure, until);
    if (ms < RECORDED_FROM_MS && !isCertain) {
      this.#wait(until);
      return;
    }
    this.#operation.phase = "starting";
    this.#record(() => {
      if (!this.#isGivenUp()) this.#wait(until);
    });
  }

  /** A3: records the back-off, unless that was done. */
  #record(committed: () => void): void {
    const events = this.#state.takeRetrying();
    if (events !== undefined) this.#owner.outbox.add({ events, starts: false, committed });
  }

  /** Waits without slot, and, where that is recorded, without memory. */
  #wait(until: number): void {
    const owner = this.#owner;
    const operation = this.#operation;
    operation.outside = true;
    operation.deadline = until;
    startTimer(owner, operation, until, () => {
      operation.outside = false;
      operation.deadline = null;
      owner.goOn(operation);
    });
    park(owner, operation);
  }

  /** Looks for the effect of an attempt that failed, once its body can do it no more. */
  #lookAfter(options: ReconcilingOptions, failure: Failure): void {
    const { timeoutMs } = options;
    const ended = this.#ended;
    this.#ended = undefined;
    // Without a time limit it has ended.
    if (this.#state.effect !== "once" || ended === undefined || timeoutMs === undefined) {
      this.#look(options, failure);
      return;
    }
    void hasStopped(this.#owner, ended, timeoutMs).then((stopped) => {
      if (this.#isGivenUp()) return;
      // A body that does not stop may do it after all, whatever is found now.
      if (stopped) this.#look(options, failure);
      else this.#end(failure.error);
    });
  }

  /** @param failure - Undefined after a crash. */
  #look(options: ReconcilingOptions, failure: Failure | undefined): void {
    const told = (finding: Finding): void => this.#found(finding, failure);
    reconcile(this.#owner, this.#operation, options, this.#state, told);
  }

  #found(finding: Finding, failure: Failure | undefined): void {
    if (finding.found === true) {
      recordValue(this.#owner, this.#operation, finding.value);
      return;
    }
    if (finding.found === false) this.#state.doubt = undefined;
    if (this.#isGivenUp()) return;
    if (finding.found === "unknown") {
      this.#end(unreconciled(this.#operation, finding.thrown, failure?.error));
    } else if (failure === undefined) {
      this.#begin();
    } else {
      this.#decide({ ...failure, error: { ...failure.error, outcome: "not-applied" } });
    }
  }

  /** True if nothing of it goes on: its task has ended here, or nobody needs it and that is recorded now. */
  #isGivenUp(): boolean {
    if (this.#owner.finished) return true;
    if (this.#operation.dropped === undefined) return false;
    recordDropped(this.#owner, this.#operation);
    return true;
  }
}

/** One attempt. */
class AttemptRun extends StepRun {
  readonly #attempts: StepAttempts;
  readonly #before: number | undefined;

  constructor(
    attempts: StepAttempts,
    owner: OperationOwner,
    operation: Operation,
    one: { readonly attempt: number; readonly round: number; readonly before: number | undefined },
  ) {
    super(owner, operation, one.attempt, one.round);
    this.#attempts = attempts;
    this.#before = one.before;
  }

  returned(value: unknown): void {
    recordValue(this.owner, this.operation, value);
  }

  threw(thrown: unknown): void {
    this.#attempts.failed(thrown, this.#before);
  }
}
