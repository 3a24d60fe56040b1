import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { explore, formatReport, type Report } from "../packages/waggle/src/testing/index.ts";
import type { Plant } from "./plants.ts";
import {
  type Exploration,
  type Level,
  MIN_WINDOWS,
  type ProcessResult,
  type PromiseRow,
  SCHEDULES,
} from "./promise.ts";
import { SCENARIOS } from "./scenario-list.ts";

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
  readonly seconds: number;
  /** Everything that stands in the way of `proven`. */
  readonly problems: readonly string[];
  readonly marks: Readonly<Record<string, number>>;
  readonly plants: readonly PlantResult[];
  readonly processes: readonly string[];
}

/** Proves one promise: explores, runs its process checks, and hunts its planted bugs. */
export async function prove(row: PromiseRow, level: Level): Promise<Proof> {
  const begun = performance.now();
  const problems: string[] = [];
  const { schedules, marks } = await exploreAll(row, level, problems);
  for (const window of row.windows) {
    const count = marks[window] ?? 0;
    if (count < MIN_WINDOWS) problems.push(`window '${window}' was reached ${count} times only`);
  }
  const { processes, tries } = await checkProcesses(row, level, problems);
  const plants = await huntPlants(row, problems);
  for (const { name, foundAfter } of plants) {
    if (foundAfter === null) problems.push(`planted bug was not found: ${name}`);
  }
  const found = plants.map((plant) => plant.foundAfter);
  return {
    id: row.id,
    title: row.title,
    proven: problems.length === 0,
    schedules: row.explorations.length > 0 ? schedules : tries,
    windows: smallest(row.windows.map((window) => marks[window] ?? 0)),
    plantedFoundAfter: found.includes(null) ? null : Math.max(...found.map(Number)),
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    problems,
    marks,
    plants,
    processes,
  };
}

async function exploreAll(
  row: PromiseRow,
  level: Level,
  problems: string[],
): Promise<{ readonly schedules: number; readonly marks: Readonly<Record<string, number>> }> {
  const marks: Record<string, number> = {};
  let schedules = 0;
  for (const exploration of row.explorations) {
    const report = await run(exploration, level);
    schedules += report.schedules;
    for (const [mark, count] of Object.entries(report.marks)) {
      marks[mark] = (marks[mark] ?? 0) + count;
    }
    if (report.failure !== undefined) problems.push(formatReport(report));
    else if (exploration.exhaustive !== undefined && !report.complete) {
      problems.push(
        `'${exploration.scenario}' is not exhausted after ${report.schedules} schedules`,
      );
    }
  }
  return { schedules, marks };
}

function smallest(counts: readonly number[]): number | null {
  return counts.length === 0 ? null : Math.min(...counts);
}

function run(exploration: Exploration, level: Level): Promise<Report> {
  const { scenario, exhaustive, factor = 1 } = exploration;
  const options =
    exhaustive === undefined ? { schedules: factor * SCHEDULES[level] } : { exhaustive };
  return explore(SCENARIOS[scenario](), options);
}

async function checkProcesses(
  row: PromiseRow,
  level: Level,
  problems: string[],
): Promise<{ readonly processes: readonly string[]; readonly tries: number }> {
  const summaries: string[] = [];
  let tries = 0;
  for (const check of row.processChecks ?? []) {
    const result = await orFailure(() => check.run(level));
    tries += result.tries;
    summaries.push(`${check.name}: ${result.summary}`);
    if (result.failure !== null) problems.push(`${check.name}: ${result.failure}`);
  }
  return { processes: summaries, tries };
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

async function huntPlants(row: PromiseRow, problems: string[]): Promise<readonly PlantResult[]> {
  const results: PlantResult[] = [];
  // A hunt that cannot even run has found nothing: a stale plant must not pass for a caught bug.
  const note = async (name: string, run: () => Promise<Omit<PlantResult, "name">>) => {
    try {
      results.push({ name, ...(await run()) });
    } catch (error) {
      problems.push(`the hunt for '${name}' could not be run: ${String(error)}`);
      results.push({ name, foundAfter: null, failure: null });
    }
  };
  for (const plant of row.plants) await note(plant.name, () => hunt(plant));
  for (const plant of row.processPlants ?? []) {
    await note(plant.name, async () => {
      const { failure, tries } = await plant.run();
      return { foundAfter: failure === null ? null : tries, failure };
    });
  }
  return results;
}

/** In a process of its own, whose copy of the source has the bug. */
async function hunt(plant: Plant): Promise<PlantResult> {
  const hook = new URL("./plant-hook.ts", import.meta.url).href;
  const program = fileURLToPath(new URL("./hunt.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--conditions=waggle-source", "--import", hook, program, JSON.stringify(plant.hunt)],
    {
      env: { ...process.env, WAGGLE_PLANT: JSON.stringify(plant.edits) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const [output, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on("close", resolve)),
  ]);
  if (code !== 0) throw new Error(`the hunt for '${plant.name}' ended with ${code}: ${errors}`);
  const { foundAfter, failure } = JSON.parse(output) as Omit<PlantResult, "name">;
  return { name: plant.name, foundAfter, failure };
}
