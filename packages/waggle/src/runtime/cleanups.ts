import { errorPayload, type OutcomePayload } from "../core/payload.ts";
import { toErrorData } from "../core/thrown.ts";
import type { Context } from "./context.ts";
import type { Scope } from "./scope.ts";

/** How one clean-up undoes what was done. */
interface Cleanup {
  readonly name: string;
  readonly body: (ctx: Context) => Promise<void>;
}

/** What a handler wants undone if it does not end well. */
export class Cleanups {
  readonly #registered: Cleanup[] = [];

  add(name: string, body: Cleanup["body"]): void {
    this.#registered.push({ name, body });
  }

  /**
   * Runs them one after the other, the last one first. One that fails does not keep the others from running; its
   * message stands in the details of the outcome.
   */
  async run(
    outcome: OutcomePayload,
    root: Scope,
    contextOf: (scope: Scope) => Context,
  ): Promise<OutcomePayload> {
    const ended = outcome.decode();
    if (ended.type !== "error") return outcome;
    const failed: Record<string, string> = {};
    for (;;) {
      const next = this.#registered.pop();
      if (next === undefined) break;
      try {
        const place = root.enter("cleanup", next.name, undefined);
        await next.body(contextOf(root.branch(place, undefined, true)));
        place.leave();
      } catch (thrown) {
        failed[next.name] = toErrorData(thrown).message;
      }
    }
    if (Object.keys(failed).length === 0) return outcome;
    const { error } = ended;
    return errorPayload({ ...error, details: { ...error.details, cleanupsFailed: failed } });
  }
}
