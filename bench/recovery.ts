import { nodeClock, nodeRandom } from "../packages/waggle/src/adapters/node/index.ts";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { createSystem } from "../packages/waggle/src/index.ts";
import { newLedger } from "./bench-store.ts";
import { startProgram } from "./child-program.ts";
import { benchRow, type Experiment, median, RUNS } from "./measure.ts";
import { rawInserts } from "./raw-limits.ts";
import { recoveringAgent, workId } from "./recovery-work.ts";

const UNFINISHED = 10_000;
const LIMIT_MS = 120_000;
const GROUP = 100;

/**
 * A process is killed with 10,000 runs in the middle of a step; another one opens the ledger. Measured from there
 * until the cut step of the last run is recorded and its result has reached the handler.
 */
export const RECOVERY: Experiment = {
  rows: ["recovery"],
  measure: async (folder) => {
    const runs: number[] = [];
    const raws: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const ledger = newLedger(folder);
      await leaveUnfinished(ledger);
      // Each of them has to be claimed, and to record its step: two rows at the least.
      raws.push((2 * UNFINISHED) / rawInserts(folder, "power", GROUP));
      runs.push(await recoverAll(ledger));
    }
    return [
      benchRow({
        row: "recovery",
        unit: `s for ${UNFINISHED.toLocaleString("en")} runs`,
        better: "less",
        goal: 30,
        raw: {
          what: `s for two rows each in SQLite alone, ${GROUP} per transaction`,
          value: median(raws),
        },
        durability: "power",
        runs,
      }),
    ];
  },
};

async function leaveUnfinished(ledger: string): Promise<void> {
  const program = new URL("./recovery-child.ts", import.meta.url);
  await using child = startProgram(program, [ledger, String(UNFINISHED)]);
  await child.message();
  await child.kill();
}

/** @returns seconds. */
async function recoverAll(ledger: string): Promise<number> {
  let moved = 0;
  const all = Promise.withResolvers<void>();
  const limit = setTimeout(
    () => all.reject(new Error(`${moved} of ${UNFINISHED} runs moved on in ${LIMIT_MS} ms`)),
    LIMIT_MS,
  );
  const work = {
    first: () => {
      throw new Error("a recorded step was executed again");
    },
    second: () => Promise.resolve(2),
    movedOn: () => {
      moved++;
      if (moved === UNFINISHED) all.resolve();
    },
    concurrency: GROUP,
  };
  const start = performance.now();
  await using store = await sqliteStore(ledger)({ clock: nodeClock(), random: nodeRandom() });
  await using system = await createSystem({ store, agents: [recoveringAgent(work)] });
  try {
    await all.promise;
  } finally {
    clearTimeout(limit);
  }
  const seconds = (performance.now() - start) / 1_000;
  const last = UNFINISHED - 1;
  const result = await system.run(workId(last)).result();
  if (result !== last + 3) throw new Error(`run ${last} gave ${String(result)}`);
  return seconds;
}
