import {
  type CancelFigures,
  cancelTrees,
} from "../packages/waggle/test/process/cancel/cancel-trees.ts";
import { inFolder } from "./in-folder.ts";
import type { Edit } from "./plant-hook.ts";
import { planting } from "./planting.ts";
import { type ProcessCheck, type ProcessPlant, type ProcessResult, pick } from "./promise.ts";

/** Trees of agents whose steps run commands, cancelled at random moments. */
export const CANCELLED_TREES: ProcessCheck = {
  name: "cancelled trees of agents with commands",
  run: async (level) =>
    result(await inFolder((folder) => cancelTrees(folder, pick(level, 10, 200)))),
};

const STOP_SAYS_NOTHING: Edit = {
  file: "runtime/drops.ts",
  find: "operation.stop?.(new RuntimeError(cancelled(operation.path, DROP_REASONS[why])));",
  replace: "",
};

/** The bodies of steps are not told. */
export const NO_SIGNAL: ProcessPlant = {
  name: "a cancelled step gets no signal",
  edits: [STOP_SAYS_NOTHING],
  run: async () => {
    const preload = planting([STOP_SAYS_NOTHING]);
    return result(
      await inFolder((folder) => cancelTrees(folder, 2, { preload, random: () => 0.9 })),
    );
  },
};

function result(figures: CancelFigures): ProcessResult {
  const { trees, commands, living, orphans, longestMs, faults } = figures;
  return {
    tries: trees,
    failure: faults.length === 0 ? null : faults.slice(0, 5).join("; "),
    summary: `${trees} trees, ${commands} commands begun, ${living} processes lived at the cancel, ${orphans} after it, a cancel took at most ${longestMs} ms`,
  };
}
