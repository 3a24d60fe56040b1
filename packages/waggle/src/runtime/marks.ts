import { encodeEvent } from "../core/event-codec.ts";
import type { Outbox } from "./outbox.ts";

/** Changes of the code that one life was asked about; see {@link Context.changed}. */
export class Marks {
  readonly #recorded: ReadonlySet<string>;
  readonly #answers = new Map<string, boolean>();

  constructor(recorded: ReadonlySet<string>) {
    this.#recorded = recorded;
  }

  /** All that the life knows of. */
  get known(): ReadonlySet<string> {
    const answered = [...this.#answers].flatMap(([id, isKnown]) => (isKnown ? [id] : []));
    return new Set([...this.#recorded, ...answered]);
  }

  /** True if the life knows of the change `id`: it was recorded, or nothing is recorded from here on. */
  has(id: string, isReplaying: boolean, outbox: Outbox): boolean {
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const isMarked = this.#recorded.has(id);
    if (!isMarked && !isReplaying) outbox.mark(encodeEvent({ type: "marked", id }));
    const answer = isMarked || !isReplaying;
    this.#answers.set(id, answer);
    return answer;
  }
}
