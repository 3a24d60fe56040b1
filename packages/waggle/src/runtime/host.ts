import type { Envelope } from "../core/envelope.ts";
import { runtimeError, toErrorData } from "../core/errors.ts";
import type { Outcome } from "../core/event.ts";
import { encodeEvent, errorOutcome, spliceEvent } from "../core/event-codec.ts";
import { type HostId, hostIdFrom, type RunId, type TaskId } from "../core/ids.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Claimed, LoadedTask, Store, Write } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import { HEART_TIMES, Heart, type HeartTimes } from "./heart.ts";
import { EMPTY_JOURNAL, inputOf, readJournal } from "./journal.ts";
import { Life, type LifeHost, type LifeStart } from "./life.ts";
import { encodeAnswer } from "./operation.ts";
import { Slots } from "./slots.ts";

/** What a host is made of, and how it behaves. */
export interface HostOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Carries wake-ups between hosts. Without it they find each other's work by polling. */
  readonly bus?: Bus | undefined;
  readonly agents: readonly AgentDefinition[];
  /** `own-runs`: it claims tasks of the runs it was told to serve only. Default: of every run. */
  readonly serves?: "every-run" | "own-runs";
  /** Plain data about this host for others to read, such as its process id. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** How often it looks for work that no wake-up announced. Default 100 ms. */
  readonly pollMs?: number;
  /** A task that has only waited for so long leaves memory. Default 10,000 ms. */
  readonly passivateAfterMs?: number;
  readonly heart?: HeartTimes;
}

/** What a host tells whoever made it. */
export interface HostListener {
  /** A task was closed by this host. */
  closed(task: Envelope, outcome: Outcome): void;
  /** It owns nothing any more and never will; make another one. */
  lost(why: string): void;
  /** A port failed; the host goes on trying. */
  trouble(cause: unknown): void;
}

/** Subject of the wake-ups: something may be claimed, or mail has come. */
const WAKE = "waggle.wake";

/** Claims in a row without a new event after which a task counts as poison. */
const MAX_CLAIMS = 6;

/** Pause before a failed store is asked again. */
const TROUBLE_PAUSE_MS = 50;

/**
 * One incarnation of a process: owns tasks, runs them, beats. Owns: the lives, the slots, the turn loop.
 * Invariants: H1 a task has at most one life here. H2 each turn hands at most one result to each task.
 */
