import type { Envelope } from "../core/envelope.ts";
import type { EncodedOutcome } from "../core/event-codec.ts";
import type { Path } from "../core/ids.ts";
import type { OutcomePayload } from "../core/payload.ts";
import type { Clock } from "../ports/clock.ts";
import type { AgentDefinition } from "./agent.ts";
import type { Divergence } from "./divergence.ts";
import { Life } from "./life.ts";
import type { LifeStart } from "./life-start.ts";
import type { Operation } from "./operation.ts";
import { type OperationOf, RehearsalHost } from "./rehearsal-host.ts";

// Replaying a task for the look of it. Owns: what is compared. Doesn't own: how a task is replayed, which is `Life`.
// Invariants:
// V2 nothing happens: no operation begins, nothing is written, no body runs. What stands outside of `ctx` in a handler
//    runs, as it does in every replay.
// V3 a rehearsal that fits fits a replay after a crash: it is the same code that replays.

/** What is recorded of a task besides the results that its handler got. */
export type Past =
  /** Its handler goes on: it has asked for `outstanding`, without an outcome, and may ask for anything new. */
  | { readonly type: "open"; readonly outstanding: readonly Path[] }
  /** Its handler has asked for `requests`, in this order, and goes on with what cannot be replayed. */
  | { readonly type: "so-far"; readonly requests: readonly Path[] }
  /** Its handler has asked for `requests` and nothing else, in this order where it is known, and has ended so. */
  | {
      readonly type: "ended";
      readonly requests: { readonly inOrder: readonly Path[] } | { readonly all: readonly Path[] };
      readonly outcome: EncodedOutcome;
    };

/** A task that is to be replayed. */
export interface RehearsedTask {
  readonly task: Envelope;
  readonly definition: AgentDefinition;
  readonly start: LifeStart;
  readonly past: Past;
  /** In case it does not fit. */
  readonly hint: string;
}

/** Turns after the last result in which a handler may come to its end: one for plain promises to settle. */
const PATIENCE_TURNS = 1;
/** Characters of a result that are shown. */
const SHOWN = 200;
const RETURNED = "the handler returned";

/** Replays `rehearsed` in memory, and does nothing else. @returns where it left the record; undefined: it fits. */
export function rehearse(
  rehearsed: RehearsedTask,
  clock: Clock,
  operationOf: OperationOf,
): Promise<Divergence | undefined> {
  return new Promise((resolve) => {
    const { hint } = rehearsed;
    const life = new Rehearsal(rehearsed, new RehearsalHost(clock, operationOf), (difference) =>
      resolve(difference && { ...difference, hint }),
    );
    life.begin(false);
  });
}

type Difference = Omit<Divergence, "hint"> | undefined;

class Rehearsal extends Life {
  readonly #past: Past;
  readonly #ended: (difference: Difference) => void;
  readonly #requests: Path[] = [];
  #patience = PATIENCE_TURNS;

  constructor(
    { definition, task, start, past }: RehearsedTask,
    host: RehearsalHost,
    ended: (difference: Difference) => void,
  ) {
    // Where the gate stands and what mail there is would make something happen.
    const still = { gate: "open", mail: [], prefix: [], isRehearsal: true } as const;
    super(host, definition, task, { ...start, ...still });
    this.#past = past;
    this.#ended = ended;
  }

  override request(operation: Operation): void {
    if (!this.isOver) this.#requests.push(operation.path);
    super.request(operation);
  }

  override diverged(expected: string, actual: string): void {
    this.#end({ expected, actual });
  }

  /** The handler has returned or thrown, and nothing recorded is left that it had not asked for. */
  override end(outcome: OutcomePayload): void {
    this.#verifyOpen();
    const past = this.#past;
    if (past.type === "ended") {
      this.#end(this.#difference(past.requests) ?? difference(past.outcome, outcome.encoded));
    } else {
      this.#end(
        past.type === "open" ? this.#missing(past.outstanding) : this.#inOrder(past.requests),
      );
    }
  }

  /** Everything recorded was handed over, and the handler has said what it wants next. */
  override replayed(): boolean {
    const past = this.#past;
    if (this.#patience-- > 0) {
      this.host.schedule(this);
      return false;
    }
    this.#verifyOpen();
    if (past.type === "open") this.#end(this.#missing(past.outstanding));
    else if (past.type === "so-far") this.#end(this.#inOrder(past.requests));
    else
      this.#end(this.#difference(past.requests) ?? { expected: RETURNED, actual: this.#waits() });
    return false;
  }

  /** Of what has no outcome, too, what was asked is compared: a life would do so when it goes on with it. */
  #verifyOpen(): void {
    for (const operation of this.operations) operation.verify?.(operation);
  }

  #end(found: Difference): void {
    if (this.isOver) return;
    this.leave();
    this.#ended(found);
  }

  #waits(): string {
    const open = [...this.operations].map(({ path }) => path).join(", ");
    return open === "" ? "nothing" : open;
  }

  #difference(wanted: (Past & { readonly type: "ended" })["requests"]): Difference {
    if ("inOrder" in wanted) return this.#inOrder(wanted.inOrder);
    const all = new Set(wanted.all);
    const more = this.#requests.find((path) => !all.has(path));
    return more === undefined
      ? this.#missing(wanted.all)
      : { expected: "nothing more", actual: more };
  }

  #inOrder(wanted: readonly Path[]): Difference {
    const length = Math.max(wanted.length, this.#requests.length);
    for (let i = 0; i < length; i++) {
      const [expected, actual] = [wanted[i], this.#requests[i]];
      if (expected === actual) continue;
      return { expected: expected ?? "nothing more", actual: actual ?? "nothing" };
    }
    return undefined;
  }

  #missing(wanted: readonly Path[]): Difference {
    const asked = new Set(this.#requests);
    const missing = wanted.find((path) => !asked.has(path));
    return missing === undefined ? undefined : { expected: missing, actual: this.#waits() };
  }
}

function difference(expected: EncodedOutcome, actual: EncodedOutcome): Difference {
  if (expected === actual || sameData(expected, actual)) return undefined;
  return { expected: shown(expected), actual: shown(actual) };
}

/** Texts of the same data may differ in the order of number-like keys. */
function sameData(one: string, other: string): boolean {
  return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));
}

function shown(outcome: EncodedOutcome): string {
  const text = outcome.length > SHOWN ? `${outcome.slice(0, SHOWN)}...` : outcome;
  return `the outcome ${text}`;
}
