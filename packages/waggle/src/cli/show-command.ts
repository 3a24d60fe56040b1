import type { ProjectReport } from "../agents/project-team/synthesizer/project-report.ts";
import type { RunEvent } from "../runtime/runs.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { openExistingLedger } from "./ledger.ts";
import { oneLine } from "./printable.ts";
import { reportText } from "./report-text.ts";
import { usageProblems } from "./run-arguments.ts";
import { detailsOf, type TaskDetail } from "./run-details.ts";
import { type RunRecord, readRun } from "./run-record.ts";
import { resultOf } from "./run-result.ts";
import { type RunSummary, stateText, summarise } from "./run-summary.ts";

/** The options of `waggle show`. */
export interface ShowOptions {
  readonly json?: true;
  readonly events?: true;
}

/** What `waggle show --json` prints: the summary, and these instead of the counts. */
interface RunDocument extends Omit<RunSummary, "tasks"> {
  readonly tasks: readonly TaskDetail[];
  /** Null while there is none. */
  readonly report: ProjectReport | null;
  /** With `--events` only. */
  readonly events?: readonly RunEvent[];
}

/**
 * `waggle show`: shows one run; changes nothing.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` for an unknown run, `STORE_UNAVAILABLE`.
 */
export async function showCommand(
  text: string,
  options: ShowOptions,
  context: CommandContext,
): Promise<number> {
  const { cwd, stdout } = context;
  await using store = await openExistingLedger(cwd);
  const run = await findRun(store, text);
  const record = store === undefined ? undefined : await readRun(store, run);
  if (store === undefined || record === undefined) {
    throw usageProblems([`run '${run}' has no tasks that can be read`]);
  }
  const summary = await summarise(store, record);
  const tasks = await detailsOf(store, record);
  const outcome = record.progress.outcome;
  const result = outcome === undefined ? undefined : resultOf(outcome);
  const report = result?.type === "report" ? result.report : null;
  const events = options.events ? { events: record.events } : {};
  const document: RunDocument = { ...summary, tasks, report, ...events };
  if (options.json) {
    stdout.write(`${JSON.stringify(document)}\n`);
    return EXIT.done;
  }
  const sections = [
    header(summary),
    taskList(tasks),
    ...(summary.error === null ? [] : [`error: ${oneLine(summary.error.message, 2_000)}`]),
    ...(options.events ? [eventList(record)] : []),
    ...(report === null ? [] : [reportText(report.markdown, stdout).trimEnd()]),
  ];
  stdout.write(`${sections.join("\n\n")}\n`);
  return EXIT.done;
}

function header(summary: RunSummary): string {
  const { run, goal, folder, startedAt } = summary;
  return [
    `run      ${run}  ${stateText(summary)}`,
    `goal     ${oneLine(goal ?? "(started by another program)", 300)}`,
    `folder   ${oneLine(folder ?? "-", 1_000)}`,
    `started  ${startedAt}`,
  ].join("\n");
}

function taskList(tasks: readonly TaskDetail[]): string {
  if (tasks.length === 0) return "no task has been asked for yet";
  const width = tasks.reduce((longest, { name }) => Math.max(longest, name.length), 0);
  const lines = tasks.map(({ name, asked, state, why, seconds }) => {
    const took = seconds === null ? "" : ` (${seconds.toFixed(1)} s)`;
    const reason = why === null ? "" : `: ${why}`;
    return `${state.padEnd(9)} ${name.padEnd(width)}  ${oneLine(`${asked}${took}${reason}`, 400)}`;
  });
  return ["tasks:", ...lines.map((line) => `  ${line}`)].join("\n");
}

function eventList({ events, root, progress }: RunRecord): string {
  const names = new Map(progress.tasks.map((task) => [task.id, task.name]));
  const lines = events.map(({ position, at, task, event }) => {
    const { type, ...facts } = event;
    const name = task === root.id ? "run" : (names.get(task) ?? task);
    const time = new Date(at).toISOString();
    return `  ${position}  ${time}  ${oneLine(`${name}  ${type}  ${JSON.stringify(facts)}`, 160)}`;
  });
  return ["events:", ...lines].join("\n");
}
