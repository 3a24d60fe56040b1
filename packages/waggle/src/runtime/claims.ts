import type { HostId, RunId, TaskId } from "../core/ids.ts";
import type { Claimed, Store } from "../ports/store.ts";
import type { Slots } from "./slots.ts";

/** What claiming needs of its host. */
export interface ClaimsOwner {
  readonly id: HostId;
  readonly store: Store;
  readonly agentSlots: ReadonlyMap<string, Slots>;
  /** Aborts when nothing is claimed any more. */
  readonly stopped: AbortSignal;
  /** Versions of an agent's code: the one that runs here, then those that it continues; empty: it has none. */
  versionsOf(agent: string): readonly string[];
  /** Runs whose tasks are wanted; undefined: all. */
  servedRuns(): readonly RunId[] | undefined;
  /** A task was claimed. @returns its agent, or undefined if nothing came of it. */
  claimed(task: TaskId): Promise<string | undefined>;
  /** Mail came for a task that the host owns. */
  mailCame(task: TaskId): Promise<void>;
  trouble(cause: unknown): Promise<void>;
  activityBegan(): void;
  activityEnded(): void;
}

/**
 * Tasks of one agent in one claim at most. A crash costs every task that was claimed and not begun one of its claims
 * (poison counts them), and the first of many is begun only when all were loaded.
 */
const MAX_CLAIM = 64;

/** Looks for work, one claim at a time. Owns: of which agents more may wait than there is room for. */
export class Claims {
  readonly #owner: ClaimsOwner;
  /** Agents of which more may be due than this host has room for. */
  readonly #backlog = new Set<string>();
  #isClaiming = false;
  #again = false;

  constructor(owner: ClaimsOwner) {
    this.#owner = owner;
  }

  /** True if tasks of `agent` may be in line: new ones must not overtake them. */
  hasBacklog(agent: string): boolean {
    return this.#backlog.has(agent);
  }

  /** Something of `agent` may be claimed, perhaps by others only. */
  expect(agent: string): void {
    if (this.#owner.agentSlots.has(agent)) this.#backlog.add(agent);
  }

  /** Looks soon: for new tasks, and for mail of those the host owns. */
  wake(): void {
    if (this.#owner.stopped.aborted) return;
    this.#again = true;
    if (!this.#isClaiming) void this.#loop();
  }

  async #loop(): Promise<void> {
    this.#isClaiming = true;
    this.#owner.activityBegan();
    while (this.#again && !this.#owner.stopped.aborted) {
      this.#again = false;
      try {
        await this.#once();
      } catch (cause) {
        await this.#owner.trouble(cause);
        this.#again = true;
      }
    }
    this.#isClaiming = false;
    this.#owner.activityEnded();
  }

  async #once(): Promise<void> {
    const { store, id, agentSlots } = this.#owner;
    const agents = [...agentSlots].map(([agent, slots]) => {
      const free = Math.min(slots.free, MAX_CLAIM);
      const versions = this.#owner.versionsOf(agent);
      return versions.length === 0 ? { agent, free } : { agent, free, versions };
    });
    const runs = this.#owner.servedRuns();
    const claimed = await store.claim({
      host: id,
      agents,
      ...(runs === undefined ? {} : { runs }),
    });
    const taken = await Promise.all(claimed.map((item) => this.#take(item)));
    const counts = new Map<string, number>();
    for (const agent of taken) {
      if (agent !== undefined) counts.set(agent, (counts.get(agent) ?? 0) + 1);
    }
    for (const { agent, free } of agents) {
      if ((counts.get(agent) ?? 0) < free) {
        this.#backlog.delete(agent);
      } else if (free > 0) {
        this.#backlog.add(agent);
        if (agentSlots.get(agent)?.free) this.#again = true;
      }
    }
  }

  async #take({ task, why }: Claimed): Promise<string | undefined> {
    if (why === "claimed") return this.#owner.claimed(task);
    await this.#owner.mailCame(task);
    return undefined;
  }
}
