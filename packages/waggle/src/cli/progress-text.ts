import { styleText } from "node:util";
import type { Plan } from "../orchestration/plan.ts";
import type { ProgressStream } from "./live-line.ts";
import { counted, oneLine } from "./printable.ts";
import type { Change, RunProgress, TaskProgress } from "./run-progress.ts";

type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** Puts changes of a run into words, with colours where `stream` shows them. */
export class ProgressText {
  readonly #stream: ProgressStream;
  readonly #showsTimes: boolean;
  #plan: Plan | undefined;

  /** @param showsTimes - Say how long each task took. False where lines of two runs are to be compared. */
  constructor(stream: ProgressStream, showsTimes: boolean) {
    this.#stream = stream;
    this.#showsTimes = showsTimes;
  }

  /** The plan that was recorded before this process looked: names of tasks have their descriptions from it. */
  knows(plan: Plan | undefined): void {
    this.#plan ??= plan;
  }

  /** The line for `change`; undefined for what needs no line. */
  lineOf(change: Change): string | undefined {
    switch (change.type) {
      case "planned":
        this.#plan = change.plan;
        return this.#line("plan", "bold", planText(change.plan));
      case "started":
        return this.#line("start", "cyan", this.#startText(change.task));
      case "step-recorded": {
        const failed = change.outcome.type === "error" ? " (it failed)" : "";
        return this.#line("step", "dim", `${change.task.name}: ${change.step}${failed}`);
      }
      case "ended":
        return this.#endLine(change.task);
      case "stuck":
        return this.#line("stuck", "red", `${change.task.name}: ${change.why}`);
      case "skipped":
        return this.#line(
          "skip",
          "yellow",
          `${change.id}: because of ${change.because.join(", ")}`,
        );
      case "closed":
        return undefined;
    }
  }

  /** A line of the command itself, such as `sandbox: ...`. */
  note(text: string, style: Style = "dim"): string {
    return this.style(style, oneLine(text, 1_000));
  }

  /** `text` in `style`, or as it is where the stream shows no styles. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream });
  }

  #startText({ name, asked }: TaskProgress): string {
    const task = this.#plan?.tasks.find((one) => one.id === name);
    return task === undefined ? name : `${name}: ${task.description} (${asked})`;
  }

  #endLine(task: TaskProgress): string {
    const ms = (task.endedAt ?? task.startedAt) - task.startedAt;
    const took = this.#showsTimes ? ` (${(ms / 1_000).toFixed(1)} s)` : "";
    if (task.state === "done") return this.#line("done", "green", `${task.name}${took}`);
    return this.#line("fail", "red", `${task.name}${took}: ${task.error?.message ?? "no reason"}`);
  }

  #line(word: string, style: Style, text: string): string {
    return `${this.style(style, word.padEnd(5))}  ${oneLine(text, 300)}`;
  }
}

function planText({ tasks }: Plan): string {
  return `${counted(tasks.length, "task")}: ${tasks.map((task) => task.id).join(", ")}`;
}

/** What is recorded already, for whoever joins or goes on: `2 of 5 tasks are done`. */
export function soFar(progress: RunProgress): string {
  const { plan } = progress;
  if (plan === undefined) return "there is no plan yet";
  const ended = plan.tasks.filter((task) => progress.planned(task)?.endedAt != null);
  const names = ended.length === 0 ? "" : ` (${ended.map((task) => task.id).join(", ")})`;
  return `${ended.length} of ${counted(plan.tasks.length, "task")} ended${names}`;
}

/** The status line: how many tasks have ended, and what is running for how long. */
export function statusText(progress: RunProgress, now: number): string {
  if (progress.outcome !== undefined) return "";
  const open = progress.tasks.filter((task) => task.state === "open");
  const running = open
    .map(({ name, startedAt }) => `${name} ${Math.max(0, Math.round((now - startedAt) / 1_000))} s`)
    .join(", ");
  if (running === "") return "";
  const { plan } = progress;
  const ended = plan?.tasks.filter((task) => progress.planned(task)?.endedAt != null).length ?? 0;
  return `${plan === undefined ? "planning" : `${ended}/${plan.tasks.length} ended`}, running: ${running}`;
}
