import {
  type OverloadFigures,
  overload,
} from "../packages/waggle/test/process/overload/overload.ts";
import { inFolder } from "./in-folder.ts";
import type { Edit } from "./plant-hook.ts";
import { planting } from "./planting.ts";
import { type ProcessCheck, type ProcessPlant, type ProcessResult, pick } from "./promise.ts";

/** An agent gets ten times what it can take. */
export const OVERLOAD: ProcessCheck = {
  name: "ten times too many messages",
  run: async (level) => result(await inFolder((folder) => overload(folder, pick(level, 20, 600)))),
};

const MAILBOX_WITHOUT_BOUND: Edit = {
  file: "adapters/sqlite/apply-task-write.ts",
  find: "if (limit !== undefined && cell.amount >= limit) return false;",
  replace: "",
};

/** Nobody looks how many messages wait. */
export const NO_BOUND: ProcessPlant = {
  name: "the mailbox has no bound",
  edits: [MAILBOX_WITHOUT_BOUND],
  run: async () => {
    const preload = planting([MAILBOX_WITHOUT_BOUND]);
    return result(await inFolder((folder) => overload(folder, 0.3, preload)));
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
