import { decodeEventOnly } from "../core/event-codec.ts";
import type { HostId, TaskId } from "../core/ids.ts";
import type { AgentReport } from "../runtime/directory.ts";
import type { Outstanding } from "../runtime/ledger-view.ts";
import type { HostAbout, WaitReason } from "./explanation.ts";
import { hasBegun, questionOf, type Survey, type SurveyedTask } from "./survey.ts";

// What the record of one task says of why it is not finished. What comes of a wait for another task is not known
// here: it is `blocked` until the other task has been looked at.

/** The task that `wait` is for; undefined: it is for none. */
export function linkOf(wait: WaitReason): TaskId | undefined {
  if (wait.type === "child") return wait.child;
  return wait.type === "queued-behind-key" ? wait.holder : undefined;
}

/** True if the task stands still for this reason, whatever else it waits for. */
export function holdsBack({ type }: WaitReason): boolean {
  return type === "paused" || type === "stuck" || type === "unserved";
}

/** Everything that `task` waits for; at least one. */
export function reasonsOf(task: SurveyedTask, survey: Survey): readonly WaitReason[] {
  const { row } = task.loaded;
  const found =
    row.owner === null ? ownerlessReasons(task, survey) : ownedReasons(task, row.owner, survey);
  return found.length > 0 ? found : [unexplained(task)];
}

function ownerlessReasons(task: SurveyedTask, survey: Survey): readonly WaitReason[] {
  const { row, gate } = task.loaded;
  if (row.state === "stuck" && row.due === null) return [stuckReason(task)];
  if (gate === "paused") return [pausedReason(task)];
  return [...unservedReasons(task, survey), ...freeReasons(task, survey)];
}

/** A host has it: what it does beside its recorded waits cannot be seen, so it counts as moving. */
function ownedReasons(task: SurveyedTask, owner: HostId, survey: Survey): readonly WaitReason[] {
  const { loaded, outstanding } = task;
  const since = loaded.events.findLast(({ type }) => type === "resumed")?.at ?? loaded.origin.at;
  const listed = survey.hosts.get(owner);
  const ended = listed === undefined ? "unlisted" : listed.ended;
  const host = listed === undefined ? { host: owner, about: {} } : shown(listed);
  if (ended !== undefined) {
    const silent = { type: "owner-silent", host, why: ended } as const;
    const taken = { since: null, until: null, mustAct: "nobody", movement: "moving" } as const;
    return [{ ...silent, ...taken }, ...unservedReasons(task, survey)];
  }
  const effects = outstanding.flatMap((one) => (one.type === "effect" ? [one.path] : []));
  const running = { type: "running", host, effects } as const;
  const isMoving = { since, until: null, mustAct: "nobody", movement: "moving" } as const;
  return [
    { ...running, ...isMoving },
    ...cancellingReasons(task),
    ...operationReasons(task, survey),
  ];
}

/** Nobody has it, and its run is not paused. */
function freeReasons(task: SurveyedTask, survey: Survey): readonly WaitReason[] {
  const { row, gate } = task.loaded;
  const { now } = survey;
  if (gate === "cancelling") return cancellingReasons(task);
  if (row.due !== null && row.due <= now) return claimableReasons(task, survey, row.due);
  const operations = operationReasons(task, survey);
  if (task.holder !== undefined && row.key !== null) {
    return [
      {
        type: "queued-behind-key",
        key: row.key,
        holder: task.holder,
        since: task.loaded.origin.at,
        until: null,
        mustAct: "nobody",
        movement: "blocked",
      },
    ];
  }
  if (row.due === null || operations.length > 0) return operations;
  return [
    {
      type: "timer",
      path: null,
      since: task.loaded.origin.at,
      until: row.due,
      mustAct: "time",
      movement: "idle",
    },
  ];
}

/** It may be taken, by `hosts` if there are any. */
function claimableReasons(
  task: SurveyedTask,
  survey: Survey,
  since: number,
): readonly WaitReason[] {
  const hosts = takersOf(task, survey);
  if (hosts.length === 0) return [];
  const state = { since, until: null, mustAct: "nobody", movement: "moving" } as const;
  if (hasBegun(task.loaded)) return [{ type: "ready", hosts, ...state }];
  return [{ type: "mailbox", hosts, waiting: task.mailbox, ...state }];
}

