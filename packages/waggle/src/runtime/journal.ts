import type { ErrorData } from "../core/errors.ts";
import { runtimeError } from "../core/errors.ts";
import type { Outcome, TaskEvent } from "../core/event.ts";
import { type BlobTexts, blobsIn, decodeEvent } from "../core/event-codec.ts";
import type { BlobId, Path, TaskId } from "../core/ids.ts";
import type { LoadedTask, StoredEvent, StoreReads } from "../ports/store.ts";

/** A result on its way to a handler. */
export interface Delivery {
  readonly path: Path;
  /** Wall-clock ms of the commit that recorded it. */
  readonly at: number;
  readonly outcome: Outcome;
}

/** An ask or send that was recorded, for comparison with what replay asks now. */
interface RecordedAsk {
  /** JSON text, or the blob that holds it. */
  readonly input: string;
  readonly target: string;
  readonly awaited: boolean;
  readonly child: TaskId;
  readonly until: number | null;
}

/** What is recorded of the attempts of a step that has no outcome. */
export interface AttemptRecord {
  /** The one that began last, as far as is recorded. */
  readonly attempt: number;
  /** Of its idempotency key; once it is over, of the next one's. */
  readonly round: number;
  /** True if nothing says how it ended. */
  readonly isCut: boolean;
  /** Wall-clock ms from which on a cut attempt is certainly over; null: there is no such time. */
  readonly overAt: number | null;
  /** When the next attempt may begin, in run time; null: no back-off is recorded. */
  readonly until: number | null;
  /** An attempt that may have had its effect. */
  readonly doubt: number | undefined;
  /** True if some attempt under this key may have had its effect, whatever was found out later. */
  readonly isKeyUsed: boolean;
}

/** What a task's stream says about the life it had so far, in its present generation. */
export interface Journal {
  /** Results in the order in which they reached, or would have reached, the handler (K4). */
  readonly deliveries: readonly Delivery[];
  readonly asks: ReadonlyMap<Path, RecordedAsk>;
  /** Steps that began, as far as that is recorded. */
  readonly attempts: ReadonlyMap<Path, AttemptRecord>;
  /** Timers and waits that began: path -> when they end, in run time. */
  readonly armed: ReadonlyMap<Path, number | null>;
  /** Asks that were given up, and whose children are told. */
  readonly drops: ReadonlySet<Path>;
  /** Changes of the code that the life knew of. */
  readonly marks: ReadonlySet<string>;
  /** Signals that were taken. */
  readonly signals: ReadonlySet<number>;
  readonly generation: number;
}

/** The journal of a task that has no past. */
export const EMPTY_JOURNAL: Journal = {
  deliveries: [],
  asks: new Map(),
  attempts: new Map(),
  armed: new Map(),
  drops: new Set(),
  marks: new Set(),
  signals: new Set(),
  generation: 0,
};

/** The error an ask ends with when nobody answered in time. */
export function askTimeout(path: Path): ErrorData {
  return runtimeError("ASK_TIMEOUT", `no answer to ${path} in time`).toData();
}

/** The error a wait ends with when no signal came in time. */
export function waitTimeout(path: Path): ErrorData {
  return runtimeError("WAIT_TIMEOUT", `no signal for ${path} in time`).toData();
}

/** The error of an operation that was given up. */
export function cancelled(path: Path, why: string): ErrorData {
  return runtimeError("CANCELLED", `${path} was cancelled: ${why}`).toData();
}

/** What the handler reads of an operation that was dropped. */
export const DROP_REASONS: { readonly [Why in "lost" | "cancelled"]: string } = {
  lost: "its branch was given up",
  cancelled: "its task was cancelled",
};

/** A journal that is being read. */
class JournalReader {
  readonly deliveries: Delivery[] = [];
  readonly asks = new Map<Path, RecordedAsk>();
  readonly attempts = new Map<Path, AttemptRecord>();
  readonly armed = new Map<Path, number | null>();
  readonly drops = new Set<Path>();
  readonly marks = new Set<string>();
  readonly signals = new Set<number>();
  generation = 0;

  read(event: TaskEvent, stored: StoredEvent): void {
    switch (event.type) {
      case "done":
        this.#deliver(event.path, stored.at, event.outcome);
        break;
      case "received":
        if (event.seq !== undefined) this.signals.add(event.seq);
        this.#deliver(event.path, stored.at, event.outcome);
        break;
      case "asked":
        this.#asked(event, stored);
        break;
      case "intent":
        this.#begun(event, stored.at);
        break;
      case "unknown":
        this.#doubted(event);
        break;
      case "retrying":
        this.#retrying(event);
        break;
      case "armed":
        this.armed.set(event.path, event.until);
        break;
      case "fired":
        this.#deliver(event.path, stored.at, NOTHING);
        break;
      case "dropped":
        this.#dropped(event, stored.at);
        break;
      case "marked":
        this.marks.add(event.id);
        break;
      case "restarted":
        this.generation = event.generation;
        for (const seq of event.taken) this.signals.add(seq);
        break;
      case "started":
      case "resumed":
      case "stuck":
      case "closed":
        break;
    }
  }

