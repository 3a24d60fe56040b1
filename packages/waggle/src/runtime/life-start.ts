import type { ResponseAddress } from "../core/event.ts";
import { type EncodedEvent, encodeEvent } from "../core/event-codec.ts";
import type { HostId } from "../core/ids.ts";
import type { Gate, LoadedTask, StoreReads } from "../ports/store.ts";
import {
  EMPTY_JOURNAL,
  inputOf,
  type Journal,
  originOf,
  readJournal,
  readTexts,
} from "./journal.ts";
import { type ReadMail, readMail, untaken } from "./mail.ts";
import { responseAddressIn } from "./responses.ts";

/** Where a task was when this host got it. */
export interface LifeStart {
  readonly input: unknown;
  /** Wall-clock ms of the commit that accepted the input: where the handler's time begins. */
  readonly at: number;
  readonly journal: Journal;
  readonly version: number;
  readonly inbox: number;
  /** Mail nobody has received yet. */
  readonly mail: readonly ReadMail[];
  /** Goes in front of the first events: `resumed`, when the task was claimed. */
  readonly prefix: readonly EncodedEvent[];
  readonly gate: Gate;
  /** How long its run had been paused. */
  readonly pausedMs: number;
  /** Who gets its outcome besides its asker; undefined: nobody. */
  readonly respondTo: ResponseAddress | undefined;
  /** True: it is replayed also where nothing is recorded. */
  readonly isRehearsal?: boolean;
}

/** Where a task without a past begins. */
export const FRESH: LifeStart = {
  input: null,
  at: 0,
  journal: EMPTY_JOURNAL,
  version: 0,
  inbox: 0,
  mail: [],
  prefix: [],
  gate: "open",
  pausedMs: 0,
  respondTo: undefined,
};

/**
 * Where a loaded task goes on. Reads the large values of its past.
 * @param host - Who has claimed it; undefined: nobody, it is only looked at.
 */
export async function startOf(
  reads: Pick<StoreReads, "blob">,
  loaded: LoadedTask,
  host?: HostId,
): Promise<LifeStart> {
  const { row, events, inbox, gate, pausedMs } = loaded;
  const texts = await readTexts(reads, [loaded.origin, ...events]);
  const journal = readJournal(events, texts);
  const mail = untaken(inbox, journal);
  // Of mail that was taken what it said stands in the stream, or was for an earlier generation.
  const mailTexts = await readTexts(reads, mail);
  return {
    input: inputOf(loaded, texts),
    at: originOf(loaded).at,
    journal,
    version: row.version,
    inbox: row.inbox,
    mail: mail.map((one) => readMail(one, mailTexts)),
    prefix: host === undefined ? [] : [encodeEvent({ type: "resumed", host, claims: row.claims })],
    gate,
    pausedMs,
    respondTo: responseAddressIn(loaded.origin),
  };
}
