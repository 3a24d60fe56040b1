import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import { parseRunId, type RunId, rootTaskId } from "../../../src/core/ids.ts";
import type { Store } from "../../../src/ports/store.ts";
import type { Preload } from "../child-process.ts";
import { FAST_HEART } from "./fast-heart.ts";
import { ledgerFaults } from "./ledger-faults.ts";
import { outsideFaults } from "./outside-faults.ts";
import { expectedSum } from "./worker-agents.ts";
import { WorkerTeam } from "./worker-team.ts";

/** How often workers are disturbed, and how. */
export interface Disturbance {
  /** kill -9 of one worker, at times of all. */
  readonly kills: number;
  /** Stops of one worker for longer than its lease. */
  readonly stops: number;
}

/** What else may be said of a disturbance. */
export interface DisturbOptions {
  /** Loaded into each worker. */
  readonly preload?: Preload;
  /** Within so long after the last disturbance all runs must have ended. Default 30,000 ms, what R13 allows. */
  readonly recoveryMs?: number;
  /** Uniform in [0, 1); chooses whom and when. Default: chance. */
  readonly random?: () => number;
}

/** What {@link disturbWorkers} found. */
export interface DisturbanceFigures {
  readonly kills: number;
  readonly stops: number;
  /** Runs whose start was acknowledged; all of them ended with the right result if there are no faults. */
  readonly runs: number;
  /** Bodies of steps that began. */
  readonly executions: number;
  /** See `OutsideFigures.cutByStop`. */
  readonly cutByStop: number;
  /** How long the last runs took to end once nothing was disturbed any more. */
  readonly settledMs: number;
  /** Everything that is not as promised, in words. */
  readonly faults: readonly string[];
}

const WORKERS = 3;
/** Runs that are open at a time. */
const OPEN_RUNS = 12;
const ROUNDS = 6;
/** Without any step for so long something is wrong that the disturbances do not explain. */
const STANDSTILL_MS = 30_000;

/**
 * Lets three worker processes serve a stream of runs on one SQLite store in `folder`, disturbs them at random
 * moments, and compares ledger and outside world afterwards.
 */
export async function disturbWorkers(
  folder: string,
  disturbance: Disturbance,
  options: DisturbOptions = {},
): Promise<DisturbanceFigures> {
  const { random = Math.random, recoveryMs = 30_000, preload } = options;
  const [path, outside] = [join(folder, "workers.db"), join(folder, "outside")];
  writeFileSync(outside, "");
  // A stop has to end while another host is within the step it interrupted; after a kill, whoever takes over must
  // get further before it is killed itself.
  const slowMs = disturbance.stops > 0 ? "1000" : "5";
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(path, { durability: "process" })(machine);
  await using team = new WorkerTeam(WORKERS, [path, outside, slowMs], random, preload);
  const feed = new Feed(store, team);
  const feeding = feed.run();
  // Whatever it throws is thrown where it is awaited.
  feeding.catch(() => {});
  const { kills, stops } = await disturb(team, outside, disturbance, random);
  feed.stop();
  await feeding;
  const [settledMs, late] = await settle(store, recoveryMs);
  const badEnds = await team.leave();
  const runs = (await store.runs({ limit: 1_000_000 })).map(({ run }) => run);
  const missing = [...team.accepted].filter((run) => !runs.includes(parseRunId(run)));
  const counted = outsideFaults(readFileSync(outside, "utf8"));
  const faults = [
    ...late.map((run) => `run ${run} had not ended after ${recoveryMs} ms`),
    ...badEnds.map((end) => `a worker that was told to leave ended with ${end}`),
    ...missing.map((run) => `run ${run} was accepted and is not there`),
    ...(await resultFaults(store, runs)),
    ...(await ledgerFaults(store, runs)),
    ...(await hostFaults(store)),
    ...counted.faults,
  ];
  const { executions, cutByStop } = counted;
  return { kills, stops, runs: runs.length, executions, cutByStop, settledMs, faults };
}

/** Keeps a number of runs open. */
class Feed {
  readonly #store: Store;
  readonly #team: WorkerTeam;
  #next = 0;
  #isOver = false;

  constructor(store: Store, team: WorkerTeam) {
    this.#store = store;
    this.#team = team;
  }

  stop(): void {
    this.#isOver = true;
  }

  async run(): Promise<void> {
    let waiting: string[] = [];
    while (!this.#isOver) {
      // Whoever was told to start a run may have died before: the same start again is the same run.
      waiting = waiting.filter((run) => !this.#team.accepted.has(run));
      const open = await this.#store.runs({ gate: "open", limit: OPEN_RUNS });
      for (let missing = OPEN_RUNS - open.length - waiting.length; missing > 0; missing--) {
        waiting.push(`run-${this.#next++}`);
      }
      for (const run of waiting) this.#team.start(run, ROUNDS);
      await pause(100);
    }
  }
}

async function disturb(
  team: WorkerTeam,
  outside: string,
  wanted: Disturbance,
  random: () => number,
): Promise<Disturbance> {
  const done = { kills: 0, stops: 0 };
  while (done.kills < wanted.kills || done.stops < wanted.stops) {
    await workGoesOn(outside);
    await pause(random() * 300);
    const left = { kills: wanted.kills - done.kills, stops: wanted.stops - done.stops };
    if (random() * (left.kills + left.stops) < left.stops) {
      const longMs = FAST_HEART.silenceMs * (1.2 + random());
      done.stops += (await team.stopOne(longMs)) ? 1 : 0;
    } else if (random() < 0.05) {
      done.kills += await team.killAll();
    } else {
      done.kills += (await team.killOne()) ? 1 : 0;
    }
  }
  return done;
}

/** A disturbance means something when there is work to disturb. @throws Error when there is none for long. */
async function workGoesOn(outside: string): Promise<void> {
  const before = statSync(outside).size;
  for (const begun = performance.now(); statSync(outside).size === before; await pause(5)) {
    if (performance.now() - begun > STANDSTILL_MS) throw new Error("nothing goes on");
  }
}

/** @returns how long it took until no run was open, and the runs that still are. */
async function settle(
  store: Store,
  recoveryMs: number,
): Promise<readonly [number, readonly RunId[]]> {
  const begun = performance.now();
  for (;;) {
    const open = await store.runs({ gate: "open", limit: 1_000_000 });
    const tookMs = Math.round(performance.now() - begun);
    if (open.length === 0 || tookMs > recoveryMs) return [tookMs, open.map(({ run }) => run)];
    await pause(50);
  }
}

async function resultFaults(store: Store, runs: readonly RunId[]): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const run of runs) {
    const last = (await store.load(rootTaskId(run)))?.events.at(-1);
    const event = last === undefined ? undefined : decodeEvent(last);
    const outcome = event?.type === "closed" ? event.outcome : undefined;
    const value = outcome?.type === "value" ? outcome.value : undefined;
    const { sum, certain = 0, uncertain = 0 } = (value ?? {}) as Partial<Record<string, number>>;
    if (sum === expectedSum(ROUNDS) && certain + uncertain === ROUNDS) continue;
    faults.push(`run ${run} ended with ${JSON.stringify(outcome)}`);
  }
  return faults;
}

/** When all have left nothing may be unfinished: it would have no owner, or a dead one. */
async function hostFaults(store: Store): Promise<readonly string[]> {
  const open = await store.find({ state: "open", limit: 10 });
  return open.map(({ id, owner }) => `task ${id} is open, owned by ${owner ?? "nobody"}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
