import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HANDLERS, ORDERED } from "./golden-handlers.ts";
import { decodeHistory, encodeHistory, type History } from "./history.ts";
import { recordHistory } from "./record-history.ts";
import { type Replay, recorded, replayHistory } from "./replay-history.ts";

const FILE = join(import.meta.dirname, "histories.jsonl");
/** Recordings of each handler. */
const RECORDINGS = 6;

/** The recordings of the corpus, as they were made once. */
export function readCorpus(): readonly History[] {
  return readFileSync(FILE, "utf8").trim().split("\n").map(decodeHistory);
}

/**
 * Adds recordings of handlers that the corpus does not know. What is recorded stays as it is: it stands for the runs
 * that wait in somebody's ledger when Waggle is upgraded.
 */
export async function extendCorpus(): Promise<void> {
  const before = existsSync(FILE) ? readFileSync(FILE, "utf8") : "";
  const known = new Set(before === "" ? [] : readCorpus().map(({ kind }) => kind));
  const lines: string[] = [];
  for (const kind of Object.keys(HANDLERS).filter((name) => !known.has(name))) {
    for (let seed = 1; seed <= RECORDINGS; seed++) {
      lines.push(encodeHistory(await recordHistory(kind, 1 + (seed % 4), seed)));
    }
  }
  writeFileSync(FILE, before + lines.map((line) => `${line}\n`).join(""));
}

/** What the kernel of today does otherwise with a history than what was recorded; in words. */
export async function historyFaults(history: History): Promise<readonly string[]> {
  const wanted = recorded(history);
  const faults: string[] = [];
  for (const cut of history.cuts) {
    const found = await replayHistory(history, cut);
    const isWhole = cut === history.cuts.at(-1);
    const isFixed = isWhole || !ORDERED.has(history.kind);
    const all = [
      ...(found.failure === undefined ? [] : [found.failure]),
      ...found.stuck.map((why) => `stuck: ${why}`),
      ...found.repeated.map((name) => `${name} was recorded and happened again`),
      ...(isWhole ? found.effects.map((name) => `${name} happened, all was recorded`) : []),
      ...(isFixed ? differences(wanted, found, isWhole) : []),
    ];
    const name = `${history.kind} ${history.seed} after call ${cut}`;
    faults.push(...all.map((fault) => `${name}: ${fault}`));
  }
  return faults;
}

/** In the whole history the order of the requests is recorded, too. */
function differences(
  wanted: Pick<Replay, "outcome" | "requests">,
  found: Replay,
  isWhole: boolean,
): readonly string[] {
  const faults: string[] = [];
  const [was, is] = [JSON.stringify(wanted.outcome), JSON.stringify(found.outcome)];
  if (was !== is) faults.push(`it ended with ${is} instead of ${was}`);
  for (const [task, requests] of wanted.requests) {
    const made = found.requests.get(task) ?? [];
    const order = (all: readonly string[]): string => (isWhole ? all : [...all].sort()).join(", ");
    if (order(made) === order(requests)) continue;
    faults.push(`task ${task} requested ${order(made)} instead of ${order(requests)}`);
  }
  return faults;
}
