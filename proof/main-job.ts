import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeClock, nodeRandom } from "../packages/waggle/src/adapters/node/index.ts";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { decodeEventOnly } from "../packages/waggle/src/core/event-codec.ts";
import {
  comparable,
  makePlace,
  type Place,
  processesNaming,
  projectWithTests,
  runOf,
} from "../packages/waggle/test/cli/waggle-process.ts";
import type { Edit } from "./plant-hook.ts";
import { planting } from "./planting.ts";

/** What {@link killMainJob} found. Every list must be empty. */
export interface MainJobFigures {
  readonly kills: number;
  readonly completed: number;
  /** Completed jobs whose report differs from one that was never killed. */
  readonly differing: readonly string[];
  /** Steps that stand in the ledger twice, or began again after they were recorded (counted outside). */
  readonly twice: readonly string[];
  /** Processes that lived on: at once under the sandbox, after the restart without it. */
  readonly orphans: readonly string[];
}

const EXAMPLE = fileURLToPath(new URL("../examples/todo-api", import.meta.url));
const GOAL = "Check this project: is it healthy, do its tests pass, what should be fixed?";
const COMMAND = ["run", GOAL, "--in", "../project", "--json"] as const;

/** Writes down, outside the ledger, that a step begins. The only difference to the real code. */
export const COUNT_STEPS: Edit = {
  file: "runtime/step-run.ts",
  find: "    const value = body(run);",
  replace: `    process.getBuiltinModule("node:fs").appendFileSync(
      process.env.WAGGLE_BEGUN_STEPS, \`\${owner.task.id} \${operation.path}\\n\`);
    const value = body(run);`,
};

interface Findings {
  kills: number;
  completed: number;
  readonly differing: string[];
  readonly twice: string[];
  readonly orphans: string[];
}

/**
 * Kills (-9) the main job at random moments and starts it again, until it has been killed `kills` times: half of
 * them on the example in the sandbox, half on a project whose test run writes a mark outside, without isolation.
 * Both count outside the ledger how often each step began.
 */
export async function killMainJob(
  kills: number,
  random: () => number = Math.random,
): Promise<MainJobFigures> {
  const found: Findings = { kills: 0, completed: 0, differing: [], twice: [], orphans: [] };
  await killInSandbox(found, Math.ceil(kills / 2), random);
  await killUnisolated(found, kills, random);
  return found;
}

async function killInSandbox(found: Findings, upTo: number, random: () => number): Promise<void> {
  await using place = await makePlace({});
  cpSync(EXAMPLE, place.project, { recursive: true });
  const steps = new StepCount(place);
  const begun = performance.now();
  const whole = reportOf((await place.run(COMMAND, { env: steps.environment })).stdout);
  const usualMs = performance.now() - begun;
  while (found.kills < upTo) {
    const ended = await startAndKill(place, COMMAND, moment(random, usualMs), steps.environment);
    found.twice.push(...(await steps.begunAgain()));
    if (ended === undefined) {
      found.kills++;
      found.orphans.push(...(await orphansAfter(place, 2_000)));
    } else {
      found.completed++;
      if (reportOf(ended.stdout) !== whole) found.differing.push(ended.stdout);
      found.twice.push(...(await recordedTwice(place, runOf(ended.stderr))));
    }
  }
}

async function killUnisolated(found: Findings, upTo: number, random: () => number): Promise<void> {
  await using place = await makePlace(projectWithTests(300));
  const marks = join(place.cwd, "marks");
  const test = join(place.project, "add.test.js");
  const mark = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(marks)}, "x");`;
  writeFileSync(test, `${mark}\n${readFileSync(test, "utf8")}`);
  writeFileSync(marks, "");
  const command = [...COMMAND, "--no-sandbox"];
  const steps = new StepCount(place);
  const begun = performance.now();
  const whole = reportOf((await place.run(command, { env: steps.environment })).stdout);
  const usualMs = performance.now() - begun;
  // How often the tests had run when their step was found recorded, by run.
  const runsWhenRecorded = new Map<string, number>();
  while (found.kills < upTo) {
    const ended = await startAndKill(place, command, moment(random, usualMs), steps.environment);
    found.twice.push(...(await steps.begunAgain()));
    const runs = readFileSync(marks, "utf8").length;
    const newest = await newestRun(place);
    const before = runsWhenRecorded.get(newest);
    if (before !== undefined && runs !== before) {
      found.twice.push(`the tests ran again after they were recorded (${before}, then ${runs})`);
    }
    if (await isTestRunRecorded(place, newest)) runsWhenRecorded.set(newest, runs);
    if (ended === undefined) {
      found.kills++;
      continue;
    }
    found.completed++;
    if (reportOf(ended.stdout) !== whole) found.differing.push(ended.stdout);
    found.orphans.push(...(await orphansAfter(place, 2_000)));
  }
}

/** When to kill; every third start is left alone, so that many jobs complete after few kills and some after many. */
function moment(random: () => number, usualMs: number): number | undefined {
  return random() < 1 / 3 ? undefined : random() * usualMs;
}

/** @returns undefined when it was killed; otherwise what it printed, because it was faster. */
async function startAndKill(
  place: Place,
  command: readonly string[],
  afterMs: number | undefined,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly stdout: string; readonly stderr: string } | undefined> {
  const job = place.start(command, { env });
  const timer = afterMs === undefined ? undefined : setTimeout(() => job.kill("SIGKILL"), afterMs);
  const ended = await job.ended;
  clearTimeout(timer);
  const named = /^waggle \S+, process (\d+),/m.exec(ended.stderr)?.[1];
  if (named !== undefined && Number(named) !== job.pid) {
    throw new Error(`process ${job.pid} says on its first line that it is ${named}`);
  }
  if (ended.signal === "SIGKILL") return undefined;
  if (ended.code !== 0) throw new Error(`the job ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}

