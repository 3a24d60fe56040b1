import type { Operation as OperationRef } from "../core/contract.ts";
import type { Envelope } from "../core/envelope.ts";
import { runtimeError } from "../core/errors.ts";
import type { Outcome } from "../core/event.ts";
import { type HostId, hostIdFrom, type RunId, type TaskId } from "../core/ids.ts";
import { STOPPED } from "../core/stopped.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { HostBeat, LoadedTask, Store } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import { Allowance, type MessageTicket } from "./allowance.ts";
import { burialBatch, type Verdict, verdictOn } from "./burial.ts";
import { Claims, type ClaimsOwner } from "./claims.ts";
import { DeadlockWatch, type WatchOwner } from "./deadlock-watch.ts";
import { type AgentStatus, Directory, type HostReport } from "./directory.ts";
import { type Divergence, stuckError } from "./divergence.ts";
import { HEART_TIMES, Heart, type HeartTimes } from "./heart.ts";
import { Life } from "./life.ts";
import type { LifeHost } from "./life-host.ts";
import { FRESH, type LifeStart, startOf } from "./life-start.ts";
import type { PeerQuery } from "./operation.ts";
import { ReplayCheck } from "./replay-check.ts";
import { Slots } from "./slots.ts";
import { endRuns } from "./sweeper.ts";
import type { Tracker } from "./trail.ts";

/** What a host is made of, and how it behaves. */
export interface HostOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Carries wake-ups between hosts. Without it they find each other's work by the store's own, or by polling. */
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
  /** How long a task may take to end when it is cancelled; then it is ended, and said so. Default 5,000 ms. */
  readonly cancelGraceMs?: number;
  /** Most messages a run may send. Default 1,000,000. */
  readonly maxMessagesPerRun?: number;
  readonly heart?: HeartTimes;
  /**
   * `always`: what each handler has done is replayed in memory before it is final. If the handler does something else,
   * its task ends with `REPLAY_DIVERGED` in place of its result, and {@link HostListener.trouble} gets that error.
   * For tests and development: it costs a reading and a replay for each task. Default `never`.
   */
  readonly verifyReplay?: "always" | "never";
}

/** What a host tells whoever made it. */
export interface HostListener {
  /** A task was closed by this host. */
  closed(task: Envelope, outcome: Outcome): void;
  /** It owns nothing any more and never will; make another one. */
  lost(why: string): void;
  /**
   * A port failed, and the host goes on trying; or a handler did something else when it was replayed: its task is stuck
   * (`STUCK`), or has failed ({@link HostOptions.verifyReplay}).
   */
  trouble(cause: unknown): void;
}

/** Subject of the wake-ups: something may be claimed, or mail has come. */
const WAKE = "waggle.wake";

/** Pause before a failed store is asked again. */
const TROUBLE_PAUSE_MS = 50;

/** Failures in a row after which an agent's status is `error`. */
const MANY_FAILURES = 3;

/**
 * One incarnation of a process: owns tasks, runs them, beats. Owns: the lives, the slots, the turn loop.
 * Invariants: H1 a task has at most one life here. H2 each turn hands at most one result to each task.
 */
export class Host implements LifeHost<Life>, ClaimsOwner, WatchOwner {
  readonly id: HostId;
  readonly store: Store;
  readonly clock: Clock;
  readonly cancelGraceMs: number;
  readonly agentSlots: ReadonlyMap<string, Slots>;
  readonly tracker: Tracker | undefined;
  readonly #options: HostOptions;
  readonly #listener: HostListener;
  readonly #agents: ReadonlyMap<string, AgentDefinition>;
  /** Of those whose code has versions: its own, then those that it continues. */
  readonly #versions: ReadonlyMap<string, readonly string[]>;
  /** Names of those that take one message of a key at a time. */
  readonly #keyedAgents: readonly string[];
  readonly #directory: Directory;
  readonly #allowance: Allowance;
  readonly #heart: Heart;
  readonly #claims: Claims;
  readonly #deadlocks: DeadlockWatch;
  readonly #lives = new Map<TaskId, Life>();
  readonly #resting = new Map<Life, number>();
  readonly #runs = new Set<RunId>();
  readonly #failures = new Map<string, number>();
  /** See {@link retry}; as many as there were deliberate starts of runs that were there already. */
  readonly #retried = new Set<RunId>();
  readonly #stop = new AbortController();
  /** Two sets that take turns: those to be called next, and those being called. */
  #scheduled = new Set<Life>();
  #turning = new Set<Life>();
  #turnPlanned = false;
  /** Step bodies, commits, claims and beats under way: what {@link leave} waits for. */
  #activities = 0;
  /** More than one where it is lost while it stops. */
  #activitiesEnded: (() => void)[] = [];
  #unsubscribe: (() => void)[] = [];

