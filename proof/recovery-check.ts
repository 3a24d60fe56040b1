import {
  type RecoveryFigures,
  recoverRuns,
} from "../packages/waggle/test/process/recovery/recover-runs.ts";
import { inFolder } from "./in-folder.ts";
import type { Edit } from "./plant-hook.ts";
import { planting } from "./planting.ts";
import { type ProcessCheck, type ProcessPlant, type ProcessResult, pick } from "./promise.ts";

/** A process dies with many unfinished runs, and so do others while they recover them. */
export const RECOVERY: ProcessCheck = {
  name: "recovery after a restart",
  run: async (level) => {
    const restarts = pick(level, 2, 20);
    return result(
      await inFolder((folder) => recoverRuns(folder, pick(level, 1_000, 10_000), { restarts })),
    );
  },
};

/** A process stands still for ever: only the end of its lease shows it. Nightly, for that takes half a minute. */
export const RECOVERY_FROM_HUNG: ProcessCheck = {
  name: "recovery from a process that hangs",
  run: async (level) => {
    if (level === "fast") return { tries: 0, failure: null, summary: "nightly only" };
    return result(await inFolder((folder) => recoverRuns(folder, 1_000, { death: "hung" })));
  },
};

const NO_VERDICT: Edit = {
  file: "runtime/heart.ts",
  find: "if (other.dead) return;",
  replace: "return;",
};

/** The tasks of a dead host stay its own. */
export const NOBODY_FREES: ProcessPlant = {
  name: "nobody frees the tasks of a dead host",
  edits: [NO_VERDICT],
  run: async () => {
    const options = { preload: planting([NO_VERDICT]), limitMs: 4_000 };
    return result(await inFolder((folder) => recoverRuns(folder, 40, options)));
  },
};

function result(figures: RecoveryFigures): ProcessResult {
  const { unfinished, restarts, recoveredMs, faults } = figures;
  return {
    tries: unfinished,
    failure: faults.length === 0 ? null : faults.slice(0, 5).join("; "),
    summary: `${unfinished} unfinished runs, ${restarts} kills during recovery, all ended ${recoveredMs} ms after the last restart, ${faults.length} faults`,
  };
}
