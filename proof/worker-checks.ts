import {
  type Disturbance,
  type DisturbanceFigures,
  disturbWorkers,
} from "../packages/waggle/test/process/workers/disturb-workers.ts";
import { inFolder } from "./in-folder.ts";
import type { Edit } from "./plant-hook.ts";
import { planting } from "./planting.ts";
import { JOURNAL_AFTER_RETURN } from "./plants.ts";
import {
  type Level,
  type ProcessCheck,
  type ProcessPlant,
  type ProcessResult,
  pick,
} from "./promise.ts";

/** A planted bug that stops runs for good is found without waiting for as long as a recovery may take. */
const PLANT_RECOVERY_MS = 8_000;
/** Kills or stops after which a planted bug counts as not found. */
const PLANT_TRIES = 60;

/** The kills show several promises: each of their rows reads what one series of kills found. */
const killed = new Map<Level, Promise<ProcessResult>>();

/** kill -9 of three workers that serve a stream of runs. */
export const KILLED_WORKERS: ProcessCheck = {
  name: "kill -9 of workers",
  run: (level) => {
    const series =
      killed.get(level) ?? disturb({ kills: pick(level, 20, 500), stops: 0 }).then(result);
    killed.set(level, series);
    return series;
  },
};

/** Workers that stand still for longer than their lease, and go on. */
export const STOPPED_WORKERS: ProcessCheck = {
  name: "workers stopped past their lease",
  run: async (level) => result(await disturb({ kills: 0, stops: pick(level, 5, 200) })),
};

/** A worker goes on with a result that is not recorded. */
export const WORKER_JOURNAL_AFTER_RETURN: ProcessPlant = {
  name: `workers: ${JOURNAL_AFTER_RETURN.name}`,
  edits: JOURNAL_AFTER_RETURN.edits,
  run: () => found({ kills: 20, stops: 0 }, JOURNAL_AFTER_RETURN.edits),
};

const NO_OWNERS: readonly Edit[] = [
  {
    file: "adapters/sqlite/apply-task-write.ts",
    find: `if (task.owner === 0 || task.owner !== tx.ledger.host(host).n) return "fenced";`,
    replace: "",
  },
  {
    file: "adapters/sqlite/apply-batch.ts",
    find: "if (tx.ledger.host(batch.host).dead) return",
    replace: "if (batch.writes.length < 0) return",
  },
  {
    file: "runtime/heart.ts",
    find: "if (silentMs >= this.#times.abandonMs)",
    replace: "if (silentMs < 0)",
  },
  {
    file: "runtime/heart.ts",
    find: "if (own === undefined || own.dead)",
    replace: "if (own === undefined)",
  },
];

/** Neither the store nor the host itself looks whether it is still the owner. */
export const WORKERS_WITHOUT_FENCE: ProcessPlant = {
  name: "workers: nobody looks who the owner is",
  edits: NO_OWNERS,
  run: () => found({ kills: 0, stops: 4 }, NO_OWNERS),
};

/** Whom a kill meets is chance: a series that finds nothing is followed by another. */
async function found(disturbance: Disturbance, edits: readonly Edit[]): Promise<ProcessResult> {
  const options = { preload: planting(edits), recoveryMs: PLANT_RECOVERY_MS };
  let tries = 0;
  for (;;) {
    const series = result(await inFolder((folder) => disturbWorkers(folder, disturbance, options)));
    tries += series.tries;
    if (series.failure !== null || tries >= PLANT_TRIES) return { ...series, tries };
  }
}

function disturb(disturbance: Disturbance): Promise<DisturbanceFigures> {
  return inFolder((folder) => disturbWorkers(folder, disturbance));
}

function result(figures: DisturbanceFigures): ProcessResult {
  const { kills, stops, runs, executions, cutByStop, settledMs, faults } = figures;
  const stopped = `, ${stops} stops, ${cutByStop} bodies cut by one`;
  return {
    tries: kills + stops,
    failure: faults.length === 0 ? null : faults.slice(0, 5).join("; "),
    summary: `${kills} kills${stops > 0 ? stopped : ""}, ${runs} runs of ${executions} executed steps, over ${settledMs} ms after the last, ${faults.length} faults`,
  };
}
