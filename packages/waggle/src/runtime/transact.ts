import type { Path } from "../core/ids.ts";
import type { CommitResult, StoreReads, Write } from "../ports/store.ts";

/** What one try of a transaction wants recorded, and written in the same commit. */
export interface Attempt {
  /** Plain data: what the operation gives the handler, now and in every replay. */
  readonly value: unknown;
  /** Further writes of the batch. If one of them is refused, nothing is written and the attempt is made again. */
  readonly writes: readonly Write[];
}

/**
 * One try: reads what it needs and says what to write. Called again after a refusal, so it has no effects of its
 * own. What it throws becomes the operation's error, recorded like that of a step.
 * @param tries - 0 at first, then 1, 2, ...
 * @param refused - Why the last try was refused.
 */
export type TryOnce = (
  reads: StoreReads,
  tries: number,
  refused: Extract<CommitResult, { readonly type: "refused" }>["reason"] | undefined,
) => Promise<Attempt>;

/** Where in a handler, and when, a try is made. */
export interface TryPlace {
  /** The operation's place: no other one of its task ever has the same. */
  readonly path: Path;
  /** Now, in run time: wall-clock ms less the run's pauses, as `ctx.deadline`. */
  readonly runTimeMs: number;
}

/** One try within a handler: as {@link TryOnce}, and it knows its place. */
export type TryInHandler = (...args: [...Parameters<TryOnce>, place: TryPlace]) => Promise<Attempt>;
