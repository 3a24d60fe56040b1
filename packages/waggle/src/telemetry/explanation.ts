import type { ErrorData } from "../core/errors.ts";
import type { HostId, Path, RunId, TaskId } from "../core/ids.ts";
import type { Gate } from "../ports/store.ts";

/**
 * `moving`: something happens, or is about to. `idle`: nothing does before a time comes or somebody outside acts, as
 * was meant. `blocked`: nothing will happen by itself, and it was not meant so.
 */
export type Movement = "moving" | "idle" | "blocked";

/**
 * Who makes it go on. `nobody`: it does so by itself. `time`: a moment has to come. `outside`: a person, or a program,
 * has to send or decide something. `operator`: whoever runs the system has to start, repair or cancel something.
 */
type Actor = "nobody" | "time" | "outside" | "operator";

/** What a host says of itself in its beats. */
export interface HostAbout {
  readonly host: HostId;
  /** Plain data that whoever made the host gave it, such as its process id. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Why a task does not end at this moment. */
type Reason =
  /** A host has it in memory and works on it. `effects`: those that began and whose outcome is not recorded. */
  | { readonly type: "running"; readonly host: HostAbout; readonly effects: readonly Path[] }
  /** It has begun before and may be taken again; `hosts` can. */
  | { readonly type: "ready"; readonly hosts: readonly HostAbout[] }
  /** It has not begun: it waits in its agent's mailbox, with others; `waiting` counts all of them. */
  | { readonly type: "mailbox"; readonly hosts: readonly HostAbout[]; readonly waiting: number }
  /**
   * No living host can take it. The task waits whatever else it waits for. `version`: of the agent's code, that has
   * begun it; only this one, or one that continues it, can go on with it. Null: any can.
   */
  | { readonly type: "unserved"; readonly agent: string; readonly version: string | null }
  /** An older task of the same agent and key is unfinished: `holder`, perhaps of another run. */
  | { readonly type: "queued-behind-key"; readonly key: string; readonly holder: TaskId }
  /** It has asked `child`, and waits for the answer until then. */
  | {
      readonly type: "child";
      readonly path: Path;
      readonly child: TaskId;
      readonly target: string;
    }
  /** A time has to come. `path`: of its own operation; null: it is not to begin before. */
  | { readonly type: "timer"; readonly path: Path | null }
  /** The next attempt of a step is not to begin before a time: `attempt` failed with `error`. */
  | {
      readonly type: "retry";
      readonly path: Path;
      readonly attempt: number;
      readonly error: ErrorData;
    }
  /** Somebody has to send the signal `name`. `question`: the text its task was asked with, if it was one. */
  | {
      readonly type: "signal";
      readonly path: Path;
      readonly name: string;
      readonly question: string | null;
    }
  /** Its run is paused. The task waits whatever else it waits for. */
  | { readonly type: "paused" }
  /** Its run is being cancelled: it is closed as soon as a host has it. */
  | { readonly type: "cancelling" }
  /** The code that went on with it did something else than what is recorded. */
  | {
      readonly type: "stuck";
      readonly expected: string;
      readonly actual: string;
      readonly hint: string;
    }
  /**
   * A host owns it that does nothing any more. `dead`: others have declared it so. `gone`: its process has ended.
   * `unlisted`: the ledger does not know it.
   */
  | {
      readonly type: "owner-silent";
      readonly host: HostAbout;
      readonly why: "dead" | "gone" | "unlisted";
    }
  /** Nothing it waits for is recorded, though it belongs to nobody: a bug in Waggle. */
  | { readonly type: "unexplained" };

/** One thing that a task waits for. */
export type WaitReason = Reason & {
  /** Wall-clock ms since when; null: not known. */
  readonly since: number | null;
  /** Wall-clock ms at which it ends in any case; null: it has no end of its own. */
  readonly until: number | null;
  readonly mustAct: Actor;
  /** What comes of this reason alone. */
  readonly movement: Movement;
};

/** Why one task is not finished. */
export interface TaskExplanation {
  readonly task: TaskId;
  readonly run: RunId;
  /** Null for the root of a run. */
  readonly parent: TaskId | null;
  readonly agent: string;
  readonly operation: string;
  readonly key: string | null;
  /** Wall-clock ms when it was accepted. */
  readonly since: number;
  readonly movement: Movement;
  /** At least one; any of them lets it go on, except where a reason says otherwise. */
  readonly waits: readonly WaitReason[];
}

/** What other tasks wait for in the end. */
export type RootCause =
  | { readonly type: "wait"; readonly task: TaskId; readonly wait: WaitReason }
  /** Each waits for the next, the last for the first. A host that sees it fails an ask of the first one's asker. */
  | { readonly type: "deadlock"; readonly cycle: readonly TaskId[]; readonly movement: Movement };

/** Why a run is not finished: plain data. */
export interface RunExplanation {
  readonly run: RunId;
  readonly gate: Gate;
  /** `finished`: no task of it is unfinished. Otherwise that of its task that moves most. */
  readonly state: "finished" | Movement;
  /** What nothing else explains: blocked ones first, then idle, then moving; oldest tasks first. */
  readonly rootCauses: readonly RootCause[];
  /** Its unfinished tasks in order of creation, then tasks of other runs that they wait for. */
  readonly tasks: readonly TaskExplanation[];
  /** False if there were more than 1,000 tasks to look at. Those left out count as moving. */
  readonly isComplete: boolean;
}
