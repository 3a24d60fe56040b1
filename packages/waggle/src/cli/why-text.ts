import { assertNever } from "../core/errors.ts";
import type { TaskId } from "../core/ids.ts";
import type {
  HostAbout,
  Movement,
  RootCause,
  RunExplanation,
  TaskExplanation,
  WaitReason,
} from "../telemetry/explanation.ts";
import { counted, oneLine } from "./printable.ts";
import { durationText } from "./time-text.ts";

/** Tasks that are shown; JSON has all. */
const MAX_TASKS = 200;

/** Root causes that are shown. */
const MAX_CAUSES = 10;

/** Width of a line of a task, without its indentation. */
const LINE_LENGTH = 240;

const STATES: Readonly<Record<RunExplanation["state"], string>> = {
  finished: "finished: nothing of it is left to do",
  moving: "moving",
  idle: "idle: it waits for a time, or for somebody outside",
  blocked: "blocked: nothing will happen by itself",
};

/** What `waggle why` prints: the state, what it comes down to, and the unfinished tasks as a tree. */
export function whyText(explanation: RunExplanation, now: number): string {
  const { run, gate, state, tasks, isComplete } = explanation;
  const shown = new Names(tasks, now);
  const head = [
    `run   ${run}  ${STATES[state]}${gate === "open" || gate === "ended" ? "" : ` (${gate})`}`,
  ];
  const causes = explanation.rootCauses.filter(
    (cause) => state !== "moving" || causeMovement(cause) !== "moving",
  );
  for (const cause of causes.slice(0, MAX_CAUSES)) {
    head.push(`why   ${oneLine(causeText(cause, shown), LINE_LENGTH)}`);
  }
  if (causes.length > MAX_CAUSES) head.push(`      and ${causes.length - MAX_CAUSES} more reasons`);
  const sections = [head.join("\n")];
  const lines = treeLines(tasks, shown);
  if (lines.length > 0) sections.push(["tasks:", ...lines.slice(0, MAX_TASKS)].join("\n"));
  const left = lines.length - MAX_TASKS;
  if (left > 0) sections.push(`... and ${counted(left, "more task")}: --json has them`);
  if (!isComplete) sections.push("There are more tasks than 1,000; the others were not looked at.");
  return sections.join("\n\n");
}

function causeMovement(cause: RootCause): Movement {
  return cause.type === "deadlock" ? cause.movement : cause.wait.movement;
}

function causeText(cause: RootCause, shown: Names): string {
  if (cause.type === "wait") return `${shown.of(cause.task)}: ${reasonText(cause.wait, shown)}`;
  const members = cause.cycle.map((task) => shown.of(task));
  return `deadlock: ${[...members, members[0] ?? ""].join(" waits for ")}`;
}

/** Each task below the one that asked it; tasks of other runs stand for themselves. */
function treeLines(tasks: readonly TaskExplanation[], shown: Names): readonly string[] {
  const known = new Set(tasks.map(({ task }) => task));
  const children = new Map<TaskId | null, TaskExplanation[]>();
  for (const task of tasks) {
    const above = task.parent !== null && known.has(task.parent) ? task.parent : null;
    const others = children.get(above);
    if (others === undefined) children.set(above, [task]);
    else others.push(task);
  }
  const lines: string[] = [];
  const add = (task: TaskExplanation, indent: string): void => {
    const { movement, waits } = task;
    const text = `${shown.of(task.task)}: ${waitsText(waits, shown)}`;
    lines.push(`  ${movement.padEnd(7)}  ${indent}${oneLine(text, LINE_LENGTH)}`);
    for (const child of children.get(task.task) ?? []) add(child, `${indent}  `);
  };
  for (const task of children.get(null) ?? []) add(task, "");
  return lines;
}

/** All reasons of a task in one line; the children it waits for stand below it. */
function waitsText(waits: readonly WaitReason[], shown: Names): string {
  const asked = waits.filter(({ type }) => type === "child");
  const until = asked.flatMap((wait) => wait.until ?? []);
  const answers =
    asked.length === 0
      ? []
      : [`waits for ${counted(asked.length, "answer")}${untilText(minimum(until))}`];
  const others = waits.filter(({ type }) => type !== "child");
  return [...others.map((wait) => reasonText(wait, shown)), ...answers].join("; ");
}

