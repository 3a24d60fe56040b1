import {
  type CancelFigures,
  cancelTrees,
} from "../packages/waggle/test/process/cancel/cancel-trees.ts";
import { inFolder } from "./in-folder.ts";
import { planting } from "./planting.ts";
import { type ProcessCheck, type ProcessPlant, type ProcessResult, pick } from "./promise.ts";

/** Trees of agents whose steps run commands, cancelled at random moments. */
export const CANCELLED_TREES: ProcessCheck = {
  name: "cancelled trees of agents with commands",
  run: async (level) =>
    result(await inFolder((folder) => cancelTrees(folder, pick(level, 10, 200)))),
};

/** The bodies of steps are not told. */
export const NO_SIGNAL: ProcessPlant = {
  name: "a cancelled step gets no signal",
  run: async () => {
    const edit = {
      file: "runtime/drops.ts",
      find: "operation.stop?.(new RuntimeError(cancelled(operation.path, DROP_REASONS[why])));",
      replace: "",
    };
    const preload = planting([edit]);
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
