import type { Envelope } from "../core/envelope.ts";
import type { RuntimeError } from "../core/errors.ts";
import type { Path } from "../core/ids.ts";
import type { OutcomePayload } from "../core/payload.ts";
import type { AgentDefinition } from "./agent.ts";

/** A life whose handler may come to an end. */
export interface TrackedLife {
  readonly task: Envelope;
  /** Changes of the code that it knows of, also where that is not written yet. */
  readonly marks: ReadonlySet<string>;
  readonly isOver: boolean;
}

/** What the handler of one life has asked for so far, in order; to be compared with a replay of it. */
export interface Trail {
  /** It asks for the operation at `path`. */
  note(path: Path): void;
  /** Replays it up to here. @returns what is wrong. */
  check(): Promise<RuntimeError | undefined>;
  /**
   * The handler has ended, and everything but that is written: calls `ended`, once, with its outcome, or with what is
   * wrong in its place; never if the life is over before.
   */
  end(outcome: OutcomePayload, ended: (outcome: OutcomePayload) => void): void;
}

/** Makes trails. */
export interface Tracker {
  trailOf(life: TrackedLife, definition: AgentDefinition): Trail;
}
