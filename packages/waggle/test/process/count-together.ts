import { join } from "node:path";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { openBoard } from "../../src/state/open-board.ts";
import { childCommand, startChild } from "./child-process.ts";
import { ADDED, COUNT_BOARD, UPDATED } from "./count-keys.ts";

/** What {@link countTogether} found. */
export interface CountFigures {
  /** What the increments should have come to. */
  readonly expected: number;
  /** What they came to by read and set. */
  readonly compared: number;
  /** What they came to by add. */
  readonly added: number;
  /** What they came to on the board, by update. */
  readonly boardUpdated: number;
  /** What they came to on the board, by add. */
  readonly boardAdded: number;
  /** The longest stop of any process's event loop. */
  readonly longestStopMs: number;
}

/** Lets `processes` processes count `times` times each in the same two cells and board keys of a store in `folder`. */
export async function countTogether(
  folder: string,
  processes: number,
  times: number,
): Promise<CountFigures> {
  const path = join(folder, `count-${processes}.db`);
  const children = Array.from({ length: processes }, () =>
    startChild(childCommand("counting-child", [path, String(times)])),
  );
  const stops = await Promise.all(children.map((child) => child.ended()));
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(path)(machine);
  await using board = openBoard(store, COUNT_BOARD, machine);
  const [added, compared] = await store.cells("");
  return {
    expected: processes * times,
    compared: Number(compared?.value),
    added: added?.amount ?? 0,
    boardUpdated: (await board.get(UPDATED)) ?? 0,
    boardAdded: (await board.get(ADDED)) ?? 0,
    longestStopMs: Math.max(...stops.map(Number)),
  };
}
