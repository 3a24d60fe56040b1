import { runtimeError } from "../core/errors.ts";
import { parseRunId, type RunId } from "../core/ids.ts";

/** Which board: one with a name of its own, or that of a run. */
export type BoardName = string | { readonly run: string };

/** Where a board is in the ledger. */
export interface BoardPlace {
  /** For people: in errors. */
  readonly title: string;
  readonly log: string;
  /** What is kept for this board is kept as long as this run; null: for ever. */
  readonly run: RunId | null;
}

const BOARD_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * Finds the place of a board.
 * @throws RuntimeError `USAGE` for a bad name; nothing happened.
 */
export function boardPlace(name: BoardName): BoardPlace {
  if (typeof name !== "string") {
    const run = parseRunId(name.run);
    return { title: `board of run '${run}'`, log: `board.run.${run}`, run };
  }
  if (!BOARD_NAME.test(name)) {
    throw runtimeError(
      "USAGE",
      `board name ${JSON.stringify(name)} does not match ${BOARD_NAME.source}`,
    );
  }
  return { title: `board '${name}'`, log: `board.${name}`, run: null };
}
