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

/** What {@link killMainJob} found. Every list must be empty. */
export interface MainJobFigures {
  readonly kills: number;
  readonly completed: number;
  /** Completed jobs whose report differs from one that was never killed. */
  readonly differing: readonly string[];
  /** Steps that stand in the ledger twice, or ran again after they were recorded (counted outside). */
  readonly twice: readonly string[];
  /** Processes that lived on: at once under the sandbox, after the restart without it. */
  readonly orphans: readonly string[];
}

const EXAMPLE = fileURLToPath(new URL("../examples/todo-api", import.meta.url));
const GOAL = "Check this project: is it healthy, do its tests pass, what should be fixed?";
const COMMAND = ["run", GOAL, "--in", "../project", "--json"] as const;

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
  const begun = performance.now();
  const whole = reportOf((await place.run(COMMAND)).stdout);
  const usualMs = performance.now() - begun;
  while (found.kills < upTo) {
    const ended = await startAndKill(place, COMMAND, moment(random, usualMs));
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
  const begun = performance.now();
  const whole = reportOf((await place.run(command)).stdout);
  const usualMs = performance.now() - begun;
  // How often the tests had run when their step was found recorded, by run.
  const runsWhenRecorded = new Map<string, number>();
  while (found.kills < upTo) {
    const ended = await startAndKill(place, command, moment(random, usualMs));
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
): Promise<{ readonly stdout: string; readonly stderr: string } | undefined> {
  const job = place.start(command);
  const timer = afterMs === undefined ? undefined : setTimeout(() => job.kill("SIGKILL"), afterMs);
  const ended = await job.ended;
  clearTimeout(timer);
  if (ended.signal === "SIGKILL") return undefined;
  if (ended.code !== 0) throw new Error(`the job ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
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
