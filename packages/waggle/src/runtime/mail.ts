import { assertNever } from "../core/errors.ts";
import type { BlobReference } from "../core/event.ts";
import { type BlobTexts, valueOfBlob } from "../core/event-codec.ts";
import type { Path } from "../core/ids.ts";
import { inputField, type Payload } from "../core/payload.ts";
import type { Mail } from "../ports/store.ts";
import type { Journal } from "./journal.ts";
import { type Answer, decodeAnswer, type Operation, type Signal } from "./operation.ts";
import type { Outbox } from "./outbox.ts";

/** A mail as its receiver reads it. */
export type ReadMail =
  | { readonly type: "answer"; readonly path: Path; readonly answer: Answer }
  | { readonly type: "signal"; readonly signal: Signal }
  | { readonly type: "cancel" | "probe" | "resume" };

/** Reads `mail`. */
export function readMail(mail: Mail, texts: BlobTexts): ReadMail {
  const { kind, data, seq } = mail;
  switch (kind) {
    case "answer":
      // Answers are delivered with the path of the ask.
      return { type: kind, path: mail.path as Path, answer: decodeAnswer(data, texts) };
    case "signal": {
      const { name, value, inputBlob } = JSON.parse(data) as {
        readonly name: string;
        readonly value?: unknown;
        readonly inputBlob?: BlobReference;
      };
      const read = inputBlob === undefined ? value : valueOfBlob(inputBlob, texts);
      return { type: kind, signal: { seq, name, value: read } };
    }
    case "cancel":
    case "probe":
    case "resume":
      return { type: kind };
    default:
      return assertNever(kind);
  }
}

/**
 * The mail of kind `signal` with this name and value; a large value is referred to.
 * @param from - Names the call that sends it.
 */
export function encodeSignal(name: string, value: Payload, from: string): string {
  const about = `"name":${JSON.stringify(name)},"from":${JSON.stringify(from)}`;
  if (value.blob === undefined) return `{${about},"value":${value.text}}`;
  const { encoded } = inputField(value);
  return `{${about},"inputBlob":${encoded}}`;
}

/** Mail that the life recorded in `journal` has not taken. */
export function untaken(inbox: readonly Mail[], journal: Journal): readonly Mail[] {
  const received = new Set(journal.deliveries.map((item) => item.path));
  return inbox.filter((mail) => {
    if (mail.kind === "signal") return !journal.signals.has(mail.seq);
    return mail.path === null || !received.has(mail.path);
  });
}

/** Signals that came and nobody has waited for, oldest first. Bounded by the inbox, which holds them too. */
export class Signals {
  #waiting: Signal[] = [];
  readonly #taken: number[] = [];

  /** Numbers of those that were taken. */
  get taken(): readonly number[] {
    return this.#taken;
  }

  add(signal: Signal): void {
    this.#waiting.push(signal);
  }

  /** Takes the oldest one of that name. */
  take(name: string): Signal | undefined {
    const found = this.#waiting.find((signal) => signal.name === name);
    if (found !== undefined) {
      this.#waiting = this.#waiting.filter((signal) => signal !== found);
      this.#taken.push(found.seq);
    }
    return found;
  }

  /** Hands them to the operations that wait for them, in the order in which those were called. */
  offer(
    operations: Iterable<Operation>,
    outbox: Outbox,
    receive: (operation: Operation, signal: Signal) => void,
  ): void {
    for (const operation of operations) {
      if (this.#waiting.length === 0) return;
      const { settling, signal, timeOut } = operation;
      const waits =
        settling === "no" ||
        (settling === "timing-out" && timeOut !== undefined && !outbox.isWriting(timeOut));
      if (signal === undefined || !waits || operation.dropped !== undefined) continue;
      const found = this.take(signal.name);
      if (found !== undefined) receive(operation, found);
    }
  }
}
