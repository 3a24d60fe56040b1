import { MemoryLedger } from "../../src/adapters/memory/index.ts";
import type { Outcome, TaskEvent } from "../../src/core/event.ts";
import { decodeEvent } from "../../src/core/event-codec.ts";
import { hostIdFrom, parseRunId, rootTaskId, type TaskId } from "../../src/core/ids.ts";
import { type Context, createSystem } from "../../src/index.ts";
import { HEART_TIMES } from "../../src/runtime/heart.ts";
import { type Process, replay, runSchedule, simulatedStore } from "../../src/testing/index.ts";
import { type GoldenHandler, goldenAgents, HANDLERS, SIGNAL } from "./golden-handlers.ts";
import type { History, LedgerCall } from "./history.ts";
import { late, RUN_ID } from "./record-history.ts";

/** What became of a run whose hosts had died, under the code of today. */
export interface Replay {
  /** What the root said in the end; undefined: it has not ended. */
  readonly outcome: Outcome | undefined;
  /** Why tasks stand still: replay left the recorded path. */
  readonly stuck: readonly string[];
  /** Everything the tasks asked for, with what is compared of it, in order. */
  readonly requests: ReadonlyMap<TaskId, readonly string[]>;
  /** Effects of the root that happened. */
  readonly effects: readonly string[];
  /** Effects that happened although they were recorded. */
  readonly repeated: readonly string[];
  /** What was wrong with the schedule itself. */
  readonly failure: string | undefined;
}

const ROOT = rootTaskId(parseRunId(RUN_ID));
/** No host of a history is called that. */
const UNDERTAKER = hostIdFrom("f".repeat(32));
/** Virtual time within which whatever moves has ended. */
const PATIENCE_MS = 600_000;
const LOOK_MS = 2_000;

/** What is recorded of a run when all its calls have happened, without code that runs. */
export function recorded(history: History): Pick<Replay, "outcome" | "requests"> {
  const ledger = new ReplayLedger();
  ledger.perform(history.calls);
  return { outcome: outcomeOf(ledger), requests: requestsOf(ledger) };
}

/**
 * Builds the ledger as it was after `cut` calls of the history, declares its hosts dead, and lets a new host go on,
 * in virtual time.
 */
export async function replayHistory(
  history: History,
  cut: number,
  handlers: Readonly<Record<string, GoldenHandler>> = HANDLERS,
): Promise<Replay> {
  const ledger = new ReplayLedger();
  ledger.perform(history.calls.slice(0, cut));
  ledger.buryAll();
  const before = doneSteps(ledger);
  const effects: { readonly task: TaskId; readonly name: string }[] = [];
  const main = async (self: Process): Promise<void> => {
    ledger.goOn(self);
    await goOn(self, ledger, history, handlers, (task, name) => effects.push({ task, name }));
  };
  const { failure } = await runSchedule(
    { name: "replay", faults: 0, maxSteps: 20_000, setup: (world) => world.process("host", main) },
    replay([]),
  );
  return {
    outcome: outcomeOf(ledger),
    stuck: stuckIn(ledger),
    requests: requestsOf(ledger),
    effects: effects.filter(({ task }) => task === ROOT).map(({ name }) => name),
    repeated: effects
      .filter(({ task, name }) => before.has(`${task} ${name}`))
      .map(({ name }) => name),
    failure,
  };
}

/** A ledger that is at the time of the call it performs; later at the time of the process that goes on. */
export class ReplayLedger extends MemoryLedger {
  #clock: () => number = () => 0;

  constructor() {
    let now = (): number => 0;
    super({ now: () => now() });
    now = () => this.#clock();
  }

  /** @throws Error if a call that was accepted then is not accepted now. */
  perform(calls: readonly LedgerCall[]): void {
    for (const call of calls) {
      this.#clock = () => call.at;
      if ("beat" in call) this.beat(call.beat, "{}");
      else if ("claim" in call) this.claim(call.claim);
      else {
        const result = this.commit(call.commit);
        if (result.type !== "committed") throw new Error(`not accepted: ${JSON.stringify(result)}`);
      }
    }
  }

