/**
 * A process that was stopped between its look at the clock and the first line of a body cannot know it: the body has
 * begun. Longer than any turn, shorter than any stop that lets others take over.
 */
const STOOD_STILL_MS = 300;

/** What the file says that all workers appended to. */
export interface OutsideFigures {
  /** Bodies that began. */
  readonly executions: number;
  /** Bodies within whose first line the process was stopped, and that ran on when others had recorded the step. */
  readonly cutByStop: number;
  readonly faults: readonly string[];
}

/** Reads what happened outside, in the order in which it happened. */
export function outsideFaults(text: string): OutsideFigures {
  const seen = new Set<string>();
  const keys = new Map<string, string>();
  const executed = new Map<string, number>();
  const faults: string[] = [];
  let [executions, cutByStop] = [0, 0];
  for (const line of text.trim().split("\n")) {
    const [kind, task, name = "", key = "", sinceMs] = line.split(" ");
    const step = `${task} ${name}`;
    if (kind === "seen") {
      seen.add(step);
      continue;
    }
    executions++;
    const isCut = Number(sinceMs) > STOOD_STILL_MS;
    if (seen.has(step) && isCut) cutByStop++;
    else if (seen.has(step)) faults.push(`${step} ran after it was recorded`);
    if ((keys.get(step) ?? key) !== key) faults.push(`${step} ran with two keys`);
    keys.set(step, key);
    executed.set(step, (executed.get(step) ?? 0) + 1);
    if (name.startsWith("once") && executed.get(step) !== 1) {
      faults.push(`${step} ran ${executed.get(step)} times`);
    }
  }
  return { executions, cutByStop, faults };
}
