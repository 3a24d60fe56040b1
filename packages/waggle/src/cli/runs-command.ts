import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { ledgerFile, openExistingLedger } from "./ledger.ts";
import { counted, oneLine } from "./printable.ts";
import { usageProblems } from "./run-arguments.ts";
import { readRun } from "./run-record.ts";
import { type RunSummary, stateText, summarise } from "./run-summary.ts";

/** The options of `waggle runs` as they were written. */
export interface RunsOptions {
  readonly json?: true;
  readonly limit: string;
}

/** Most runs that are listed. */
const MAX_LIMIT = 1_000;

/**
 * `waggle runs`: lists the runs of the ledger in the current folder; changes nothing.
 * @returns the exit code.
 * @throws RuntimeError `USAGE`, `STORE_UNAVAILABLE`.
 */
export async function runsCommand(options: RunsOptions, context: CommandContext): Promise<number> {
  const { cwd, stdout } = context;
  const limit = parseLimit(options.limit);
  await using store = await openExistingLedger(cwd);
  const summaries: RunSummary[] = [];
  for (const { run } of (await store?.runs({ limit })) ?? []) {
    const record = store === undefined ? undefined : await readRun(store, run);
    if (store !== undefined && record !== undefined) summaries.push(await summarise(store, record));
  }
  if (options.json) stdout.write(`${JSON.stringify(summaries)}\n`);
  else if (summaries.length === 0) stdout.write(`no runs yet (the ledger is ${ledgerFile(cwd)})\n`);
  else stdout.write(`${summaries.map(summaryText).join("\n\n")}\n`);
  return EXIT.done;
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw usageProblems([`--limit: '${text}' is no whole number from 1 to ${MAX_LIMIT}`]);
}

function summaryText(summary: RunSummary): string {
  const { run, goal, folder, startedAt, tasks } = summary;
  const { done, failed, skipped, open, total } = tasks;
  const parts = [
    `${done} of ${counted(total, "task")} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(open > 0 ? [`${open} open`] : []),
  ];
  return [
    `${run}  ${stateText(summary)}`,
    `  goal     ${oneLine(goal ?? "(started by another program)", 120)}`,
    `  folder   ${oneLine(folder ?? "-", 300)}`,
    `  started  ${startedAt}, ${total === 0 ? "no plan" : parts.join(", ")}`,
  ].join("\n");
}