  constructor(options: HostOptions, listener: HostListener) {
    this.#options = options;
    this.#listener = listener;
    this.store = options.store;
    this.clock = options.clock;
    this.cancelGraceMs = options.cancelGraceMs ?? 5_000;
    this.id = hostIdFrom(options.random.id());
    this.#agents = new Map(options.agents.map((definition) => [definition.name, definition]));
    this.agentSlots = new Map(
      options.agents.map(({ name, concurrency }) => [name, new Slots(concurrency)]),
    );
    this.#versions = new Map(
      options.agents.flatMap(({ name, version, continues }) =>
        version === null ? [] : [[name, [version, ...continues]] as const],
      ),
    );
    this.#keyedAgents = options.agents.filter(({ keyed }) => keyed).map(({ name }) => name);
    this.tracker =
      options.verifyReplay === "always"
        ? new ReplayCheck(this, (error) => listener.trouble(error))
        : undefined;
    this.#directory = new Directory(this.#agents);
    this.#allowance = new Allowance(options.maxMessagesPerRun);
    this.#claims = new Claims(this);
    this.#deadlocks = new DeadlockWatch(this);
    this.#heart = new Heart({
      store: this.store,
      clock: this.clock,
      host: this.id,
      report: () => JSON.stringify(this.report()),
      times: options.heart ?? HEART_TIMES,
      listener: {
        lost: (why) => this.#lost(why),
        freed: () => this.wake(),
        beaten: (hosts) => this.#beaten(hosts),
        trouble: (cause) => this.trouble(cause),
        activityBegan: () => this.activityBegan(),
        activityEnded: () => this.activityEnded(),
      },
    });
  }

  /** Registers the host and begins to look for work. Rejects when the store cannot be reached. */
  async start(): Promise<void> {
    await this.#heart.start();
    const unsubscribe = this.#options.bus?.subscribe(WAKE, (from) => {
      if (from !== this.id) this.wake();
    });
    this.#unsubscribe = [this.store.watch(() => this.wake())];
    if (unsubscribe !== undefined) this.#unsubscribe.push(unsubscribe);
    this.wake();
    void this.#poll();
  }

  /** Aborts when this host owns nothing any more. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** What it says of itself at a beat. */
  report(): HostReport {
    const agents = [...this.#agents.values()].map((agent) => {
      const busy = this.slots(agent.name).used;
      const { name, version, continues, capabilities, groups, keyed, concurrency } = agent;
      const operations = Object.keys(agent.operations);
      const status = this.#statusOf(name, busy);
      const can = { capabilities, groups, operations, keyed };
      return { name, version, continues, ...can, busy, concurrency, status };
    });
    const runs = this.servedRuns();
    return { about: this.#options.about ?? {}, agents, ...(runs === undefined ? {} : { runs }) };
  }

  #statusOf(agent: string, busy: number): AgentStatus {
    if ((this.#failures.get(agent) ?? 0) >= MANY_FAILURES) return "error";
    return busy > 0 ? "busy" : "idle";
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

  servedRuns(): readonly RunId[] | undefined {
    return this.#options.serves === "own-runs" ? [...this.#runs] : undefined;
  }

  // ---- what lives need ---------------------------------------------------------------------------------

  whenFresh(): Promise<void> | undefined {
    return this.#heart.whenFresh();
  }

  knowsAgent(agent: string): boolean {
    return this.#directory.knows(agent);
  }

  async lookUpAgent(agent: string): Promise<boolean> {
    try {
      this.#directory.update(await this.store.hosts(), this.id);
    } catch (cause) {
      await this.trouble(cause);
    }
    return this.#directory.knows(agent);
  }

  isKeyed(agent: string): boolean {
    return this.#directory.isKeyed(agent);
  }

  peers(query: PeerQuery): readonly string[] {
    return this.#directory.find(query);
  }

  readonly operationOf = (agent: string, operation: string): OperationRef | undefined =>
    this.#agents.get(agent)?.operation(operation);

  messageTicket(run: RunId): MessageTicket {
    return this.#allowance.take(run);
  }

  slots(agent: string): Slots {
    const slots = this.agentSlots.get(agent);
    if (slots === undefined) throw runtimeError("INVARIANT", `agent '${agent}' has no slots here`);
    return slots;
  }

  takeSlot(agent: string, operation: string): boolean {
    // What nobody here handles is claimed like what comes from elsewhere, and buried.
    if (this.#agents.get(agent)?.handler(operation) === undefined) return false;
    return !this.#claims.hasBacklog(agent) && this.slots(agent).tryTake();
  }

  versionsOf(agent: string): readonly string[] {
    return this.#versions.get(agent) ?? [];
  }

  giveSlot(agent: string): void {
    this.slots(agent).give();
    if (this.#claims.hasBacklog(agent)) this.wake();
  }

  startChild(child: Envelope, input: unknown, at: number, pausedMs: number): void {
    this.#adopt(child, { ...FRESH, input, at, pausedMs }, true);
  }

  /** Runs a root that was created as owned by this host, on a slot that was taken for it. */
  startRoot(root: Envelope, input: unknown, at: number): void {
    this.#adopt(root, { ...FRESH, input, at, version: 1 }, true);
  }

  claimable(agent: string): void {
    this.#claims.expect(agent);
    this.mailed();
  }

  mailed(): void {
    this.wake();
    this.#options.bus?.publish(WAKE, this.id);
  }

  queuedBehindKey(child: TaskId): void {
    this.#deadlocks.search(child);
  }

  lifeOf(task: TaskId): Life | undefined {
    return this.#lives.get(task);
  }

  left(life: Life): void {
    this.#lives.delete(life.id);
    this.#resting.delete(life);
    this.#scheduled.delete(life);
    // What it waits for is in the ledger now, for all who search.
    if (life.watched) this.#deadlocks.search(life.id);
    if (this.#claims.hasBacklog(life.task.agent)) this.wake();
  }

  closed(task: Envelope, outcome: Outcome): void {
    const { agent } = task;
    if (outcome.type === "value") this.#failures.delete(agent);
    else this.#failures.set(agent, (this.#failures.get(agent) ?? 0) + 1);
    this.#listener.closed(task, outcome);
  }

  stuck(life: Life, difference: Divergence): void {
    life.leave();
    this.#listener.trouble(stuckError(life.task, difference));
  }

  resting(life: Life): void {
    if (this.#claims.hasBacklog(life.task.agent)) this.wake();
    if (!this.#resting.has(life)) this.#resting.set(life, this.clock.monotonic());
    if (life.probed || this.#options.passivateAfterMs === 0) life.release();
    else if (life.watched) this.#deadlocks.search(life.id);
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
    if (this.#activities > 0) return;
    const waiting = this.#activitiesEnded;
    this.#activitiesEnded = [];
    for (const ended of waiting) ended();
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
    this.#claims.wake();
  }

  async #poll(): Promise<void> {
    const pollMs = this.#options.pollMs ?? 100;
    while (!this.#stop.signal.aborted) {
      // A process that serves agents lives until its system is disposed.
      const pause = { signal: this.#stop.signal, keepAlive: true };
      await this.clock.sleep(pollMs, pause).catch(() => {});
      this.wake();
      this.#passivate();
    }
  }

  async mailCame(task: TaskId): Promise<void> {
    await this.#lives.get(task)?.readInbox();
  }

  claimed(task: TaskId): Promise<string | undefined> {
    // It was nobody's: a life that is still here has given it back, and does not know yet (unknown outcome).
    this.#lives.get(task)?.lost("fenced");
    return this.take(task);
  }

  /** Loads a task that this host owns and has no life for, and brings it to life. */
  async take(task: TaskId): Promise<string | undefined> {
    const loaded = await this.store.load(task);
    if (loaded === undefined) return undefined;
    const start = await startOf(this.store, loaded, this.id);
    const { row } = loaded;
    if (this.#stop.signal.aborted || this.#lives.has(task)) return undefined;
    if (row.owner !== this.id || row.state !== "open") return undefined;
    const definition = this.#definitionOf(row.agent);
    const isRetried = this.#retried.has(row.run);
    const verdict = verdictOn(loaded, definition, this.clock.now(), isRetried);
    if (verdict === undefined) this.#adopt(row, start, false);
    else await this.#bury(loaded, verdict);
    return row.agent;
  }

  #definitionOf(agent: string): AgentDefinition {
    const definition = this.#agents.get(agent);
    if (definition !== undefined) return definition;
    throw runtimeError("INVARIANT", `claimed a task of agent '${agent}', unknown here`);
  }

  #adopt(task: Envelope, start: LifeStart, holdsSlot: boolean): void {
    if (this.#stop.signal.aborted) {
      // It was created in the last moment: whoever frees this host gives it to another one.
      if (holdsSlot) this.slots(task.agent).give();
      return;
    }
    const life = new Life(this, this.#definitionOf(task.agent), task, start);
    this.#lives.set(task.id, life);
    life.begin(holdsSlot);
  }

  /** Closes a claimed task without its handler; if mail came meanwhile, looks at it again. */
  async #bury(loaded: LoadedTask, verdict: Verdict, isHeard = true): Promise<void> {
    const result = await this.store.commit(burialBatch(this.id, loaded, verdict, isHeard));
    if (result.type === "committed") {
      this.closed(loaded.row, { type: "error", error: verdict.error.toData() });
      this.mailed();
    } else if (result.type === "refused" && result.reason === "absent" && isHeard) {
      await this.#bury(loaded, verdict, false);
    } else if (result.type === "unknown" || result.reason === "behind") {
      await this.take(loaded.row.id);
    }
  }

  #passivate(): void {
    const before = this.clock.monotonic() - (this.#options.passivateAfterMs ?? 10_000);
    for (const [life, since] of this.#resting) if (since <= before) life.release();
  }

  // ---- ends --------------------------------------------------------------------------------------------

  async #beaten(hosts: readonly HostBeat[]): Promise<void> {
    this.#directory.update(hosts, this.id);
    // Not at the first beat: whoever waits for this host to start waits for its work, not for tidiness.
    if (this.#heart.beat > 1) await endRuns(this.store, this.id);
    await this.#deadlocks.sweep(this.#keyedAgents);
  }

  #lost(why: string): void {
    this.#halt(why);
    this.#listener.lost(why);
  }

  /** Stops all work at once; nothing is written any more. */
  #halt(why: string): void {
    this.#stop.abort(STOPPED);
    this.#heart.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
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
    // A store that does not answer now leaves the ending of runs to the next host.
    await endRuns(this.store, this.id).catch((cause: unknown) => this.#listener.trouble(cause));
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
      this.#activitiesEnded.push(resolve);
    });
    if (graceMs === Number.POSITIVE_INFINITY) return ended;
    const late = new AbortController();
    // Nothing else may keep the process alive now: without this it would end in the middle of a dispose.
    const pause = { signal: late.signal, keepAlive: true };
    const grace = this.clock.sleep(graceMs, pause).catch(() => {});
    await Promise.race([ended, grace]);
    late.abort(STOPPED);
  }
}
