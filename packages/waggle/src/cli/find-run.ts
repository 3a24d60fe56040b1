import type { RunId } from "../core/ids.ts";
import type { Store } from "../ports/store.ts";
import { usageProblems } from "./run-arguments.ts";

/** Runs among which the beginning of an id is looked for, newest first. */
const MAX_RUNS = 10_000;

/** Ids that an error names. */
const MAX_NAMED = 5;

/**
 * Finds the run a user means by its id, the beginning of one, or `last`.
 * @throws RuntimeError `USAGE` that names what is there.
 */
export async function findRun(store: Store | undefined, text: string): Promise<RunId> {
  const all = (await store?.runs({ limit: MAX_RUNS })) ?? [];
  const ids = all.map(({ run }) => run);
  const [newest] = ids;
  if (newest === undefined) throw usageProblems(["there are no runs in the current folder"]);
  if (text === "last") return newest;
  const exact = ids.find((id) => id === text);
  if (exact !== undefined) return exact;
  const fitting = text === "" ? [] : ids.filter((id) => id.startsWith(text));
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  const what =
    fitting.length > 1
      ? `${fitting.length} runs begin with '${text}': ${named(fitting)}`
      : `there is no run '${text}'; there are: ${named(ids)}`;
  throw usageProblems([what]);
}

function named(ids: readonly string[]): string {
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : "";
  return `${ids.slice(0, MAX_NAMED).join(", ")}${more}`;
}