export class Host implements LifeHost {
  readonly id: HostId;
  readonly store: Store;
  readonly clock: Clock;
  readonly #options: HostOptions;
  readonly #listener: HostListener;
  readonly #agents: ReadonlyMap<string, AgentDefinition>;
  readonly #slots: ReadonlyMap<string, Slots>;
  readonly #heart: Heart;
  readonly #lives = new Map<TaskId, Life>();
  readonly #resting = new Map<Life, number>();
  readonly #runs = new Set<RunId>();
  readonly #maybeOver = new Set<RunId>();
  /** See {@link retry}; as many as there were deliberate starts of runs that were there already. */
  readonly #retried = new Set<RunId>();
  /** Agents of which more may be due than this host has room for. */
  readonly #backlog = new Set<string>();
  readonly #stop = new AbortController();
  /** Two sets that take turns: those to be called next, and those being called. */
  #scheduled = new Set<Life>();
  #turning = new Set<Life>();
  #turnPlanned = false;
  #claiming = false;
  #claimAgain = false;
  /** Step bodies, commits, claims and beats under way: what {@link leave} waits for. */
  #activities = 0;
  #activitiesEnded: (() => void) | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: HostOptions, listener: HostListener) {
    this.#options = options;
    this.#listener = listener;
    this.store = options.store;
    this.clock = options.clock;
    this.id = hostIdFrom(options.random.id());
    this.#agents = new Map(options.agents.map((definition) => [definition.name, definition]));
    this.#slots = new Map(
      options.agents.map(({ name, concurrency }) => [name, new Slots(concurrency)]),
    );
    this.#heart = new Heart({
      store: this.store,
      clock: this.clock,
      host: this.id,
      report: JSON.stringify({ ...options.about, agents: [...this.#agents.keys()] }),
      times: options.heart ?? HEART_TIMES,
      listener: {
        lost: (why) => this.#lost(why),
        freed: () => this.wake(),
        beaten: () => this.#endRuns(),
        trouble: (cause) => this.trouble(cause),
        activityBegan: () => this.activityBegan(),
        activityEnded: () => this.activityEnded(),
      },
    });
  }

  /** Registers the host and begins to look for work. Rejects when the store cannot be reached. */
  async start(): Promise<void> {
    await this.#heart.start();
    this.#unsubscribe = this.#options.bus?.subscribe(WAKE, (from) => {
      if (from !== this.id) this.wake();
    });
    this.wake();
    void this.#poll();
  }

  /** Somebody deliberately starts `run` again: its tasks get another chance here, however often they failed. */
  retry(run: RunId): void {
    this.#retried.add(run);
    this.serve(run);
    this.wake();
  }

  /** From now on tasks of `run` are claimed, also where the host serves its own runs only. */
  serve(run: RunId): void {
    if (this.#options.serves !== "own-runs") return;
    this.#runs.add(run);
    this.wake();
  }

  // ---- what lives need ---------------------------------------------------------------------------------

  get storeId(): string {
    return this.store.id;
  }

  whenFresh(): Promise<void> | undefined {
    return this.#heart.whenFresh();
  }

  knowsAgent(agent: string): boolean {
    return this.#agents.has(agent);
  }

  slots(agent: string): Slots {
    const slots = this.#slots.get(agent);
    if (slots === undefined) throw runtimeError("INVARIANT", `agent '${agent}' has no slots here`);
    return slots;
  }

  takeSlot(agent: string): boolean {
    return !this.#backlog.has(agent) && (this.#slots.get(agent)?.tryTake() ?? false);
  }

  giveSlot(agent: string): void {
    this.slots(agent).give();
    if (this.#backlog.has(agent)) this.wake();
  }

  startChild(child: Envelope, input: unknown): void {
    const fresh = { input, journal: EMPTY_JOURNAL, version: 0, inbox: 0, mail: [], prefix: [] };
    this.#adopt(child, fresh, true);
  }

  /** Runs a root that was created as owned by this host, on a slot that was taken for it. */
  startRoot(root: Envelope, input: unknown): void {
    const fresh = { input, journal: EMPTY_JOURNAL, version: 1, inbox: 0, mail: [], prefix: [] };
    this.#adopt(root, fresh, true);
  }

  claimable(agent: string): void {
    this.#backlog.add(agent);
    this.mailed();
  }

  mailed(): void {
    this.wake();
    this.#options.bus?.publish(WAKE, this.id);
  }

  lifeOf(task: TaskId): Life | undefined {
    return this.#lives.get(task);
  }

  left(life: Life): void {
    this.#lives.delete(life.id);
    this.#resting.delete(life);
    this.#scheduled.delete(life);
    if (this.#backlog.has(life.task.agent)) this.wake();
  }

  closed(task: Envelope, outcome: Outcome, runHasEnded: boolean): void {
    if (!task.awaited && !runHasEnded) this.#maybeOver.add(task.run);
    this.#listener.closed(task, outcome);
  }

  resting(life: Life): void {
    if (this.#backlog.has(life.task.agent)) this.wake();
    if (!this.#resting.has(life)) this.#resting.set(life, this.clock.monotonic());
    if (this.#options.passivateAfterMs === 0) life.release();
  }

  async trouble(cause: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#listener.trouble(cause);
    await this.clock.sleep(TROUBLE_PAUSE_MS, { signal: this.#stop.signal }).catch(() => {});
  }

  activityBegan(): void {
    this.#activities++;
  }

  activityEnded(): void {
    this.#activities--;
    if (this.#activities === 0) this.#activitiesEnded?.();
  }

  // ---- turns -------------------------------------------------------------------------------------------

  schedule(life: Life): void {
    this.#scheduled.add(life);
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    this.clock.turn(() => {
      this.#turnPlanned = false;
      const now = this.#scheduled;
      this.#scheduled = this.#turning;
      this.#turning = now;
      for (const scheduled of now) {
        this.#resting.delete(scheduled);
        scheduled.turn();
      }
      now.clear();
    });
  }

  // ---- claims ------------------------------------------------------------------------------------------

  /** Looks for work soon: new tasks, and mail for those it owns. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#claimAgain = true;
    if (!this.#claiming) void this.#claimLoop();
  }

  async #poll(): Promise<void> {
    const pollMs = this.#options.pollMs ?? 100;
    while (!this.#stop.signal.aborted) {
      await this.clock.sleep(pollMs, { signal: this.#stop.signal }).catch(() => {});
      this.wake();
      this.#passivate();
    }
  }

  async #claimLoop(): Promise<void> {
    this.#claiming = true;
    this.activityBegan();
    while (this.#claimAgain && !this.#stop.signal.aborted) {
      this.#claimAgain = false;
      try {
        await this.#claimOnce();
      } catch (cause) {
        await this.trouble(cause);
        this.#claimAgain = true;
      }
    }
    this.#claiming = false;
    this.activityEnded();
  }

  async #claimOnce(): Promise<void> {
    const agents = [...this.#slots].map(([agent, slots]) => ({ agent, free: slots.free }));
    const own = this.#options.serves === "own-runs";
    const claimed = await this.store.claim({
      host: this.id,
      agents,
      ...(own ? { runs: [...this.#runs] } : {}),
    });
    const taken = await Promise.all(claimed.map((item) => this.#takeOne(item)));
    for (const { agent, free } of agents) {
      const got = taken.filter((name) => name === agent).length;
      if (got < free) this.#backlog.delete(agent);
      else if (free > 0) this.#backlog.add(agent);
    }
  }

  /** @returns the agent of a newly claimed task. */
  async #takeOne({ task, why }: Claimed): Promise<string | undefined> {
    if (why === "mail") {
      await this.#lives.get(task)?.readInbox();
      return undefined;
    }
    // It was nobody's: a life that is still here has given it back, and does not know yet (unknown outcome).
    this.#lives.get(task)?.lost("fenced");
    return this.take(task);
  }

  /** Loads a task that this host owns and has no life for, and brings it to life. */
  async take(task: TaskId): Promise<string | undefined> {
    const loaded = await this.store.load(task);
    if (loaded === undefined || this.#stop.signal.aborted) return undefined;
    const { row } = loaded;
    if (row.owner !== this.id || row.state !== "open" || this.#lives.has(task)) return undefined;
    if (row.claims > MAX_CLAIMS && !this.#retried.has(row.run)) {
      await this.#bury(loaded);
      return row.agent;
    }
    this.#adopt(row, lifeStart(loaded, this.id), false);
    return row.agent;
  }

  #adopt(task: Envelope, start: LifeStart, holdsSlot: boolean): void {
    const definition = this.#agents.get(task.agent);
    if (definition === undefined) {
      throw runtimeError("INVARIANT", `claimed a task of agent '${task.agent}', unknown here`);
    }
    const life = new Life(this, definition, task, start);
    this.#lives.set(task.id, life);
    life.begin(holdsSlot);
  }

  /** Closes a task that nobody survives. */
  async #bury({ row }: LoadedTask): Promise<void> {
    const error = runtimeError(
      "POISON",
      `task '${row.agent}.${row.operation}' was claimed ${row.claims} times without getting any further`,
    );
    const outcome = errorOutcome(toErrorData(error));
    const writes: Write[] = [
      {
        type: "append",
        task: row.id,
        version: row.version,
        starts: false,
        events: [
          encodeEvent({ type: "resumed", host: this.id, claims: row.claims }),
          spliceEvent("closed", {}, "outcome", outcome),
        ],
        ending: { type: "close", state: "dead" },
      },
    ];
    if (row.awaited && row.parent !== null) {
      const data = encodeAnswer(row.id, outcome);
      const { parent, path } = row;
      writes.push({ type: "deliver", task: parent, kind: "answer", path, data, late: "drop" });
    }
    const result = await this.store.commit({ host: this.id, writes });
    if (result.type === "committed") {
      this.closed(row, { type: "error", error: error.toData() }, false);
      this.mailed();
    }
  }

  #passivate(): void {
    const before = this.clock.monotonic() - (this.#options.passivateAfterMs ?? 10_000);
    for (const [life, since] of this.#resting) if (since <= before) life.release();
  }

  // ---- ends --------------------------------------------------------------------------------------------

  /** A run is over when none of its tasks is open; the store refuses the change while one is. */
  async #endRuns(): Promise<void> {
    const runs = [...this.#maybeOver];
    this.#maybeOver.clear();
    await Promise.all(
      runs.map(async (run) => {
        const result = await this.store.commit({
          host: this.id,
          writes: [{ type: "gate", run, from: ["open"], to: "ended" }],
        });
        if (result.type === "unknown") this.#maybeOver.add(run);
      }),
    );
  }

  #lost(why: string): void {
    this.#halt(why);
    this.#listener.lost(why);
  }

  /** Stops all work at once; nothing is written any more. */
  #halt(why: string): void {
    this.#stop.abort();
    this.#heart.stop();
    this.#unsubscribe?.();
    for (const life of [...this.#lives.values()]) life.abandon(why);
  }

  /**
   * Stops: bodies get their signals and up to `graceMs` to end, then the tasks are given back, so that any
   * host goes on with them at once. A host that is lost only waits for what is under way.
   */
  async leave(graceMs: number): Promise<void> {
    if (this.#stop.signal.aborted) {
      await this.#activitiesOver(graceMs);
      return;
    }
    await this.#endRuns();
    this.#halt("its host stops");
    await this.#activitiesOver(graceMs);
    const beat = this.#heart.beat;
    await this.store.commit({
      host: this.id,
      writes: [{ type: "free", host: this.id, beat }],
    });
  }

  async #activitiesOver(graceMs: number): Promise<void> {
    if (this.#activities === 0) return;
    const ended = new Promise<void>((resolve) => {
      this.#activitiesEnded = resolve;
    });
    if (graceMs === Number.POSITIVE_INFINITY) return ended;
    const late = new AbortController();
    const grace = this.clock.sleep(graceMs, { signal: late.signal }).catch(() => {});
    await Promise.race([ended, grace]);
    late.abort();
  }
}

function lifeStart(loaded: LoadedTask, host: HostId): LifeStart {
  const { row, events, inbox } = loaded;
  const journal = readJournal(events);
  const received = new Set(journal.deliveries.map((item) => item.path));
  return {
    input: inputOf(loaded),
    journal,
    version: row.version,
    inbox: row.inbox,
    mail: inbox.filter((mail) => mail.path === null || !received.has(mail.path)),
    prefix: [encodeEvent({ type: "resumed", host, claims: row.claims })],
  };
}
