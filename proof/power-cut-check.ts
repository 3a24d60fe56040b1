import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  cutPower,
  type PowerCutFigures,
} from "../packages/waggle/test/process/power-cut/power-cut.ts";
import {
  recordingObstacle,
  recordStore,
} from "../packages/waggle/test/process/power-cut/record-store.ts";
import { inFolder } from "./in-folder.ts";
import type { Edit } from "./plant-hook.ts";
import { planting } from "./planting.ts";
import { type ProcessCheck, type ProcessPlant, type ProcessResult, pick } from "./promise.ts";

// Each recording makes its own sequence of calls; from each many images are built.

const IMAGES_PER_RECORDING = { fast: 500, nightly: 5_000 };

/** A log that is copied into the file after 64 pages instead of 16 MB: many copies in a small, quick recording. */
const SMALL_LOG: Edit = {
  file: "adapters/sqlite/open-database.ts",
  find: "CHECKPOINT_PAGES = 16_384_000 / PAGE_BYTES",
  replace: "CHECKPOINT_PAGES = 64",
};

/** Power is lost at each sync and in between; what was not synced is kept, dropped, torn or reordered. */
export const POWER_CUTS: ProcessCheck = {
  name: "loss of power",
  edits: [SMALL_LOG],
  run: async (level) => {
    const obstacle = recordingObstacle();
    if (obstacle !== undefined) return notRun(obstacle);
    const recordings = pick(level, 2, 20);
    const all: PowerCutFigures[] = [];
    for (let seed = 1; seed <= recordings; seed++) {
      all.push(await cut("power", IMAGES_PER_RECORDING[level], seed, []));
    }
    const total = (of: (figures: PowerCutFigures) => number): number =>
      all.map(of).reduce((a, b) => a + b, 0);
    const [images, broken] = [total((one) => one.images), total((one) => one.broken)];
    const acknowledged = total((one) => one.acknowledged);
    return {
      tries: images,
      failure: broken === 0 ? null : all.flatMap(({ faults }) => faults).join("; "),
      summary: `${images} images of what may be left on the disk, ${acknowledged} acknowledged appends in them, ${broken} broken`,
    };
  },
};

function powerPlant(
  name: string,
  durability: "power" | "process",
  edits: readonly Edit[],
): ProcessPlant {
  return {
    name,
    edits,
    run: async (): Promise<ProcessResult> => {
      const obstacle = recordingObstacle();
      // Not found, so not proven; the check itself says why.
      if (obstacle !== undefined) return { ...notRun(obstacle), failure: null };
      const { firstBroken, faults, images } = await cut(durability, 500, 1, edits);
      return {
        tries: firstBroken ?? images,
        failure: faults[0] ?? null,
        summary: `first broken image: ${firstBroken ?? "none"} of ${images}`,
      };
    },
  };
}

/** Acknowledged after the write, before the sync. */
export const POWER_LOST_AFTER_WRITE: ProcessPlant = powerPlant(
  "acknowledged after the write: loss of power takes it",
  "process",
  [],
);

/** Then the log is also used anew before what was copied from it is on the disk. */
export const NOTHING_SYNCED: ProcessPlant = powerPlant("nothing is ever synced", "power", [
  {
    file: "adapters/sqlite/open-database.ts",
    find: `"full" : "normal"`,
    replace: `"off" : "off"`,
  },
]);

function notRun(obstacle: string): ProcessResult {
  return { tries: 0, failure: `not run: ${obstacle}`, summary: `not run: ${obstacle}` };
}

/** Records in a folder on a disk, builds the images in memory. */
function cut(
  durability: "power" | "process",
  images: number,
  seed: number,
  edits: readonly Edit[],
): Promise<PowerCutFigures> {
  return inFolder(async (folder) => {
    const place = join(folder, "recording");
    mkdirSync(place);
    const recording = await recordStore(place, {
      durability,
      streams: 2 + (seed % 7),
      appends: 600,
      sessions: 3,
      seed,
      preload: planting([SMALL_LOG, ...edits]),
    });
    return cutPower(recording, folder, images, seed);
  }, "memory");
}
