import { runtimeError } from "../core/errors.ts";
import type { HostId } from "../core/ids.ts";
import type { CallOptions } from "../ports/call-options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { NewRecord, PublishWrite, RefusalReason, Store, Write } from "../ports/store.ts";
import type { Attempt, TryOnce } from "../runtime/transact.ts";
import { decodeRecord } from "./stored-value.ts";

/** In whose name, and by which clock and chance, tries are committed. */
export interface Committer {
  readonly store: Store;
  readonly host: HostId;
  readonly clock: Clock;
  readonly random: Random;
}

/** Refusals after which a pause is counted in ms: until then other writers of this process get turns. */
const TURNS_BEFORE_PAUSES = 6;

/** Longest pause between two tries, ms: lets a hundred writers of one key get out of each other's way. */
const MAX_PAUSE_MS = 64;

/** Commits with unknown outcome after which one write gives up. */
const MAX_UNKNOWN = 8;

/** Records read at once when looking for a commit whose outcome is unknown. */
const PAGE = 256;

/** A record by which it can be told whether its commit was applied. */
interface Proof {
  readonly log: string;
  readonly key: string;
  readonly mark: string;
  /** It lies behind this version, if anywhere. */
  readonly after: number;
  /** The value of the try. */
  readonly value: unknown;
}

/**
 * Makes tries until one is committed. A refused one is made again after a pause by chance. When the outcome of a
 * commit is unknown, the log is read: a record with the mark of the try proves that it was applied.
 * @param markOf - The mark that the records of a try carry.
 * @param options - `floor`: a version that the log had before; where records expect none, marks are looked for from
 * there on. Default: such writes may be applied twice.
 * @returns The value of the try that was committed.
 * @throws RuntimeError what a try throws (nothing was written); `STORE_UNAVAILABLE` when the outcome cannot be
 * found out.
 */
export async function commitTries(
  committer: Committer,
  tryOnce: TryOnce,
  markOf: (tries: number) => string,
  options: CallOptions & { readonly floor?: number } = {},
): Promise<unknown> {
  const { store } = committer;
  const doubts: Proof[] = [];
  let refused: RefusalReason | undefined;
  for (let tries = 0; ; tries++) {
    options.signal?.throwIfAborted();
    const applied = await firstApplied(store, doubts);
    if (applied !== undefined) return applied.value;
    const attempt = await tryOnce(store, tries, refused);
    if (attempt.writes.length === 0) return attempt.value;
    const result = await store.commit({ host: committer.host, writes: attempt.writes });
    if (result.type === "committed") return attempt.value;
    refused = result.type === "refused" ? checkedReason(result.reason) : undefined;
    if (result.type === "unknown") {
      remember(doubts, attempt, { mark: markOf(tries), floor: options.floor }, result.cause);
    }
    await stepAside(committer, tries, result.type === "unknown", options);
  }
}

/** Waits for a while that chance decides and that grows with the tries, so that many writers get apart. */
async function stepAside(
  { clock, random }: Committer,
  tries: number,
  storeFailed: boolean,
  options: CallOptions,
): Promise<void> {
  const most = 2 ** tries;
  if (tries >= TURNS_BEFORE_PAUSES || storeFailed) {
    await clock.sleep(random.next() * Math.min(most, MAX_PAUSE_MS), {
      ...options,
      keepAlive: true,
    });
    return;
  }
  const turns = 1 + Math.floor(random.next() * most);
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve) => clock.turn(resolve));
  }
}

async function firstApplied(store: Store, doubts: readonly Proof[]): Promise<Proof | undefined> {
  for (const doubt of doubts) if (await isThere(store, doubt)) return doubt;
  return undefined;
}

/** Anybody can lose a race for a key. Large values of a run are kept with the run, so that must be there. */
function checkedReason(reason: RefusalReason): RefusalReason {
  if (reason === "conflict") return reason;
  if (reason === "absent") {
    throw runtimeError("NOT_FOUND", "there is no such run to keep a large value with");
  }
  throw runtimeError("INVARIANT", `a write to a log was refused: ${reason}`, {
    outcome: "not-applied",
  });
}

/** Where the records of a try are looked for, and by what. */
interface Search {
  readonly mark: string;
  readonly floor: number | undefined;
}

function remember(
  doubts: Proof[],
  { writes, value }: Attempt,
  search: Search,
  cause: unknown,
): void {
  const proof = proofOf(writes, search, value);
  if (proof === "needed" || doubts.length >= MAX_UNKNOWN) {
    throw runtimeError("STORE_UNAVAILABLE", "whether a write to a log was applied is unknown", {
      cause,
    });
  }
  if (proof !== "not needed") doubts.push(proof);
}

/**
 * How it can be told that `writes` were applied. `not needed`: they may be applied twice. `needed`: it cannot be
 * told, and they may not.
 */
function proofOf(
  writes: readonly Write[],
  { mark, floor }: Search,
  value: unknown,
): Proof | "needed" | "not needed" {
  const publishes = writes.filter((write): write is PublishWrite => write.type === "publish");
  for (const { log, records } of publishes) {
    for (const { key, data, expect } of records) {
      const after = expect ?? floor;
      if (key !== null && after !== undefined && markIn(data) === mark) {
        return { log, key, mark, after, value };
      }
    }
  }
  const repeatable = (record: NewRecord): boolean =>
    record.add === undefined && record.expect === undefined;
  return publishes.every(({ records }) => records.every(repeatable)) ? "not needed" : "needed";
}

function markIn(data: string | null | undefined): string | undefined {
  return data == null ? undefined : decodeRecord(data).mark;
}

async function isThere(store: Store, { log, key, mark, after }: Proof): Promise<boolean> {
  let from = after;
  for (;;) {
    const { records } = await store.records({ log, key, after: from, limit: PAGE });
    if (records.some(({ data }) => markIn(data) === mark)) return true;
    const last = records.at(-1);
    if (last === undefined) return false;
    from = last.version;
  }
}
