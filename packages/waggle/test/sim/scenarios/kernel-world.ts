import type { TaskEvent } from "../../../src/core/event.ts";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import { type HostId, rootTaskId, type TaskId } from "../../../src/core/ids.ts";
import { type RunId, RuntimeError } from "../../../src/index.ts";
import type { Batch, CommitResult, Gate, Store, TaskRow } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import { HEART_TIMES } from "../../../src/runtime/heart.ts";
import { outstandingIn } from "../../../src/runtime/ledger-view.ts";
import {
  createSystem,
  type System,
  type SystemOptions,
} from "../../../src/system/create-system.ts";
import { type Process, simulatedStore, type World } from "../../../src/testing/index.ts";
import { RuledLedger } from "./ruled-ledger.ts";

/** What happened outside the ledger: an effect, and how often its path was executed. */
export class Outside {
  readonly counts: Map<string, number> = new Map();

  note(effect: string): void {
    this.counts.set(effect, (this.counts.get(effect) ?? 0) + 1);
  }
}

/**
 * A ledger that looks over its own shoulder: whatever it checks itself, an append that was accepted from
 * anybody but the task's owner at that moment is reported (K1, K2).
 */
class WatchedLedger extends RuledLedger {
  readonly #mark: (name: string) => void;
  readonly #report: (problem: string) => void;
  readonly #committed: (batch: Batch) => void;

  constructor(world: World, report: (problem: string) => void, committed: (batch: Batch) => void) {
    super(() => world.now(), report);
    this.#mark = (name) => world.mark(name);
    this.#report = report;
    this.#committed = committed;
  }

  override commit(batch: Batch): CommitResult {
    const owners = batch.writes.map((write) =>
      write.type === "append" ? this.load(write.task)?.row.owner : batch.host,
    );
    const result = super.commit(batch);
    if (result.type === "refused") this.#mark(`a write was refused as ${result.reason}`);
    else if (freesAnother(batch)) this.#mark("a host was declared dead by another");
    if (result.type === "committed") this.#committed(batch);
    const foreign = owners.some((owner) => owner !== batch.host && owner !== undefined);
    if (result.type === "committed" && foreign) {
      this.#report(`a write of ${batch.host} was accepted for a task it does not own`);
    }
    return result;
  }
}

function freesAnother({ host, writes: [first] }: Batch): boolean {
  return first?.type === "free" && first.host !== host;
}

/** One ledger, and what may be asked of it when all is over. */
export class KernelWorld {
  /** True where there is only one process at a time. */
  isAlone = false;
  readonly ledger: RuledLedger;
  readonly outside: Outside = new Outside();
  readonly #world: World;
  /** Steps whose result a handler has seen, whatever became of that handler. */
  readonly #seen = new Set<string>();
  /** Names of the bodies that run now. */
  readonly #running = new Map<Process, Set<string>>();
  /** The last host of each process, by its name. */
  readonly #hosts = new Map<string, HostId>();
  /** What happened to each handler, from its first thing on. */
  readonly #told = new Map<string, string[]>();
  #problem: string | undefined;
  /** Called within each commit, when it has been applied. */
  whenCommitted: ((batch: Batch) => void) | undefined;
  /** Called when a body begins; says what is wrong with that. */
  whenBodyBegins: ((name: string, task: TaskId, self: Process) => string | undefined) | undefined;

  constructor(world: World) {
    this.#world = world;
    this.ledger = new WatchedLedger(
      world,
      (problem) => this.report(problem),
      (batch) => this.whenCommitted?.(batch),
    );
    world.invariant(() => this.#problem, "step");
  }

  /** Fails the schedule with `problem`; the first one counts. */
  report(problem: string): void {
    this.#problem ??= problem;
  }

  /** Virtual wall-clock ms. */
  now(): number {
    return this.#world.now();
  }

  /**
   * Begins a life of a handler. What it notes has to be the same, in the same order, in every life of it: it follows
   * from what was recorded (K4).
   */
  life(handler: string): (what: string) => void {
    const told = this.#told.get(handler) ?? [];
    this.#told.set(handler, told);
    let next = 0;
    return (what) => {
      const before = told[next];
      if (before === undefined) told.push(what);
      else if (before === what) this.mark("replayed the same way");
      else this.report(`thing ${next} of ${handler} was '${before}' and is '${what}' in replay`);
      next++;
    };
  }

  /** Notes that a handler went on with the result of the step at `path`: it may never run again. */
  seen(task: TaskId, path: string): void {
    this.#seen.add(`${task} ${path}`);
  }

  /** A replay may find other code than was recorded. */
  mayDiverge = false;

  /** The engine knows from now on when a process has ended, as an embedded one does: nobody waits for its silence. */
  knowsGone = false;

  /** The store of one incarnation; notes which host it is. */
  #storeOf(self: Process): Store {
    const store = simulatedStore(self, this.ledger);
    const before = this.#hosts.get(self.name);
    if (this.knowsGone && before !== undefined) this.ledger.markGone(before);
    const beat = (host: HostId, report: string): ReturnType<Store["beat"]> => {
      this.#hosts.set(self.name, host);
      return store.beat(host, report);
    };
    return { ...store, beat };
  }