function reasonText(wait: WaitReason, shown: Names): string {
  const since = wait.since === null ? "" : ` (for ${durationText(shown.now - wait.since)})`;
  return `${plainReason(wait, shown)}${since}`;
}

function plainReason(wait: WaitReason, shown: Names): string {
  switch (wait.type) {
    case "running": {
      const { host, effects } = wait;
      const began = effects.length === 0 ? "" : ` (${effects.join(", ")} began)`;
      return `${processText(host)} has it${began}`;
    }
    case "ready":
      return `it may go on as soon as ${processesText(wait.hosts)} has room`;
    case "mailbox": {
      const { hosts, waiting } = wait;
      return `it is one of ${counted(waiting, "message")} that wait until ${processesText(hosts)} has room`;
    }
    case "unserved": {
      const { agent, version } = wait;
      const code =
        version === null
          ? ""
          : ` in version '${version}', which has begun it, or in one that continues that,`;
      return `no living process runs agent '${agent}'${code} for it: start one`;
    }
    case "queued-behind-key":
      return `queued behind ${shown.of(wait.holder)}, which has key '${wait.key}'`;
    case "child":
      return `it waits for the answer of ${shown.of(wait.child)}${untilText(wait.until)}`;
    case "timer":
      return `it waits${untilText(wait.until)}`;
    case "retry":
      return `attempt ${wait.attempt} of ${wait.path} failed (${wait.error.message}), it waits for the next one${untilText(wait.until)}`;
    case "signal": {
      const asks = wait.question === null ? "" : ` (${wait.question})`;
      return `it waits for signal '${wait.name}'${asks}${untilText(wait.until)}`;
    }
    case "paused":
      return "its run is paused: resume it";
    case "cancelling":
      return "its run is being cancelled";
    case "stuck":
      return `stuck: recorded is ${wait.expected}, the code does ${wait.actual} (${wait.hint})`;
    case "owner-silent":
      return silentText(wait);
    case "unexplained":
      return "nothing that it waits for is recorded: this is a bug in Waggle";
    default:
      return assertNever(wait);
  }
}

function silentText({ host, why }: WaitReason & { readonly type: "owner-silent" }): string {
  const what = { dead: "was declared dead", gone: "has ended", unlisted: "is unknown" }[why];
  return `${processText(host)} had it and ${what}`;
}

function untilText(until: number | null): string {
  if (until === null) return "";
  const date = new Date(until);
  // Beyond what a date can show.
  if (Number.isNaN(date.getTime())) return "";
  return ` until ${date.toISOString().replace(/\.\d+Z$/, "Z")}`;
}

function minimum(times: readonly number[]): number | null {
  return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
}

function processesText(hosts: readonly HostAbout[]): string {
  return hosts.map(processText).join(" or ");
}

function processText({ host, about }: HostAbout): string {
  const pid = about["pid"];
  return typeof pid === "number" ? `process ${pid}` : host;
}

/** What tasks are called. */
class Names {
  /** Wall-clock ms at which the explanation was made. */
  readonly now: number;
  readonly #tasks: ReadonlyMap<TaskId, TaskExplanation>;
  readonly #counts = new Map<string, number>();

  constructor(tasks: readonly TaskExplanation[], now: number) {
    this.now = now;
    this.#tasks = new Map(tasks.map((task) => [task.task, task]));
    for (const task of tasks) {
      const name = plainName(task);
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  /** Agent and operation; with the beginning of its id where several tasks are called the same. */
  of(id: TaskId): string {
    const task = this.#tasks.get(id);
    if (task === undefined) return `task ${id}`;
    const name = plainName(task);
    return this.#counts.get(name) === 1 ? name : `${name} (${id.slice(0, 8)})`;
  }
}

function plainName({ agent, operation, key }: TaskExplanation): string {
  return key === null ? `${agent}.${operation}` : `${agent}.${operation}[${key}]`;
}