  /** Declares every host dead: its tasks are claimable. */
  buryAll(): void {
    for (const { host, beat } of this.hosts()) {
      this.commit({ host: UNDERTAKER, writes: [{ type: "free", host, beat }] });
    }
  }

  /** From now on the time of `self`, which begins where the history ended. */
  goOn(self: Process): void {
    const began = this.#clock();
    const { clock } = self;
    this.#clock = () => began + clock.monotonic();
  }

  /** Wall-clock ms. */
  get time(): number {
    return this.#clock();
  }
}

async function goOn(
  self: Process,
  ledger: ReplayLedger,
  { kind }: History,
  handlers: Readonly<Record<string, GoldenHandler>>,
  note: (task: TaskId, name: string) => void,
): Promise<void> {
  const body = (ctx: Context, name: string) => () =>
    self.effect(`body ${name}`, () => {
      note(ctx.task, name);
      return name.length;
    });
  const system = await createSystem({
    store: simulatedStore(self, ledger),
    agents: goldenAgents({ body }, handlers),
    clock: { ...self.clock, now: () => ledger.time },
    random: self.random,
    bus: self.bus,
    pollMs: 20_000,
    heart: { ...HEART_TIMES, beatMs: 5_000 },
    graceMs: Number.POSITIVE_INFINITY,
  });
  if (kind === "signals") {
    await system.signal({ run: RUN_ID }, SIGNAL, 7, { once: true }).catch(late);
  }
  for (let waited = 0; waited < PATIENCE_MS && !isStill(ledger); waited += LOOK_MS) {
    await self.clock.sleep(LOOK_MS);
  }
  await system[Symbol.asyncDispose]();
}

/** True if nothing of the run will move any more. */
function isStill(ledger: MemoryLedger): boolean {
  const run = parseRunId(RUN_ID);
  return ledger.find({ run, limit: 1_000 }).every(({ state }) => state !== "open");
}

function eventsOf(ledger: MemoryLedger, task: TaskId): readonly TaskEvent[] {
  return ledger
    .eventsAfter(parseRunId(RUN_ID), 0, 100_000)
    .filter((stored) => stored.task === task)
    .map((stored) => decodeEvent(stored));
}

function tasksOf(ledger: MemoryLedger): readonly TaskId[] {
  return ledger.find({ run: parseRunId(RUN_ID), limit: 1_000 }).map(({ id }) => id);
}

function outcomeOf(ledger: MemoryLedger): Outcome | undefined {
  const last = eventsOf(ledger, ROOT).at(-1);
  return last?.type === "closed" ? last.outcome : undefined;
}

function stuckIn(ledger: MemoryLedger): readonly string[] {
  return tasksOf(ledger).flatMap((task) =>
    eventsOf(ledger, task).flatMap((event) =>
      event.type === "stuck" ? [`expected ${event.expected}, got ${event.actual}`] : [],
    ),
  );
}

function requestsOf(ledger: MemoryLedger): ReadonlyMap<TaskId, readonly string[]> {
  return new Map(tasksOf(ledger).map((task) => [task, eventsOf(ledger, task).flatMap(requestIn)]));
}

function requestIn(event: TaskEvent): readonly string[] {
  switch (event.type) {
    case "asked":
      return [`${event.path} ${event.target} ${event.child} ${JSON.stringify(event.input)}`];
    case "done":
    case "armed":
      return [`${event.type} ${event.path}`];
    case "restarted":
      return [`restarted ${JSON.stringify(event.input)}`];
    default:
      return [];
  }
}

/** `<task> <name>` of the steps that are recorded. */
function doneSteps(ledger: MemoryLedger): ReadonlySet<string> {
  const found = new Set<string>();
  for (const task of tasksOf(ledger)) {
    for (const event of eventsOf(ledger, task)) {
      const name = event.type === "done" ? /step:([^[\]/]+)$/.exec(event.path)?.[1] : undefined;
      if (name !== undefined) found.add(`${task} ${name}`);
    }
  }
  return found;
}