  /** A system for one incarnation of a process. */
  async system(
    self: Process,
    agents: readonly AgentDefinition[],
    options: Partial<
      Pick<
        SystemOptions,
        | "passivateAfterMs"
        | "onTrouble"
        | "verifyReplay"
        | "serves"
        | "graceMs"
        | "cancelGraceMs"
        | "maxMessagesPerRun"
        | "pollMs"
        | "subscriptions"
      >
    > = {},
  ): Promise<System> {
    const store = this.#storeOf(self);
    return await createSystem({
      // A host that is alone wakes itself: without wake-ups a small world can be explored to its end.
      store: this.isAlone ? { ...store, watch: () => () => {} } : store,
      agents,
      clock: self.clock,
      random: self.random,
      ...(this.isAlone ? {} : { bus: self.bus }),
      // Few timers, so that schedules are short; the relations between them are those of HEART_TIMES.
      pollMs: 20_000,
      heart: { ...HEART_TIMES, beatMs: 5_000 },
      graceMs: Number.POSITIVE_INFINITY,
      onTrouble: (cause) => {
        if (RuntimeError.is(cause, "REPLAY_DIVERGED")) this.report(cause.message);
      },
      ...options,
    });
  }

  /**
   * The body of a step that does `name` outside. Fails the schedule when the step is recorded already (R4, K5).
   */
  async act(self: Process, task: TaskId, path: string, name: string): Promise<string> {
    const wrong = this.whenBodyBegins?.(name, task, self);
    if (wrong !== undefined) this.report(wrong);
    if (this.isRecorded(task, path)) this.report(`${path} is recorded and ran again`);
    if (this.#seen.has(`${task} ${path}`)) this.report(`${path} was seen and ran again`);
    const running = this.#running.get(self) ?? new Set();
    this.#running.set(self, running.add(name));
    try {
      return await self.effect(`act ${name}`, () => {
        this.outside.note(name);
        return name;
      });
    } finally {
      running.delete(name);
    }
  }

  /** Names of the bodies that run now in that incarnation. */
  running(self: Process): readonly string[] {
    return [...(this.#running.get(self) ?? [])];
  }

  isRecorded(task: TaskId, path: string): boolean {
    return this.events(task).some((event) => event.type === "done" && event.path === path);
  }

  /** The stream of a task, all generations. */
  events(task: TaskId): readonly TaskEvent[] {
    const loaded = this.ledger.load(task);
    if (loaded === undefined) return [];
    const { row, events } = loaded;
    if (events.length === row.version) return events.map((stored) => decodeEvent(stored));
    return this.record(row.run).flatMap((one) => (one.task === task ? one.event : []));
  }

  /** Everything recorded of a run, in order. */
  record(
    run: string,
  ): readonly { readonly task: TaskId; readonly at: number; readonly event: TaskEvent }[] {
    const stored = this.ledger.eventsAfter(run as RunId, 0, Number.POSITIVE_INFINITY);
    return stored.map((one) => ({ task: one.task, at: one.at, event: decodeEvent(one) }));
  }

  /** How many events of a run are recorded. */
  recorded(run: string): number {
    return this.ledger.eventsAfter(run as RunId, 0, Number.POSITIVE_INFINITY).length;
  }

  /** Where the gate of `run` stands; undefined: it was not started yet. */
  gate(run: string): Gate | undefined {
    return this.ledger.runs({ run: run as RunId })[0]?.gate;
  }

  /** Operations of a task under `prefix` that began and have no record of their end. */
  outstanding(task: TaskId, prefix: string): readonly string[] {
    const open = outstandingIn(this.ledger.load(task)?.events ?? []);
    return open.map(({ path }) => String(path)).filter((path) => path.startsWith(prefix));
  }

  /** What must hold of every run that is over. */
  problems(run: string): string | undefined {
    if (this.#problem !== undefined) return this.#problem;
    const root = rootTaskId(run as RunId);
    const tasks = this.ledger.find({ run: run as RunId });
    if (this.ledger.load(root) === undefined) return `run ${run} was never started`;
    if (this.gate(run) !== "ended") return `run ${run} is ${this.gate(run)}`;
    for (const task of tasks) {
      const problem = this.#problemOf(task);
      if (problem !== undefined) return `${task.agent}.${task.operation}: ${problem}`;
    }
    return undefined;
  }

  #problemOf(task: TaskRow): string | undefined {
    const events = this.events(task.id);
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    const first = events.findIndex(({ type }) => type === "done" || type === "asked");
    const resumed = events.findLastIndex(({ type }) => type === "resumed");
    if (first >= 0 && resumed > first) this.mark("replayed");
    if (count("closed") !== 1) return `closed ${count("closed")} times`;
    const stuck = events.find((event) => event.type === "stuck");
    if (stuck !== undefined && !this.mayDiverge) return `replay diverged: ${JSON.stringify(stuck)}`;
    const paths = events.flatMap((e) =>
      e.type === "done" || e.type === "received" ? [e.path] : [],
    );
    if (new Set(paths).size !== paths.length) return `a result stands twice: ${paths.join(", ")}`;
    return events.length === task.version
      ? undefined
      : `${events.length} events, version ${task.version}`;
  }

  mark(name: string): void {
    this.#world.mark(name);
  }
}
