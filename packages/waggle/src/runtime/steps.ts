import type { StepOptions } from "./context.ts";
import { recordDropped } from "./drops.ts";
import type { Operation, OperationOwner } from "./operation.ts";
import { recordError, recordValue } from "./recording.ts";
import { StepAttempts } from "./step-attempts.ts";
import { runBody, type StepBody, StepRun } from "./step-run.ts";

/** Does a step that has no recorded outcome. */
export function beginStep(
  owner: OperationOwner,
  operation: Operation,
  body: StepBody,
  options: StepOptions<unknown>,
): void {
  const { class: effect = "repeatable", retry } = options;
  if (effect === "repeatable" && retry === undefined) {
    executeOnce(owner, operation, body, options.timeoutMs);
    return;
  }
  operation.attempts ??= new StepAttempts(owner, operation, body, options);
  operation.attempts.goOn();
}

/** A step that may run any number of times, and is not tried again when it fails: most are like this. */
class OnlyRun extends StepRun {
  returned(value: unknown): void {
    recordValue(this.owner, this.operation, value);
  }

  threw(thrown: unknown): void {
    const { owner, operation } = this;
    // Of a body that was told to stop, what it throws says no more than that it has stopped.
    if (operation.dropped === undefined) recordError(owner, operation, thrown);
    else recordDropped(owner, operation);
  }
}

function executeOnce(
  owner: OperationOwner,
  operation: Operation,
  body: StepBody,
  timeoutMs: number | undefined,
): void {
  if (owner.finished) return;
  if (operation.dropped !== undefined) {
    recordDropped(owner, operation);
    return;
  }
  const fresh = owner.host.whenFresh();
  if (fresh === undefined) {
    void runBody(owner, operation, new OnlyRun(owner, operation, 1, 0), body, timeoutMs);
    return;
  }
  operation.phase = "starting";
  void fresh.then(() => executeOnce(owner, operation, body, timeoutMs));
}
