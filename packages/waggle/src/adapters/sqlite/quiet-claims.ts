import type { ClaimRequest } from "../../ports/store.ts";

/** Requests remembered at one time; the oldest makes room. A process has one or a few hosts. */
const MAX_REMEMBERED = 64;

interface Quiet {
  readonly own: number;
  readonly foreign: number;
  readonly until: number;
}

/**
 * Remembers claims that found nothing, so that polling costs a microsecond while nothing changes. A claim is
 * quiet while neither this store wrote something claimable, nor another process wrote anything, nor a time
 * has come.
 */
export class QuietClaims {
  readonly #quiet = new Map<string, Quiet>();
  #own = 0;

  /** Says that this store wrote something claimable. */
  wroteDue(): void {
    this.#own += 1;
  }

  /** True if `request` would find nothing again. `foreign`: SQLite's data version; `now`: wall-clock ms. */
  isQuiet(request: ClaimRequest, foreign: number, now: number): boolean {
    const quiet = this.#quiet.get(keyOf(request));
    if (quiet === undefined || quiet.own !== this.#own) return false;
    return quiet.foreign === foreign && now < quiet.until;
  }

  /** True if this store itself wrote nothing claimable since `request` found nothing. */
  knowsOwn(request: ClaimRequest): boolean {
    return this.#quiet.get(keyOf(request))?.own === this.#own;
  }

  /** Remembers that `request` found nothing; `until`: wall-clock ms when a task becomes due. */
  foundNothing(request: ClaimRequest, foreign: number, until: number): void {
    const key = keyOf(request);
    this.#quiet.delete(key);
    if (this.#quiet.size >= MAX_REMEMBERED) {
      const [oldest] = this.#quiet.keys();
      if (oldest !== undefined) this.#quiet.delete(oldest);
    }
    this.#quiet.set(key, { own: this.#own, foreign, until });
  }
}

function keyOf({ host, agents, runs }: ClaimRequest): string {
  const names = agents
    .filter(({ free }) => free > 0)
    .map(({ agent, versions }) => (versions === undefined ? agent : [agent, versions]));
  return JSON.stringify([host, names, runs ?? null]);
}
