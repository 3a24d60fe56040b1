import { decodeEventOnly } from "../core/event-codec.ts";
import type { HostId, RunId, TaskId } from "../core/ids.ts";
import type { HostBeat, LoadedTask, RunRow, Store, StoreReads, TaskRow } from "../ports/store.ts";
import { type AgentReport, readReport } from "../runtime/directory.ts";
import {
  holderBefore,
  isUnfinished,
  type Outstanding,
  outstandingIn,
} from "../runtime/ledger-view.ts";
import type { HostAbout } from "./explanation.ts";

/** What is read of a ledger to explain a run. */
export type LedgerReads = StoreReads & Pick<Store, "load">;

/** One unfinished task, as it was when it was looked at. */
export interface SurveyedTask {
  readonly loaded: LoadedTask;
  readonly run: RunRow;
  /** In the order in which they began. */
  readonly outstanding: readonly Outstanding[];
  /** Who holds the key it is queued on; undefined: it is not queued. */
  readonly holder: TaskId | undefined;
  /** Messages in its agent's mailbox; 0 once it has begun. */
  readonly mailbox: number;
}

/** One host, as its last beat shows it. */
interface SurveyedHost extends HostAbout {
  /** Undefined: it lives, as far as the ledger can tell. */
  readonly ended: "dead" | "gone" | undefined;
  readonly agents: readonly AgentReport[];
  /** The only runs it takes tasks of; undefined: of all. */
  readonly runs: readonly string[] | undefined;
}

/** What the ledger holds of the unfinished tasks of a run, and of whatever they wait for. Not one snapshot. */
export interface Survey {
  /** First those of the run in order of creation. */
  readonly tasks: ReadonlyMap<TaskId, SurveyedTask>;
  readonly hosts: ReadonlyMap<HostId, SurveyedHost>;
  /** False if there were more tasks than could be looked at. */
  readonly isComplete: boolean;
  /** Wall-clock ms. */
  readonly now: number;
}

/** Most tasks that are looked at: some thousand reads, well under a second. */
const MAX_TASKS = 1_000;

/** Looks at the unfinished tasks of `run`, and at those of other runs whose keys they wait for. */
export async function survey(reads: LedgerReads, run: RunRow, now: number): Promise<Survey> {
  const hosts = new Map<HostId, SurveyedHost>();
  for (const beat of await reads.hosts()) hosts.set(beat.host, surveyedHost(beat));
  const surveyor = new Surveyor(reads, run);
  const rows = await unfinishedOf(reads, run.run);
  const tasks = new Map<TaskId, SurveyedTask>();
  // A set is walked in the order of insertion, and what is added meanwhile comes too.
  const wanted = new Set<TaskId>(rows.map(({ id }) => id));
  let looks = 0;
  for (const id of wanted) {
    if (looks++ === MAX_TASKS) return { tasks, hosts, now, isComplete: false };
    const task = await surveyor.look(id);
    if (task === undefined) continue;
    tasks.set(id, task);
    for (const next of linksOf(task)) wanted.add(next);
  }
  return { tasks, hosts, now, isComplete: true };
}

function surveyedHost(beat: HostBeat): SurveyedHost {
  const { host, dead, gone, report } = beat;
  const { about, agents } = readReport(beat);
  const ended = dead ? "dead" : gone ? "gone" : undefined;
  return {
    host,
    about,
    ended,
    agents,
    runs: servedRuns(report),
  };
}

/** The tasks that `task` waits for. */
function linksOf({ holder, outstanding }: SurveyedTask): readonly TaskId[] {
  const children = outstanding.flatMap((one) => (one.type === "ask" ? [one.child] : []));
  return holder === undefined ? children : [...children, holder];
}

/** In order of creation, as far as two queries can tell: the open ones, then the stuck ones, one more than is needed. */
async function unfinishedOf(reads: LedgerReads, run: RunId): Promise<readonly TaskRow[]> {
  const limit = MAX_TASKS + 1;
  const all = await reads.find({ run, limit });
  if (all.length < limit) return all.filter(isUnfinished);
  const stuck = await reads.find({ run, state: "stuck", limit });
  return [...(await reads.find({ run, state: "open", limit })), ...stuck];
}

/** Looks at tasks one by one; reads each run and each mailbox once. */
class Surveyor {
  readonly #reads: LedgerReads;
  readonly #runs = new Map<RunId, RunRow>();
  readonly #mailboxes = new Map<string, number>();

  constructor(reads: LedgerReads, run: RunRow) {
    this.#reads = reads;
    this.#runs.set(run.run, run);
  }

  /** @returns undefined if the task is finished or not there. */
  async look(task: TaskId): Promise<SurveyedTask | undefined> {
    const loaded = await this.#reads.load(task);
    if (loaded === undefined || !isUnfinished(loaded.row)) return undefined;
    const { row, events } = loaded;
    const run = await this.#run(row.run);
    if (run === undefined) return undefined;
    const outstanding = outstandingIn(events);
    const isQueued = row.owner === null && row.due === null && outstanding.length === 0;
    const holder = isQueued ? await holderBefore(this.#reads, row) : undefined;
    const mailbox = hasBegun(loaded) ? 0 : await this.#mailbox(row.agent);
    return { loaded, run, outstanding, holder: holder?.id, mailbox };
  }

  async #run(run: RunId): Promise<RunRow | undefined> {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    const [row] = await this.#reads.runs({ run });
    if (row !== undefined) this.#runs.set(run, row);
    return row;
  }

  async #mailbox(agent: string): Promise<number> {
    const known = this.#mailboxes.get(agent);
    if (known !== undefined) return known;
    const name = `mailbox.${agent}`;
    const cell = (await this.#reads.cells(name)).find((one) => one.cell === name);
    const waiting = cell?.amount ?? 0;
    this.#mailboxes.set(agent, waiting);
    return waiting;
  }
}

/** True if a host has had it: its stream holds more than the input of a root. */
export function hasBegun({ row, events }: LoadedTask): boolean {
  return row.claims > 0 || events.some(({ type }) => type !== "started");
}

/** The text that `task` was asked with, if its input has a text called `question`. */
export function questionOf({ loaded }: SurveyedTask): string | null {
  const event = decodeEventOnly(loaded.origin);
  if (event.type !== "asked" && event.type !== "started") return null;
  const { input } = event;
  if (typeof input !== "object" || input === null || !("question" in input)) return null;
  return typeof input.question === "string" ? input.question : null;
}

/** The runs that a host says it serves alone; undefined: it says none, or nothing that is understood here. */
function servedRuns(report: string): readonly string[] | undefined {
  try {
    const said: unknown = JSON.parse(report);
    if (typeof said !== "object" || said === null || !("runs" in said)) return undefined;
    const { runs } = said;
    return Array.isArray(runs) ? runs.map(String) : undefined;
  } catch {
    return undefined; // such a report names no agent either
  }
}
