import { randomUUID } from "node:crypto";
import type { ProjectReport } from "../agents/project-team/synthesizer/project-report.ts";
import type { RunId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import { carryOn } from "./carry-on.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { failOnMatches } from "./fail-on.ts";
import { openLedger, reportFolder } from "./ledger.ts";
import { oneLine } from "./printable.ts";
import { makeReportFolder, type ReportDocument, writeReportFiles } from "./report-files.ts";
import { reportText } from "./report-text.ts";
import { checkRunArguments, type RawRunOptions, type RunArguments } from "./run-arguments.ts";
import { chooseRun } from "./run-identity.ts";
import { RunProgress } from "./run-progress.ts";
import { resultOf } from "./run-result.ts";
import { RunScreen } from "./run-screen.ts";
import type { WatchEnd } from "./watch-run.ts";
import { readSeat } from "./worker-seat.ts";

/**
 * `waggle run`: lets the team work on a goal and shows its report.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` with all problems before anything is run; `STORE_UNAVAILABLE` when the ledger fails.
 */
export async function runCommand(
  goal: string,
  options: RawRunOptions,
  context: CommandContext,
): Promise<number> {
  const { cwd, interruption, version } = context;
  const args = await checkRunArguments(goal, options, cwd);
  await using store = await openLedger(cwd, args.durability);
  const run = await chooseRun(store, args, args.isFresh);
  const folder = args.outFolder ?? reportFolder(cwd, run.id);
  await makeReportFolder(folder);
  const progress = new RunProgress(run.id);
  const stream = args.isJson ? context.stderr : context.stdout;
  let end: WatchEnd;
  {
    using screen = new RunScreen(stream, context.env, progress);
    screen.note(`waggle ${version}, process ${process.pid}, run ${run.id}`);
    screen.note(`goal: ${oneLine(args.goal)}`);
    screen.note(`folder: ${args.folder}`);
    const { signal } = interruption;
    const onStop = (): void => {
      if (interruption.exitCode === EXIT.pipeClosed) return;
      screen.note("stopping, and giving back what is open (once more to stop at once)");
    };
    signal.addEventListener("abort", onStop, { once: true });
    const worker = { token: randomUUID().replaceAll("-", ""), pid: process.pid };
    const subject = args;
    const searchPath = context.env["PATH"];
    end = await carryOn({ store, run, subject, worker, progress, screen, searchPath, signal });
    signal.removeEventListener("abort", onStop);
  }
  if (end.type === "stopped") {
    return await stopped(store, run.id, context);
  }
  return await conclude(end, run.id, folder, args, context);
}

async function stopped(store: Store, run: RunId, context: CommandContext): Promise<number> {
  const exitCode = context.interruption.exitCode ?? EXIT.runFailed;
  if (exitCode === EXIT.pipeClosed) return exitCode;
  const isThere = (await store.runs({ run, limit: 1 })).length > 0;
  const { worker } = await readSeat(store, run);
  const kept = `run ${run} is kept: the same command goes on with it`;
  const what = worker === undefined ? kept : `process ${worker.pid} goes on with run ${run}`;
  context.stderr.write(`stopped; ${isThere ? what : "nothing was begun"}\n`);
  return exitCode;
}

async function conclude(
  end: Exclude<WatchEnd, { readonly type: "stopped" }>,
  run: string,
  folder: string,
  args: RunArguments,
  context: CommandContext,
): Promise<number> {
  if (end.type === "stuck") {
    const why = `task '${oneLine(end.task)}' cannot go on with this version of the code: ${oneLine(end.why)}`;
    return failed(run, { code: "STUCK", message: why }, "start afresh with --new", args, context);
  }
  const result = resultOf(end.outcome);
  if (result.type === "failed") {
    return failed(run, result.error, `look at it with: waggle show ${run}`, args, context);
  }
  const document = await writeReportFiles(folder, run, result.report);
  present(document, args, context);
  return judged(result.report, args, context);
}

function present(document: ReportDocument, args: RunArguments, context: CommandContext): void {
  const { stdout } = context;
  if (args.isJson) {
    stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const { json, markdown } = document.files;
  stdout.write(`\n${reportText(document.markdown, stdout)}\nwritten to ${markdown}\n`);
  stdout.write(`       and ${json}\n`);
}

function judged(report: ProjectReport, args: RunArguments, context: CommandContext): number {
  const matches = failOnMatches(report, args.failOn);
  for (const match of matches) context.stderr.write(`--fail-on ${match}\n`);
  return matches.length > 0 ? EXIT.failOn : EXIT.done;
}

function failed(
  run: string,
  error: { readonly code: string; readonly message: string },
  hint: string,
  args: RunArguments,
  context: CommandContext,
): number {
  const { code, message } = error;
  if (args.isJson) context.stdout.write(`${JSON.stringify({ run, error: { code, message } })}\n`);
  context.stderr.write(`run ${run} failed: ${oneLine(message, 2_000)} (${code}); ${hint}\n`);
  return EXIT.runFailed;
}
