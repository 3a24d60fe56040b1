import { join } from "node:path";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { childCommand, startChild } from "./child-process.ts";

/** What {@link countTogether} found. */
export interface CountFigures {
  /** What the increments should have come to. */
  readonly expected: number;
  /** What they came to by read and set. */
  readonly compared: number;
  /** What they came to by add. */
  readonly added: number;
  /** The longest stop of any process's event loop. */
  readonly longestStopMs: number;
}

/** Lets `processes` processes count `times` times each in the same two cells of a store in `folder`. */
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
  await using store = await sqliteStore(path)({ clock: nodeClock(), random: nodeRandom() });
  const [added, compared] = await store.cells("");
  return {
    expected: processes * times,
    compared: Number(compared?.value),
    added: added?.amount ?? 0,
    longestStopMs: Math.max(...stops.map(Number)),
  };
}
