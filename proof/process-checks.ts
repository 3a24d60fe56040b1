import { brokenStoreCases, storeConformance } from "../packages/waggle/src/testing/index.ts";
import { memorySubject, sqliteSubject } from "../packages/waggle/test/conformance/subjects.ts";
import { countTogether } from "../packages/waggle/test/process/count-together.ts";
import { killWriters } from "../packages/waggle/test/process/kill-writer.ts";
import { traceSyncOrder } from "../packages/waggle/test/process/sync-order.ts";
import { inFolder } from "./in-folder.ts";
import { COUNT_STEPS, killMainJob } from "./main-job.ts";
import { type ProcessCheck, type ProcessPlant, pick } from "./promise.ts";

/** kill -9 of a process that appends and acknowledges, at random moments. */
export const KILLS: ProcessCheck = {
  name: "kill -9 of real writers",
  run: (level) =>
    inFolder(async (folder) => {
      const { kills, acknowledged, lost, broken, corrupt } = await killWriters(
        folder,
        pick(level, 100, 500),
      );
      const bad = lost + broken + corrupt;
      return {
        tries: kills,
        failure: bad === 0 ? null : `${lost} lost, ${broken} broken, ${corrupt} corrupt`,
        summary: `${kills} kills, ${acknowledged} acknowledged appends, ${lost} lost, ${corrupt} corrupt`,
      };
    }),
};

/** kill -9 of `waggle run` at random moments, started again until it completes. */
export const MAIN_JOB: ProcessCheck = {
  name: "kill -9 of the main job",
  edits: [COUNT_STEPS],
  run: async (level) => {
    const { kills, completed, differing, twice, orphans } = await killMainJob(pick(level, 50, 200));
    const bad = differing.length + twice.length + orphans.length;
    return {
      tries: kills,
      failure: bad === 0 ? null : [...twice, ...orphans, ...differing.slice(0, 1)].join("; "),
      summary: `${kills} kills, ${completed} jobs completed, ${differing.length} reports differ, ${twice.length} steps twice, ${orphans.length} orphans`,
    };
  },
};

/** No acknowledgement before the sync it relies on, read from the system calls. */
export const SYNC_ORDER: ProcessCheck = {
  name: "order of system calls",
  run: (level) =>
    inFolder(async (folder) => {
      const { acknowledged, early } = await traceSyncOrder(
        folder,
        "power",
        pick(level, 1_000, 10_000),
      );
      return {
        tries: acknowledged,
        failure:
          early === 0 && acknowledged > 0 ? null : `${early} of ${acknowledged} acknowledged early`,
        summary: `${acknowledged} acknowledgements, ${early} before their sync`,
      };
    }),
};

/** The same check where the sync is left out: it has to fail. */
export const NO_SYNC: ProcessPlant = {
  name: "synchronous = normal: acknowledged before the sync",
  edits: [],
  run: () =>
    inFolder(async (folder) => {
      const { acknowledged, early } = await traceSyncOrder(folder, "process", 1_000);
      return {
        tries: Math.max(1, acknowledged - early + 1),
        failure: early === 0 ? null : `${early} of ${acknowledged} acknowledged early`,
        summary: `${early} of ${acknowledged}`,
      };
    }),
};

/** Processes that count in one cell, by compare-and-set and by add, and at one key of a board. */
export const COUNTERS: ProcessCheck = {
  name: "real processes on one cell and one board",
  run: (level) =>
    inFolder(async (folder) => {
      const { expected, compared, added, boardUpdated, boardAdded } = await countTogether(
        folder,
        pick(level, 4, 8),
        pick(level, 500, 10_000),
      );
      const sums = [compared, added, boardUpdated, boardAdded];
      const isExact = sums.every((sum) => sum === expected);
      return {
        tries: expected,
        failure: isExact ? null : `sums ${sums.join(", ")} instead of ${expected}`,
        summary: `sums ${sums.join(", ")} of ${expected} each`,
      };
    }),
};

/** The whole conformance suite on both stores. */
export const CONFORMANCE: ProcessCheck = {
  name: "conformance suite",
  run: async () => {
    const broken = [
      ...(await brokenStoreCases(memorySubject)),
      ...(await brokenStoreCases(sqliteSubject)),
    ];
    const tries = 2 * storeConformance.length;
    return {
      tries,
      failure: broken.length === 0 ? null : broken.map(({ name }) => name).join("; "),
      summary: `${tries - broken.length} of ${tries} cases hold`,
    };
  },
};
