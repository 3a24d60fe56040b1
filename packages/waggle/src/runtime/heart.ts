import type { HostId } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { Clock } from "../ports/clock.ts";
import type { HostBeat, Store } from "../ports/store.ts";

/** The times by which hosts judge themselves and each other, in ms of their own monotonic clock (K14). */
export interface HeartTimes {
  /** Between two beats. */
  readonly beatMs: number;
  /** Without an acknowledged beat for so long, no effect starts. */
  readonly fenceMs: number;
  /** Without one for so long, all tasks are abandoned. */
  readonly abandonMs: number;
  /** Another host whose beat number stood still for so long is declared dead. */
  readonly silenceMs: number;
}

/** `fenceMs` < `abandonMs` < `silenceMs` with room for a slow commit in between (K14). */
export const HEART_TIMES: HeartTimes = {
  beatMs: 2_000,
  fenceMs: 8_000,
  abandonMs: 12_000,
  silenceMs: 15_000,
};

/** What the heart tells its host. */
export interface HeartListener {
  /** Others have freed this host, or it has not been heard for too long: it owns nothing any more. */
  lost(why: string): void;
  /** A dead host's tasks are claimable now. */
  freed(host: HostId): void;
  /** Called after each acknowledged beat, with all hosts that are not yet freed. */
  beaten(hosts: readonly HostBeat[]): Promise<void>;
  trouble(cause: unknown): Promise<void>;
  activityBegan(): void;
  activityEnded(): void;
}

/** Beats for one host and watches the others. Compares beat numbers and its own monotonic clock, no wall clocks. */
export class Heart {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #host: HostId;
  readonly #report: () => string;
  readonly #times: HeartTimes;
  readonly #listener: HeartListener;
  readonly #seen = new Map<HostId, { readonly beat: number; readonly at: number }>();
  readonly #stop = new AbortController();
  #acknowledgedAt: number;
  #beat = 0;
  #waiting: (() => void)[] = [];
  #lost = false;

  constructor(parts: {
    readonly store: Store;
    readonly clock: Clock;
    readonly host: HostId;
    /** What the host says of itself now (JSON text). */
    readonly report: () => string;
    readonly times: HeartTimes;
    readonly listener: HeartListener;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#host = parts.host;
    this.#report = parts.report;
    this.#times = parts.times;
    this.#listener = parts.listener;
    this.#acknowledgedAt = parts.clock.monotonic();
  }

  /** The number of the last acknowledged beat. */
  get beat(): number {
    return this.#beat;
  }

  /** First beat, then one every `beatMs` until {@link stop}. Rejects when the first one fails. */
  async start(): Promise<void> {
    await this.#once();
    void this.#run();
    void this.#watch();
  }

  stop(): void {
    this.#stop.abort(STOPPED);
  }

  /** See {@link OperationHost.whenFresh}. */
  whenFresh(): Promise<void> | undefined {
    if (!this.#lost && this.#clock.monotonic() - this.#acknowledgedAt < this.#times.fenceMs) {
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #run(): Promise<void> {
    while (await this.#pause(this.#times.beatMs)) {
      try {
        await this.#once();
      } catch (cause) {
        await this.#listener.trouble(cause);
      }
    }
  }

  /** On its own, for a beat may hang in the store. */
  async #watch(): Promise<void> {
    while (await this.#pause(this.#times.beatMs / 2)) {
      const silentMs = this.#clock.monotonic() - this.#acknowledgedAt;
      if (silentMs >= this.#times.abandonMs) {
        this.#lose(`no beat was acknowledged for ${Math.round(silentMs)} ms`);
      }
    }
  }

  async #pause(ms: number): Promise<boolean> {
    try {
      await this.#clock.sleep(ms, { signal: this.#stop.signal });
      return !this.#lost;
    } catch {
      return false; // stopped
    }
  }

  async #once(): Promise<void> {
    this.#listener.activityBegan();
    try {
      await this.#beatAndJudge();
    } finally {
      this.#listener.activityEnded();
    }
  }

  async #beatAndJudge(): Promise<void> {
    // The time before the call: the beat counts from when it was sent, not from when its answer came.
    const sentAt = this.#clock.monotonic();
    const hosts = await this.#store.beat(this.#host, this.#report());
    const own = hosts.find((other) => other.host === this.#host);
    if (own === undefined || own.dead) {
      this.#lose("another host declared this one dead");
      return;
    }
    this.#beat = own.beat;
    this.#acknowledgedAt = sentAt;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    for (const other of hosts) if (other.host !== this.#host) await this.#judge(other);
    await this.#listener.beaten(hosts);
  }

  async #judge(other: HostBeat): Promise<void> {
    if (other.dead) return;
    const now = this.#clock.monotonic();
    const seen = this.#seen.get(other.host);
    if (!other.gone) {
      if (seen === undefined || seen.beat !== other.beat) {
        this.#seen.set(other.host, { beat: other.beat, at: now });
        return;
      }
      if (now - seen.at < this.#times.silenceMs) return;
    }
    const result = await this.#store.commit({
      host: this.#host,
      writes: [{ type: "free", host: other.host, beat: other.beat }],
    });
    // Refused: it beat meanwhile, or somebody else was first. Unknown: the next beat shows.
    if (result.type === "committed") {
      this.#seen.delete(other.host);
      this.#listener.freed(other.host);
    }
  }

  #lose(why: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.stop();
    this.#listener.lost(why);
  }
}
