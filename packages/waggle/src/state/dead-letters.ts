import { encodeData } from "../core/data.ts";
import type { ErrorData } from "../core/errors.ts";
import type { StoreReads, Write } from "../ports/store.ts";
import { decodeRecord, encodeText, loadValue } from "./stored-value.ts";

const LOG = "dead-letters";

/** Something that was meant for an agent and will not be handled, with the reason and all that is needed to try again. */
export interface DeadLetter {
  readonly agent: string;
  readonly operation: string;
  /** Why. */
  readonly error: ErrorData;
  /** The event it came from. */
  readonly topic: string;
  readonly position: number;
  /** What the operation was to get. */
  readonly input: unknown;
}

/** A dead letter as it is kept. */
export interface KeptDeadLetter extends DeadLetter {
  /** Grows with each dead letter: read on from here. */
  readonly version: number;
  /** Wall-clock ms when it was given up. */
  readonly at: number;
}

/** The writes that keep a dead letter. */
export function deadLetterWrites(letter: DeadLetter): readonly Write[] {
  const text = encodeData(letter, "dead letter");
  const { data, blobs } = encodeText(text, {}, null);
  const key = `${letter.agent}.${letter.operation}`;
  return [...blobs, { type: "publish", log: LOG, records: [{ key, data }] }];
}

/**
 * Reads dead letters, oldest first.
 * @param of - `agent`: only those of this agent. `after`: only behind this version; default 0. `limit`: default 100.
 */
export async function readDeadLetters(
  reads: StoreReads,
  of: { readonly agent?: string; readonly after?: number; readonly limit?: number } = {},
): Promise<readonly KeptDeadLetter[]> {
  const { agent, after = 0, limit = 100 } = of;
  const only = agent === undefined ? {} : { prefix: `${agent}.` };
  const { records } = await reads.records({ log: LOG, after, limit, ...only });
  const letters: KeptDeadLetter[] = [];
  for (const { version, at, data } of records) {
    if (data === null) continue;
    const value = await loadValue(reads, decodeRecord(data), `dead letter ${version}`);
    letters.push({ ...(value as DeadLetter), version, at });
  }
  return letters;
}
