import { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import { rootTaskId, type TaskId } from "../../../src/core/ids.ts";
import type { RunId } from "../../../src/index.ts";
import type { Batch, CommitResult, TaskRow } from "../../../src/ports/store.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import { HEART_TIMES } from "../../../src/runtime/heart.ts";
import {
  createSystem,
  type System,
  type SystemOptions,
} from "../../../src/system/create-system.ts";
import { type Process, simulatedStore, type World } from "../../../src/testing/index.ts";

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
class WatchedLedger extends MemoryLedger {
  readonly #mark: (name: string) => void;
  readonly #report: (problem: string) => void;

  constructor(world: World, report: (problem: string) => void) {
    super({ now: () => world.now() });
    this.#mark = (name) => world.mark(name);
    this.#report = report;
  }

  override commit(batch: Batch): CommitResult {
    const owners = batch.writes.map((write) =>
      write.type === "append" ? this.load(write.task)?.row.owner : batch.host,
    );
    const result = super.commit(batch);
    if (result.type === "refused") this.#mark(`a write was refused as ${result.reason}`);
    else if (freesAnother(batch)) this.#mark("a host was declared dead by another");
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
  readonly ledger: MemoryLedger;
  readonly outside: Outside = new Outside();
  readonly #world: World;
  /** Steps whose result a handler has seen, whatever became of that handler. */
  readonly #seen = new Set<string>();
  #zombieWrite: string | undefined;

  constructor(world: World) {
    this.#world = world;
    this.ledger = new WatchedLedger(world, (problem) => {
      this.#zombieWrite ??= problem;
    });
  }

  /** Notes that a handler went on with the result of the step at `path`: it may never run again. */
  seen(task: TaskId, path: string): void {
    this.#seen.add(`${task} ${path}`);
  }

  /** A system for one incarnation of a process. */
  async system(
    self: Process,
    agents: readonly AgentDefinition[],
    options: Partial<Pick<SystemOptions, "passivateAfterMs" | "serves" | "graceMs">> = {},
  ): Promise<System> {
    const store = simulatedStore(self, this.ledger);
    return await createSystem({
      store,
      agents,
      clock: self.clock,
      random: self.random,
      bus: self.bus,
      // Few timers, so that schedules are short; the relations between them are those of HEART_TIMES.
      pollMs: 20_000,
      heart: { ...HEART_TIMES, beatMs: 5_000 },
      graceMs: Number.POSITIVE_INFINITY,
      ...options,
    });
  }

  /**
   * The body of a step that does `name` outside. Fails the schedule when the step is recorded already (R4, K5).
   */
  act(self: Process, task: TaskId, path: string, name: string): Promise<string> {
    return self.effect(`act ${name}`, () => {
      if (this.isRecorded(task, path)) throw new Error(`${path} is recorded and ran again`);
      if (this.#seen.has(`${task} ${path}`)) throw new Error(`${path} was seen and ran again`);
      this.outside.note(name);
      return name;
    });
  }

  isRecorded(task: TaskId, path: string): boolean {
    return this.events(task).some((event) => event.type === "done" && event.path === path);
  }

  events(task: TaskId): ReturnType<typeof decodeEvent>[] {
    return (this.ledger.load(task)?.events ?? []).map(decodeEvent);
  }

  /** What must hold of every run that is over. */
  problems(run: string): string | undefined {
    if (this.#zombieWrite !== undefined) return this.#zombieWrite;
    const root = rootTaskId(run as RunId);
    const tasks = this.ledger.find({ run: run as RunId });
    if (this.ledger.load(root) === undefined) return `run ${run} was never started`;
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
    if (stuck !== undefined) return `replay diverged: ${JSON.stringify(stuck)}`;
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