  #asked(event: TaskEvent & { readonly type: "asked" }, { at, data }: StoredEvent): void {
    const { path, child, awaited, until, target } = event;
    const input = blobsIn(data) ?? JSON.stringify(event.input);
    this.asks.set(path, { input, target, awaited, child, until });
    // A send is over when it is accepted; an ask when its answer is received.
    if (!awaited) this.#deliver(path, at, { type: "value", value: child });
  }

  #begun(event: TaskEvent & { readonly type: "intent" }, at: number): void {
    const { path, attempt, round = 0, timeoutMs } = event;
    const isKeyUsed = this.attempts.get(path)?.isKeyUsed ?? false;
    const overAt = timeoutMs === undefined ? null : at + timeoutMs;
    const doubt = attempt;
    this.attempts.set(path, { attempt, round, isCut: true, overAt, until: null, doubt, isKeyUsed });
  }

  #doubted({ path, attempt }: TaskEvent & { readonly type: "unknown" }): void {
    const before = this.attempts.get(path);
    if (before !== undefined) {
      this.attempts.set(path, { ...before, doubt: attempt, isKeyUsed: true });
    }
  }

  #retrying(event: TaskEvent & { readonly type: "retrying" }): void {
    const { path, attempt, round = 0, until, error } = event;
    const before = this.attempts.get(path);
    // What the kernel says of the outcome holds for all attempts so far.
    const doubt = error.outcome === "unknown" ? before?.doubt : undefined;
    const isKeyUsed = before?.isKeyUsed ?? false;
    this.attempts.set(path, {
      attempt,
      round,
      isCut: false,
      overAt: null,
      until,
      doubt,
      isKeyUsed,
    });
  }

  #dropped({ path, why }: TaskEvent & { readonly type: "dropped" }, at: number): void {
    if (why === "returned") return;
    if (why === "timeout") {
      const error = this.armed.has(path) ? waitTimeout(path) : askTimeout(path);
      this.#deliver(path, at, { type: "error", error });
    } else if (this.asks.has(path)) {
      // Its child was told to stop; it ends with the child's answer.
      this.drops.add(path);
    } else {
      this.#deliver(path, at, { type: "error", error: cancelled(path, DROP_REASONS[why]) });
    }
  }

  #deliver(path: Path, at: number, outcome: Outcome): void {
    this.deliveries.push({ path, at, outcome });
  }
}

const NOTHING: Outcome = { type: "value", value: null };

/** Reads a journal from a stream, oldest event first. */
export function readJournal(events: readonly StoredEvent[], texts: BlobTexts): Journal {
  const reader = new JournalReader();
  for (const stored of events) reader.read(decodeEvent(stored, texts), stored);
  return reader;
}

/** The event that holds the input of the present generation of a task. */
export function originOf({ origin, events }: LoadedTask): StoredEvent {
  // With it may have come what was still to be written of the life before.
  return events.find(({ type }) => type === "restarted") ?? origin;
}

/** The input the present generation of a task was created with. */
export function inputOf(loaded: LoadedTask, texts: BlobTexts): unknown {
  const event = decodeEvent(originOf(loaded), texts);
  const hasInput = event.type === "started" || event.type === "asked" || event.type === "restarted";
  return hasInput ? event.input : null;
}

/** Reads the blobs that `loaded` refers to. */
export function loadTexts(reads: Pick<StoreReads, "blob">, loaded: LoadedTask): Promise<BlobTexts> {
  const { origin, events, inbox } = loaded;
  return readTexts(reads, [origin, ...events, ...inbox]);
}

/** Reads the blobs that events or mail refer to. */
export async function readTexts(
  reads: Pick<StoreReads, "blob">,
  items: readonly { readonly data: string }[],
): Promise<BlobTexts> {
  const wanted = new Set<BlobId>();
  for (const { data } of items) {
    const blob = blobsIn(data);
    if (blob !== undefined) wanted.add(blob);
  }
  const texts = new Map<BlobId, string>();
  for (const blob of wanted) {
    const bytes = await reads.blob(blob);
    if (bytes === undefined) throw runtimeError("INVARIANT", `blob ${blob} is not in the store`);
    texts.set(blob, new TextDecoder().decode(bytes));
  }
  return texts;
}

/** What was asked for and has no outcome. Code that fits asks for all of it before anything new may begin. */
export function outstandingOf({ deliveries, asks, attempts, armed }: Journal): readonly Path[] {
  const ended = new Set(deliveries.map(({ path }) => path));
  return [...asks.keys(), ...attempts.keys(), ...armed.keys()].filter((path) => !ended.has(path));
}

/** True if anything of a life was recorded that its replay has to come to first. */
export function hasPast({ deliveries, asks, armed, attempts, marks }: Journal): boolean {
  return (
    deliveries.length > 0 || asks.size > 0 || armed.size > 0 || attempts.size > 0 || marks.size > 0
  );
}
