import type { RuntimeError } from "../core/errors.ts";
import type { HostId, Path } from "../core/ids.ts";
import { errorPayload, type OutcomePayload } from "../core/payload.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import { divergedError, SAME_CODE_HINT } from "./divergence.ts";
import { type LifeStart, startOf } from "./life-start.ts";
import { type Past, rehearse } from "./rehearsal.ts";
import type { OperationOf } from "./rehearsal-host.ts";
import type { TrackedLife, Tracker, Trail } from "./trail.ts";

/** What a check needs of its host. */
export interface ReplayCheckHost {
  readonly id: HostId;
  readonly store: Store;
  readonly clock: Clock;
  readonly operationOf: OperationOf;
  activityBegan(): void;
  activityEnded(): void;
  /** Resolves when the store may be asked again. */
  trouble(cause: unknown): Promise<void>;
}

/**
 * Replays what a handler has done as soon as it has done it: a handler that would not do the same after a crash is found
 * in its first run. Nothing happens while it does (V2).
 */
export class ReplayCheck implements Tracker {
  readonly #host: ReplayCheckHost;
  readonly #report: (error: RuntimeError) => void;

  /** @param report - Called with what is wrong, each time. */
  constructor(host: ReplayCheckHost, report: (error: RuntimeError) => void) {
    this.#host = host;
    this.#report = report;
  }

  trailOf(life: TrackedLife, definition: AgentDefinition): Trail {
    return new CheckedTrail(this, life, definition);
  }

  /**
   * Replays the task of `life`, of which everything but its end is written.
   * @returns What is wrong. Undefined: nothing, or the task is not this host's any more.
   */
  async check(
    life: TrackedLife,
    definition: AgentDefinition,
    past: Past,
  ): Promise<RuntimeError | undefined> {
    const { clock, operationOf } = this.#host;
    this.#host.activityBegan();
    try {
      const start = await this.#startOf(life);
      if (start === undefined) return undefined;
      const { task, marks } = life;
      const journal = { ...start.journal, marks };
      const hint = SAME_CODE_HINT;
      const rehearsed = { task, definition, start: { ...start, journal }, past, hint };
      const divergence = await rehearse(rehearsed, clock, operationOf);
      if (divergence === undefined) return undefined;
      const error = divergedError(task, divergence);
      this.#report(error);
      return error;
    } finally {
      this.#host.activityEnded();
    }
  }

  async #startOf(life: TrackedLife): Promise<LifeStart | undefined> {
    const { id, store } = this.#host;
    while (!life.isOver) {
      try {
        const loaded = await store.load(life.task.id);
        // Somebody else's meanwhile: what would be written is refused.
        return loaded?.row.owner === id ? await startOf(store, loaded) : undefined;
      } catch (cause) {
        await this.#host.trouble(cause);
      }
    }
    return undefined;
  }
}

class CheckedTrail implements Trail {
  readonly #check: ReplayCheck;
  readonly #life: TrackedLife;
  readonly #definition: AgentDefinition;
  readonly #requests: Path[] = [];
  #hasEnded = false;

  constructor(check: ReplayCheck, life: TrackedLife, definition: AgentDefinition) {
    this.#check = check;
    this.#life = life;
    this.#definition = definition;
  }

  note(path: Path): void {
    this.#requests.push(path);
  }

  check(): Promise<RuntimeError | undefined> {
    const past: Past = { type: "so-far", requests: this.#requests };
    return this.#check.check(this.#life, this.#definition, past);
  }

  end(outcome: OutcomePayload, ended: (outcome: OutcomePayload) => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const requests = { inOrder: this.#requests };
    const past: Past = { type: "ended", requests, outcome: outcome.encoded };
    void this.#check.check(this.#life, this.#definition, past).then((wrong) => {
      if (this.#life.isOver) return;
      ended(wrong === undefined ? outcome : errorPayload(wrong.toData()));
    });
  }
}
