import type { RunId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import type { CancelReceipt, TaskEnd } from "../runtime/receipt.ts";
import { explainRun } from "../telemetry/why.ts";
import { closeUnbegun } from "./close-unbegun.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { openExistingLedger } from "./ledger.ts";
import { hostNames, outsideControl, servingHosts } from "./outside-control.ts";
import { oneLine } from "./printable.ts";
import { usageProblems } from "./run-arguments.ts";
import { whyText } from "./why-text.ts";

/** The options of `waggle cancel` as they were written. */
export interface CancelOptions {
  /** Seconds. */
  readonly wait: string;
  readonly json?: true;
}

/** Longest time that is waited for, in seconds: a day. */
const MAX_WAIT = 86_400;

/** Tasks that are listed of each kind; JSON has all. */
const MAX_LISTED = 20;

/**
 * `waggle cancel`: stops a run, and tells what became of its tasks.
 * @returns the exit code.
 * @throws RuntimeError `USAGE` for an unknown run, `STORE_UNAVAILABLE`.
 */
export async function cancelCommand(
  text: string,
  options: CancelOptions,
  context: CommandContext,
): Promise<number> {
  const { cwd, stdout, stderr } = context;
  const waitMs = 1_000 * parseWait(options.wait);
  await using store = await openExistingLedger(cwd, "power");
  const run = await findRun(store, text);
  if (store === undefined) throw usageProblems([`run '${run}' cannot be read`]);
  const [before] = await store.runs({ run });
  const hosts = await servingHosts(store, run);
  if (before?.gate !== "ended" && hosts.length === 0) {
    stderr.write("no living process serves this run: what has begun ends when one does\n");
  }
  const receipt = await cancelled(store, run, waitMs, context.interruption.signal);
  if (receipt === undefined) {
    const explanation = await explainRun(store, run, Date.now());
    if (options.json) {
      stdout.write(
        `${JSON.stringify({ run, gate: explanation.gate, receipt: null, explanation })}\n`,
      );
    } else {
      const next =
        hosts.length > 0 ? `${hostNames(hosts)} stops it` : "it ends when a process serves it";
      stdout.write(`run ${run} is being cancelled: nothing of it begins any more; ${next}\n\n`);
      stdout.write(`${whyText(explanation, Date.now())}\n`);
    }
    return EXIT.runFailed;
  }
  if (options.json) stdout.write(`${JSON.stringify({ run, gate: "ended", receipt })}\n`);
  else stdout.write(`${receiptText(receipt, before?.gate === "ended")}\n`);
  return EXIT.done;
}

function parseWait(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= MAX_WAIT) return seconds;
  throw usageProblems([`--wait: '${text}' is no whole number of seconds from 0 to ${MAX_WAIT}`]);
}

/** What it came to; undefined if it had not ended when the time was over, or when the user wanted to go. */
async function cancelled(
  store: Store,
  run: RunId,
  waitMs: number,
  interrupted: AbortSignal,
): Promise<CancelReceipt | undefined> {
  const over = new AbortController();
  const time = setTimeout(() => over.abort(), waitMs);
  const signal = AbortSignal.any([over.signal, interrupted]);
  const closing = closeUnbegun(store, run, signal);
  try {
    const [receipt] = await Promise.all([
      outsideControl(store)
        .cancel(run, { signal })
        .finally(() => over.abort()),
      closing,
    ]);
    return receipt;
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    return undefined;
  } finally {
    clearTimeout(time);
    over.abort();
    await closing.catch(() => {}); // told above
  }
}

function receiptText(
  { run, stopped, finished, unknown }: CancelReceipt,
  hadEnded: boolean,
): string {
  const effects = unknown.map(({ name, path }) => `${name} at ${path}`);
  return [
    hadEnded ? `run ${run} had ended already` : `run ${run} was cancelled and has ended`,
    ...listed("stopped", names(stopped), "they never began, or were told to stop"),
    ...listed("finished", names(finished), "they had ended, or ended in their own way"),
    ...listed("unknown", effects, "these effects may have happened or not: look"),
  ].join("\n");
}

function names(ends: readonly TaskEnd[]): readonly string[] {
  return ends.map(({ name, task }) => `${name} (${task.slice(0, 8)})`);
}

function listed(what: string, lines: readonly string[], means: string): readonly string[] {
  const more = lines.length - MAX_LISTED;
  return [
    `${what.padEnd(9)} ${lines.length}${lines.length === 0 ? "" : `: ${means}`}`,
    ...lines.slice(0, MAX_LISTED).map((line) => `  ${oneLine(line, 300)}`),
    ...(more > 0 ? [`  ... and ${more} more: --json has them`] : []),
  ];
}
