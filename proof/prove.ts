import { askProgram } from "./ask-program.ts";
import type { Explored, ExploreOrder } from "./explore-program.ts";
import type { Lanes } from "./lanes.ts";
import { planting } from "./planting.ts";
import type { Plant } from "./plants.ts";
import {
  type Exploration,
  type Level,
  LIMIT_SECONDS,
  MIN_WINDOWS,
  type ProcessCheck,
  type ProcessResult,
  type PromiseRow,
  SCHEDULES,
} from "./promise.ts";

/** What became of one planted bug. */
interface PlantResult {
  readonly name: string;
  /** Schedules or tries until it was found; null: it was not. */
  readonly foundAfter: number | null;
  readonly failure: string | null;
}

/** What became of one promise. */
export interface Proof {
  readonly id: string;
  readonly title: string;
  readonly proven: boolean;
  /** Schedules explored; where nothing is explored, the tries of its process checks. */
  readonly schedules: number;
  /** The rarest required window: in how many schedules it was reached; null where none is required. */
  readonly windows: number | null;
  /** The hardest planted bug; null: one was not found. */
  readonly plantedFoundAfter: number | null;
  /** What its parts took in all; several go on at one time. */
  readonly seconds: number;
  /** Everything that stands in the way of `proven`. */
  readonly problems: readonly string[];
  readonly marks: Readonly<Record<string, number>>;
  readonly plants: readonly PlantResult[];
  readonly processes: readonly string[];
}

/** How much is proved, and where. */
export interface ProofPlan {
  readonly level: Level;
  /** First seed of each sampled exploration. */
  readonly seed: number;
  readonly lanes: Lanes;
  /** What comes of the checks that several promises name: each is made once. */
  readonly checks: Map<ProcessCheck, Promise<ProcessResult>>;
  /** Hears of each part that is done. */
  readonly onDone: (what: string) => void;
}

/** Proves one promise: explores, runs its process checks, and hunts its planted bugs, each in a lane of its own. */
export async function prove(row: PromiseRow, plan: ProofPlan): Promise<Proof> {
  const proving = new Proving(row, plan);
  const [explored, checked, plants] = await Promise.all([
    Promise.all(row.explorations.map((one) => proving.explore(one))),
    Promise.all((row.processChecks ?? []).map((check) => proving.check(check))),
    Promise.all([
      ...row.plants.map((plant) => proving.hunt(plant.name, () => huntPlant(plant))),
      ...(row.processPlants ?? []).map((plant) =>
        proving.hunt(plant.name, async () => {
          const { failure, tries } = await plant.run();
          return { foundAfter: failure === null ? null : tries, failure };
        }),
      ),
    ]),
  ]);
  const { problems, seconds } = proving;
  const marks = sumOfMarks(explored);
  for (const window of row.windows) {
    const count = marks[window] ?? 0;
    if (count < MIN_WINDOWS) problems.push(`window '${window}' was reached ${count} times only`);
  }
  const schedules = explored.reduce((sum, one) => sum + one.schedules, 0);
  const tries = checked.reduce((sum, one) => sum + one.tries, 0);
  const found = plants.map((plant) => plant.foundAfter);
  return {
    id: row.id,
    title: row.title,
    proven: problems.length === 0,
    schedules: row.explorations.length > 0 ? schedules : tries,
    windows: smallest(row.windows.map((window) => marks[window] ?? 0)),
    plantedFoundAfter: found.includes(null) ? null : Math.max(...found.map(Number)),
    seconds: Math.round(seconds * 10) / 10,
    problems,
    marks,
    plants,
    processes: checked.map((one) => one.line),
  };
}

/** One promise being proved: what stands in its way, and what it took. */
class Proving {
  readonly problems: string[] = [];
  seconds = 0;
  readonly #row: PromiseRow;
  readonly #plan: ProofPlan;

  constructor(row: PromiseRow, plan: ProofPlan) {
    this.#row = row;
    this.#plan = plan;
  }

  /** What cannot be explored has shown nothing; the other parts still may. */
  async explore(exploration: Exploration): Promise<Explored> {
    const { scenario } = exploration;
    try {
      const explored = await this.#inLane(`'${scenario}'`, () =>
        askProgram("explore-program.ts", orderOf(exploration, this.#plan)),
      );
      // What the program prints is written by this folder.
      const found = explored as Explored;
      if (found.failure !== null) this.problems.push(found.failure);
      else if (exploration.exhaustive !== undefined && !found.complete) {
        this.problems.push(`'${scenario}' is not exhausted after ${found.schedules} schedules`);
      }
      return found;
    } catch (error) {
      this.problems.push(`'${scenario}' could not be explored: ${String(error)}`);
      return { schedules: 0, marks: {}, complete: false, failure: null };
    }
  }

  async check(check: ProcessCheck): Promise<{ readonly line: string; readonly tries: number }> {
    const { checks, level } = this.#plan;
    const result =
      checks.get(check) ?? this.#inLane(check.name, () => orFailure(() => check.run(level)));
    checks.set(check, result);
    const { failure, summary, tries } = await result;
    if (failure !== null) this.problems.push(`${check.name}: ${failure}`);
    return { line: `${check.name}: ${summary}`, tries };
  }

  /** A hunt that cannot even run has found nothing: a stale plant must not pass for a caught bug. */
  async hunt(name: string, run: () => Promise<Omit<PlantResult, "name">>): Promise<PlantResult> {
    try {
      const found = await this.#inLane(`planted bug '${name}'`, run);
      if (found.foundAfter === null) this.problems.push(`planted bug was not found: ${name}`);
      return { name, ...found };
    } catch (error) {
      this.problems.push(`the hunt for '${name}' could not be run: ${String(error)}`);
      return { name, foundAfter: null, failure: null };
    }
  }

  #inLane<T>(what: string, body: () => Promise<T>): Promise<T> {
    return this.#plan.lanes.run(async () => {
      const begun = performance.now();
      try {
        return await body();
      } finally {
        const seconds = (performance.now() - begun) / 1_000;
        this.seconds += seconds;
        this.#plan.onDone(`${this.#row.id} ${what}: ${seconds.toFixed(1)} s`);
      }
    });
  }
}

function orderOf(exploration: Exploration, { level, seed }: ProofPlan): ExploreOrder {
  const { scenario, factor = 1, exhaustive = null } = exploration;
  const limit = LIMIT_SECONDS[level];
  const limitSeconds = limit === null ? null : factor * limit;
  return { scenario, seed, schedules: factor * SCHEDULES[level], limitSeconds, exhaustive };
}

function sumOfMarks(explored: readonly Explored[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { marks } of explored) {
    for (const [mark, count] of Object.entries(marks)) sums[mark] = (sums[mark] ?? 0) + count;
  }
  return sums;
}

function smallest(counts: readonly number[]): number | null {
  return counts.length === 0 ? null : Math.min(...counts);
}

/** What cannot be run has shown nothing; the other rows still may. */
async function orFailure(run: () => Promise<ProcessResult>): Promise<ProcessResult> {
  try {
    return await run();
  } catch (error) {
    const failure = `it could not be run: ${String(error)}`;
    return { tries: 0, failure, summary: "it could not be run" };
  }
}

/** In a process of its own, whose copy of the source has the bug. */
async function huntPlant({ hunt, edits }: Plant): Promise<Omit<PlantResult, "name">> {
  return (await askProgram("hunt.ts", hunt, planting(edits))) as Omit<PlantResult, "name">;
}
