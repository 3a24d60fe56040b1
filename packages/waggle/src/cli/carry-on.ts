import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "../ports/store.ts";
import { chooseSandbox, openTeam, sweep } from "./compose.ts";
import { counted } from "./printable.ts";
import { soFar } from "./progress-text.ts";
import { type ChosenRun, hasEnded, type RunSubject } from "./run-identity.ts";
import type { RunProgress } from "./run-progress.ts";
import { readRun } from "./run-record.ts";
import type { RunScreen } from "./run-screen.ts";
import { type WatchEnd, watchRun } from "./watch-run.ts";
import { readSeat, type Seat, takeSeat, type Worker } from "./worker-seat.ts";

/** How often a follower looks whether the process it follows still lives, in ms. */
const LOOK_MS = 200;

/** What carrying on a run needs. */
export interface CarryOnParts {
  readonly store: Store;
  readonly run: ChosenRun;
  readonly subject: RunSubject;
  /** This process. */
  readonly worker: Worker;
  /** Filled by the events of the run. */
  readonly progress: RunProgress;
  readonly screen: RunScreen;
  /** `PATH`: where the sandbox's programs and npm are looked for. Undefined: in the standard folders. */
  readonly searchPath: string | undefined;
  /** Aborts when this process is to end: the work is then given back. */
  readonly signal: AbortSignal;
}

/**
 * Brings a run to its end: works on it, or follows the process that does and takes over when that one dies.
 * When it returns, nothing is running here any more.
 * @throws RuntimeError when the ledger fails; the run is kept.
 */
export async function carryOn(parts: CarryOnParts): Promise<WatchEnd> {
  const { store, run, progress, screen } = parts;
  const record = run.isUnfinished ? await readRun(store, run.id) : undefined;
  screen.knows(record?.progress.plan);
  const over = new AbortController();
  const signal = AbortSignal.any([parts.signal, over.signal]);
  const watching = watchRun(store, run.id, {
    progress,
    known: new Set(record?.events.map((event) => event.position)),
    tell: (change) => screen.tell(change),
    signal,
  }).finally(() => over.abort());
  const working = workOrFollow({ ...parts, signal }, record?.progress).catch((error: unknown) => {
    over.abort();
    throw error;
  });
  const [watched, worked] = await Promise.allSettled([watching, working]);
  if (worked.status === "rejected") throw worked.reason;
  if (watched.status === "rejected") throw watched.reason;
  return watched.value;
}

/** Returns when `signal` aborts, or when the run has ended. */
async function workOrFollow(parts: CarryOnParts, before: RunProgress | undefined): Promise<void> {
  const { store, run, progress, screen, signal } = parts;
  let isBegun = run.isUnfinished;
  while (!signal.aborted) {
    // Until the watch has caught up, what was read at the start knows more.
    const known = (before?.stepsRecorded ?? 0) > progress.stepsRecorded ? before : progress;
    const seat = await readSeat(store, run.id);
    if (seat.worker !== undefined) {
      await follow(parts, seat.worker, known ?? progress);
      isBegun = true;
      continue;
    }
    if (await hasEnded(store, run.id)) return;
    if (isBegun) screen.note(goingOn(known ?? progress));
    await work(parts, seat);
  }
}

/** Returns when `worker` does not work on the run any more, or when `signal` aborts. */
async function follow(parts: CarryOnParts, worker: Worker, known: RunProgress): Promise<void> {
  const { store, run, screen, signal } = parts;
  screen.note(`process ${worker.pid} works on this run, following it; ${soFar(known)}`);
  while ((await readSeat(store, run.id)).worker?.token === worker.token) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
  if (await hasEnded(store, run.id)) return;
  screen.note(`process ${worker.pid} has stopped working on this run`);
}

function goingOn(progress: RunProgress): string {
  const steps = counted(progress.stepsRecorded, "step");
  const verb = progress.stepsRecorded === 1 ? "is" : "are";
  return `going on: ${steps} ${verb} recorded and will not run again; ${soFar(progress)}`;
}

/** Works until `signal` aborts; returns at once if another process was first. */
async function work(parts: CarryOnParts, seat: Seat): Promise<void> {
  const { store, run, subject, worker, screen, searchPath, signal } = parts;
  const swept = await sweep();
  if (swept !== undefined) screen.note(swept);
  const { offer, note, isWarning } = await chooseSandbox(
    subject.allowUnsandboxed,
    searchPath === undefined ? {} : { searchPath },
  );
  if (isWarning) screen.warn(note);
  else screen.note(note);
  await using team = await openTeam({
    store,
    sandbox: offer,
    worker,
    onTrouble: (cause) => {
      if (!signal.aborted) screen.trouble(cause);
    },
  });
  // Only now: a seat whose host is not there counts as free.
  if (signal.aborted || !(await takeSeat(store, run.id, seat, worker))) return;
  await team.start(run.id, subject);
  await aborted(signal);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