/** How often each step of the jobs of one place began, as the jobs wrote down outside the ledger. */
class StepCount {
  readonly environment: Readonly<Record<string, string>>;
  readonly #place: Place;
  readonly #file: string;
  /** Of each step that was found recorded: how often it had begun then. */
  readonly #whenRecorded = new Map<string, number>();

  constructor(place: Place) {
    this.#place = place;
    this.#file = join(place.cwd, "begun-steps");
    writeFileSync(this.#file, "");
    const { module, environment } = planting([COUNT_STEPS]);
    this.environment = {
      ...environment,
      NODE_OPTIONS: `--import=${module}`,
      WAGGLE_BEGUN_STEPS: this.#file,
    };
  }

  /** Steps that have begun since they were found recorded. */
  async begunAgain(): Promise<readonly string[]> {
    const begun = new Map<string, number>();
    for (const step of readFileSync(this.#file, "utf8").split("\n")) {
      begun.set(step, (begun.get(step) ?? 0) + 1);
    }
    const faults: string[] = [];
    for (const { task, path } of await eventsOf(this.#place)) {
      const step = `${task} ${path}`;
      const times = begun.get(step) ?? 0;
      if (path.startsWith("step:") && times === 0) throw new Error(`nobody counted ${step}`);
      const before = this.#whenRecorded.get(step);
      if (before !== undefined && times !== before) {
        faults.push(`${step} began ${times} times, and ${before} times until it was recorded`);
      }
      this.#whenRecorded.set(step, times);
    }
    return faults;
  }
}

function reportOf(stdout: string): string {
  return JSON.stringify(comparable(JSON.parse(stdout)));
}

/** Processes that are still there `withinMs` after their Waggle process has ended. */
async function orphansAfter(place: Place, withinMs: number): Promise<readonly string[]> {
  const until = performance.now() + withinMs;
  let left = await processesNaming(place.temporary);
  while (left.length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    left = await processesNaming(place.temporary);
  }
  return left;
}

async function eventsOf(
  place: Place,
): Promise<readonly { run: string; task: string; path: string }[]> {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(join(place.cwd, ".waggle/waggle.db"))(machine);
  const tasks = await store.find({ limit: 100_000 });
  const loaded = await Promise.all(tasks.map(({ id }) => store.load(id)));
  return loaded.flatMap((task) =>
    (task?.events ?? []).flatMap((stored) => {
      const event = decodeEventOnly(stored);
      if (task === undefined || (event.type !== "done" && event.type !== "received")) return [];
      return [{ run: task.row.run, task: task.row.id, path: event.path }];
    }),
  );
}

async function recordedTwice(place: Place, run: string): Promise<readonly string[]> {
  const places = (await eventsOf(place))
    .filter((event) => event.run === run)
    .map(({ task, path }) => `${task} ${path}`);
  return places.filter((one, i) => places.indexOf(one) !== i);
}

async function newestRun(place: Place): Promise<string> {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(join(place.cwd, ".waggle/waggle.db"))(machine);
  const [newest] = await store.runs({ limit: 1 });
  return newest?.run ?? "none";
}

async function isTestRunRecorded(place: Place, wanted: string): Promise<boolean> {
  const events = await eventsOf(place);
  return events.some(({ run, path }) => run === wanted && path === "step:run the tests");
}