function unservedReasons(task: SurveyedTask, survey: Survey): readonly WaitReason[] {
  if (takersOf(task, survey).length > 0) return [];
  const { row, gate } = task.loaded;
  const isDue = row.due !== null && row.due <= survey.now && gate !== "paused";
  return [
    {
      type: "unserved",
      agent: row.agent,
      version: row.codeVersion,
      since: isDue ? row.due : null,
      until: null,
      mustAct: "operator",
      movement: "blocked",
    },
  ];
}

/** Living hosts that run its agent, for its run too, and have code that can continue it. */
function takersOf({ loaded }: SurveyedTask, survey: Survey): readonly HostAbout[] {
  const { agent, run, codeVersion } = loaded.row;
  return [...survey.hosts.values()]
    .filter(({ ended, agents, runs }) => {
      const serves = agents.some((one) => one.name === agent && fits(one, codeVersion));
      return ended === undefined && serves && (runs?.includes(run) ?? true);
    })
    .map(shown);
}

function fits({ version, continues = [] }: Partial<AgentReport>, wanted: string | null): boolean {
  return wanted === null || version === wanted || continues.includes(wanted);
}

function shown({ host, about }: HostAbout): HostAbout {
  return { host, about };
}

function stuckReason({ loaded }: SurveyedTask): WaitReason {
  const last = loaded.events.findLast(({ type }) => type === "stuck");
  const event = last === undefined ? undefined : decodeEventOnly(last);
  const { expected, actual, hint } =
    event?.type === "stuck" ? event : { expected: "", actual: "", hint: "" };
  const since = last?.at ?? null;
  const state = { since, until: null, mustAct: "operator", movement: "blocked" } as const;
  return { type: "stuck", expected, actual, hint, ...state };
}

function pausedReason({ run }: SurveyedTask): WaitReason {
  const since = run.pausedAt;
  return { type: "paused", since, until: null, mustAct: "outside", movement: "idle" };
}

function cancellingReasons({ loaded }: SurveyedTask): readonly WaitReason[] {
  if (loaded.gate !== "cancelling") return [];
  const state = { since: null, until: null, mustAct: "nobody", movement: "moving" } as const;
  return [{ type: "cancelling", ...state }];
}

function unexplained({ loaded }: SurveyedTask): WaitReason {
  const since = loaded.events.at(-1)?.at ?? loaded.origin.at;
  return { type: "unexplained", since, until: null, mustAct: "operator", movement: "blocked" };
}

/** What the operations of its handler wait for that have begun and not ended. */
function operationReasons(task: SurveyedTask, survey: Survey): readonly WaitReason[] {
  return task.outstanding.flatMap((one) => operationReason(one, task, survey) ?? []);
}

function operationReason(
  operation: Outstanding,
  task: SurveyedTask,
  survey: Survey,
): WaitReason | undefined {
  if (operation.type === "effect") return undefined;
  const { path, since } = operation;
  const until = wallClock(operation.until, task, survey.now);
  if (operation.type === "retry") {
    const { attempt, error } = operation;
    // Once its time has come it is tried again, or about to be.
    if (until === null || until <= survey.now) return undefined;
    const state = { since, until, mustAct: "time", movement: "idle" } as const;
    return { type: "retry", path, attempt, error, ...state };
  }
  if (operation.type === "ask") {
    const { child, target } = operation;
    const link = { since, until, mustAct: "nobody", movement: "blocked" } as const;
    return { type: "child", path, child, target, ...link };
  }
  const { signal: name } = operation;
  if (name === null)
    return { type: "timer", path, since, until, mustAct: "time", movement: "idle" };
  const question = questionOf(task);
  const state = { since, until, mustAct: "outside", movement: "idle" } as const;
  return { type: "signal", path, name, question, ...state };
}

/** Wall-clock ms of a moment of run time, if the run is not paused any more from now on. */
function wallClock(until: number | null, { run }: SurveyedTask, now: number): number | null {
  if (until === null) return null;
  const { pausedMs, pausedAt } = run;
  return until + pausedMs + (pausedAt === null ? 0 : now - pausedAt);
}
