import { join } from "node:path";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import { parseRunId, rootTaskId } from "../../../src/core/ids.ts";
import type { Store } from "../../../src/ports/store.ts";
import { type Child, childCommand, type Preload, startChild } from "../child-process.ts";
import { patientRun } from "./patient-agents.ts";

/** What {@link recoverRuns} found. */
export interface RecoveryFigures {
  readonly runs: number;
  /** How many of them were unfinished when the process died. */
  readonly unfinished: number;
  /** Processes that were killed while they recovered. */
  readonly restarts: number;
  /** From the start of the process that recovered them to the end of the last run. */
  readonly recoveredMs: number;
  /** Everything that is not as promised, in words. */
  readonly faults: readonly string[];
}

/** What happens before the runs are recovered. */
export interface RecoveryOptions {
  /** `hung`: the old process stands still for ever, and its lease has to expire. Default: killed. */
  readonly death?: "killed" | "hung";
  /** New processes that are killed in the middle of the recovery, before the last one. Default 0. */
  readonly restarts?: number;
  /** Within so long everything must have ended. Default 30,000 ms. */
  readonly limitMs?: number;
  /** Loaded into the processes that recover. */
  readonly preload?: Preload;
}

/**
 * Leaves `runs` runs unfinished in a store in `folder`, in steps, asks, mailboxes and asleep, and looks how long it
 * takes a new process to end them.
 */
export async function recoverRuns(
  folder: string,
  runs: number,
  options: RecoveryOptions = {},
): Promise<RecoveryFigures> {
  const { death = "killed", restarts = 0, limitMs = 30_000, preload } = options;
  const recover = (): Child =>
    startChild(childCommand("recovery/patient-child", [path, "0"], preload), preload?.environment);
  const path = join(folder, "recovery.db");
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(path, { durability: "process" })(machine);
  const old = startChild(childCommand("recovery/patient-child", [path, String(runs)]));
  await old.said("held\n");
  if (death === "hung") old.process.kill("SIGSTOP");
  else await kill(old);
  const unfinished = (await store.runs({ gate: "open", limit: runs })).length;
  for (let i = 0; i < restarts; i++) {
    const child = recover();
    await child.said("begun\n");
    await pause(Math.random() * 300);
    await kill(child);
  }
  const begun = performance.now();
  const recovering = recover();
  let left = unfinished;
  while (left > 0 && performance.now() - begun < limitMs) {
    await pause(20);
    left = (await store.runs({ gate: "open", limit: runs })).length;
  }
  const recoveredMs = Math.round(performance.now() - begun);
  await kill(recovering);
  if (death === "hung") await kill(old);
  const faults = [
    ...(left === 0 ? [] : [`${left} of ${unfinished} runs had not ended after ${limitMs} ms`]),
    ...(unfinished > runs / 2 ? [] : [`only ${unfinished} of ${runs} runs were unfinished`]),
    ...(await resultFaults(store, runs)),
    ...(await openTasks(store)),
  ];
  return { runs, unfinished, restarts, recoveredMs, faults };
}

async function kill(child: Child): Promise<void> {
  child.process.kill("SIGKILL");
  await child.ended();
}

async function resultFaults(store: Store, runs: number): Promise<readonly string[]> {
  const faults: string[] = [];
  for (let number = 0; number < runs; number++) {
    const run = patientRun(number);
    const last = (await store.load(rootTaskId(parseRunId(run))))?.events.at(-1);
    const event = last === undefined ? undefined : decodeEvent(last);
    const outcome = event?.type === "closed" ? event.outcome : undefined;
    if (outcome?.type === "value" && outcome.value === number) continue;
    faults.push(`${run} ended with ${JSON.stringify(outcome)}`);
  }
  return faults;
}

async function openTasks(store: Store): Promise<readonly string[]> {
  const open = await store.find({ state: "open", limit: 5 });
  return open.map(({ id, owner }) => `task ${id} is open, owned by ${owner ?? "nobody"}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
