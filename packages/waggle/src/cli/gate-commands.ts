import type { RunId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import { isUnfinished } from "../runtime/ledger-view.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { openExistingLedger } from "./ledger.ts";
import { hostNames, outsideControl, servingHosts } from "./outside-control.ts";
import { counted } from "./printable.ts";
import { usageProblems } from "./run-arguments.ts";

/** The options of `waggle pause` and `waggle resume`. */
export interface GateOptions {
  readonly json?: true;
}

/** Tasks of one run that are counted. */
const MAX_TASKS = 100_000;

/** What is left of a run, as `--json` prints it. */
interface GateReport {
  readonly run: RunId;
  readonly gate: "paused" | "open";
  /** Tasks that have not ended. */
  readonly unfinished: number;
  /** Those of them that a process has in memory now. */
  readonly inMemory: number;
}

/**
 * `waggle pause`: lets nothing of a run begin until it is resumed.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` for an unknown run; `TOO_LATE` if it is being cancelled or has ended;
 * `STORE_UNAVAILABLE`.
 */
export async function pauseCommand(
  text: string,
  options: GateOptions,
  context: CommandContext,
): Promise<number> {
  return await move(text, "paused", options, context);
}

/** `waggle resume`: lets a paused run go on. As {@link pauseCommand}. */
export async function resumeCommand(
  text: string,
  options: GateOptions,
  context: CommandContext,
): Promise<number> {
  return await move(text, "open", options, context);
}

async function move(
  text: string,
  to: "paused" | "open",
  options: GateOptions,
  { cwd, stdout }: CommandContext,
): Promise<number> {
  await using store = await openExistingLedger(cwd, "power");
  const run = await findRun(store, text);
  if (store === undefined) throw usageProblems([`run '${run}' cannot be read`]);
  const control = outsideControl(store);
  if (to === "paused") await control.pause(run);
  else await control.resume(run);
  const open = (await store.find({ run, limit: MAX_TASKS })).filter(isUnfinished);
  const inMemory = open.filter(({ owner }) => owner !== null).length;
  const report: GateReport = { run, gate: to, unfinished: open.length, inMemory };
  stdout.write(`${options.json ? JSON.stringify(report) : await gateText(store, report)}\n`);
  return EXIT.done;
}

async function gateText(store: Store, report: GateReport): Promise<string> {
  const { run, gate, unfinished, inMemory } = report;
  const left = `${counted(unfinished, "task")} unfinished`;
  if (gate === "paused") {
    const going =
      inMemory === 0
        ? ""
        : `; ${counted(inMemory, "task")} in memory, which end what they have begun`;
    return `run ${run} is paused: nothing of it begins, its times stand still; ${left}${going}`;
  }
  const hosts = await servingHosts(store, run);
  const who = hosts.length > 0 ? hostNames(hosts) : "no living process yet";
  return `run ${run} may go on: ${left}, served by ${who}`;
}
