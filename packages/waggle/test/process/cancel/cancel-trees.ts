import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { createSystem, type System } from "../../../src/index.ts";
import { type Child, childCommand, type Preload, startChild } from "../child-process.ts";
import { GROW, TREE_TASKS } from "./tree-agents.ts";

/** What {@link cancelTrees} found. */
export interface CancelFigures {
  readonly trees: number;
  /** Commands that had begun, over all trees. */
  readonly commands: number;
  /** Processes that lived when their tree was cancelled. */
  readonly living: number;
  /** Of them, those that still lived when the cancel had resolved. */
  readonly orphans: number;
  /** The longest a cancel took. */
  readonly longestMs: number;
  /** Everything that is not as promised, in words. */
  readonly faults: readonly string[];
}

const WORKERS = 2;
/** Trees that are there at a time. */
const AT_ONCE = 5;
/** A whole tree runs its commands after about so long. More of the moments are early: then most is under way. */
const GROWN_MS = 800;
/** A tree that has not run a command by then is a fault of its own. */
const MAX_GROWTH_MS = 20_000;
/** Whatever is to start in spite of a cancel would have by then. */
const AFTERWARDS_MS = 300;

/**
 * Starts trees of agents that run commands on two worker processes, cancels each at a random moment, and looks
 * whether a process of it lives, or a command of it begins, once the cancel has resolved.
 * @param random - Uniform in [0, 1); chooses the moments.
 */
export async function cancelTrees(
  folder: string,
  trees: number,
  options: { readonly preload?: Preload; readonly random?: () => number } = {},
): Promise<CancelFigures> {
  const { preload, random = Math.random } = options;
  const place = new Place(folder);
  const args = [place.store, place.begun, place.empty];
  const workers = Array.from({ length: WORKERS }, () =>
    startChild(childCommand("cancel/tree-child", args, preload), preload?.environment),
  );
  const total = { commands: 0, living: 0, orphans: 0, longestMs: 0 };
  const faults: string[] = [];
  try {
    await Promise.all(workers.map((worker) => worker.said("ready\n")));
    await using system = await createSystem({
      store: sqliteStore(place.store, { durability: "process" }),
      agents: [],
      pollMs: 40,
    });
    for (let first = 0; first < trees; first += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, trees - first) }, (_, i) => first + i);
      const ends = await Promise.all(
        numbers.map((number) =>
          // One is cancelled when a command of it lives, however slow the machine is.
          cancelOne(system, place, `tree-${number}`, {
            afterMs: random() ** 2 * GROWN_MS,
            awaitsCommand: number === trees - 1,
          }),
        ),
      );
      for (const end of ends) {
        total.commands += end.commands;
        total.living += end.living;
        total.orphans += end.orphans;
        total.longestMs = Math.max(total.longestMs, end.tookMs);
        faults.push(...end.faults);
      }
    }
  } finally {
    await Promise.all(workers.map(leave));
  }
  if (total.living === 0) faults.push("no process lived when its tree was cancelled");
  return { trees, ...total, faults };
}

async function leave(worker: Child): Promise<void> {
  worker.process.kill("SIGTERM");
  await worker.ended();
}

interface TreeEnd {
  readonly commands: number;
  readonly living: number;
  readonly orphans: number;
  readonly tookMs: number;
  readonly faults: readonly string[];
}

async function cancelOne(
  system: System,
  place: Place,
  run: string,
  { afterMs, awaitsCommand }: { readonly afterMs: number; readonly awaitsCommand: boolean },
): Promise<TreeEnd> {
  await system.start(GROW, { level: 0 }, { id: run });
  await pause(afterMs);
  const latest = performance.now() + MAX_GROWTH_MS;
  while (awaitsCommand && place.processesOf(run).length === 0 && performance.now() < latest) {
    await pause(10);
  }
  const living = place.processesOf(run).length;
  const begun = performance.now();
  const receipt = await system.cancel(run);
  const tookMs = Math.round(performance.now() - begun);
  const [orphans, commands] = [place.processesOf(run), place.commandsOf(run)];
  await pause(AFTERWARDS_MS);
  const later = place.commandsOf(run) - commands;
  const started = place.processesOf(run).filter((pid) => !orphans.includes(pid));
  const told = receipt.finished.length + receipt.stopped.length;
  const [row] = await system.runs({ run: receipt.run });
  const faults = [
    ...(orphans.length === 0 ? [] : [`${orphans.length} processes live on`]),
    ...(later === 0 ? [] : [`${later} commands began after it`]),
    ...(started.length === 0 ? [] : [`${started.length} processes started after it`]),
    ...(row?.gate === "ended" ? [] : [`its gate is ${row?.gate}`]),
    // The commands end when their steps are told to: none has to be cut by the end of the grace.
    ...(receipt.unknown.length === 0 ? [] : [`${receipt.unknown.length} effects are unknown`]),
    ...(told >= 1 && told <= TREE_TASKS ? [] : [`the receipt tells of ${told} tasks`]),
  ];
  return {
    commands,
    living,
    orphans: orphans.length,
    tookMs,
    faults: faults.map((fault) => `cancel of ${run} after ${Math.round(afterMs)} ms: ${fault}`),
  };
}

/** Where the trees are, and what can be seen of them from outside. */
class Place {
  readonly store: string;
  readonly begun: string;
  readonly empty: string;

  constructor(folder: string) {
    this.store = join(folder, "trees.db");
    this.begun = join(folder, "begun");
    this.empty = join(folder, "empty");
    mkdirSync(this.empty);
    writeFileSync(this.begun, "");
  }

  /** How many commands of `run` have begun. */
  commandsOf(run: string): number {
    const lines = readFileSync(this.begun, "utf8").split("\n");
    return lines.filter((line) => line === run).length;
  }

  /** Living processes of commands of `run`. */
  processesOf(run: string): readonly string[] {
    const mark = `WAGGLE_TREE=${run}\0`;
    return readdirSync("/proc").filter(
      (pid) => /^\d+$/.test(pid) && environment(pid).includes(mark),
    );
  }
}

function environment(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return ""; // it has ended meanwhile
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
