import type { Plan } from "../orchestration/plan.ts";
import { canRedraw, LiveLine, type ProgressStream } from "./live-line.ts";
import { ProgressText, statusText } from "./progress-text.ts";
import type { Change, RunProgress } from "./run-progress.ts";

/** Different warnings that are shown for one run; the rest would say little more. */
const MAX_WARNINGS = 5;

/** Shows one run while it goes on. Dispose it before anything else is written to its stream. */
export class RunScreen implements Disposable {
  readonly #text: ProgressText;
  readonly #live: LiveLine;
  readonly #warned = new Set<string>();

  constructor(
    stream: ProgressStream,
    env: Readonly<Record<string, string | undefined>>,
    progress: RunProgress,
  ) {
    const isLive = canRedraw(stream, env);
    this.#text = new ProgressText(stream, isLive);
    this.#live = new LiveLine(stream, () => statusText(progress, Date.now()), isLive);
  }

  /** A line of the command itself. */
  note(text: string): void {
    this.#live.print(this.#text.note(text));
  }

  /** A line that must not be overlooked. */
  warn(text: string): void {
    this.#live.print(this.#text.note(text, "yellow"));
  }

  /** Warns of a failure that is lived through; each one once, and not of more than a few. */
  trouble(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (this.#warned.has(message) || this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(message);
    this.warn(`warning: ${message}; trying again`);
  }

  /** The plan that was recorded before this process looked. */
  knows(plan: Plan | undefined): void {
    this.#text.knows(plan);
  }

  /** What happened in the run. */
  tell(change: Change): void {
    const line = this.#text.lineOf(change);
    if (line !== undefined) this.#live.print(line);
  }

  [Symbol.dispose](): void {
    this.#live[Symbol.dispose]();
  }
}
