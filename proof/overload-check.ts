import {
  type OverloadFigures,
  overload,
} from "../packages/waggle/test/process/overload/overload.ts";
import { inFolder } from "./in-folder.ts";
import { planting } from "./planting.ts";
import { type ProcessCheck, type ProcessPlant, type ProcessResult, pick } from "./promise.ts";

/** An agent gets ten times what it can take. */
export const OVERLOAD: ProcessCheck = {
  name: "ten times too many messages",
  run: async (level) => result(await inFolder((folder) => overload(folder, pick(level, 20, 600)))),
};

/** Nobody looks how many messages wait. */
export const NO_BOUND: ProcessPlant = {
  name: "the mailbox has no bound",
  run: async () => {
    const edit = {
      file: "adapters/sqlite/apply-task-write.ts",
      find: "if (limit !== undefined && cell.amount >= limit) return false;",
      replace: "",
    };
    return result(await inFolder((folder) => overload(folder, 0.3, planting([edit]))));
  },
};

function result(figures: OverloadFigures): ProcessResult {
  const { attempts, accepted, refused, mostWaiting, heapGrowthMb, rssGrowthMb, faults } = figures;
  return {
    tries: attempts,
    failure: faults.length === 0 ? null : faults.join("; "),
    summary: `${attempts} messages, ${accepted} accepted and processed, ${refused} refused, at most ${mostWaiting} waited, heap ${signed(heapGrowthMb)} MB, process ${signed(rssGrowthMb)} MB`,
  };
}

function signed(amount: number): string {
  return amount < 0 ? String(amount) : `+${amount}`;
}
