import { setTimeout as pause } from "node:timers/promises";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { createSystem } from "../packages/waggle/src/index.ts";
import { newLedger } from "./bench-store.ts";
import { type ChildProgram, startProgram } from "./child-program.ts";
import { benchRow, type Experiment, median, RUNS } from "./measure.ts";
import { startNote } from "./wake-up-work.ts";

/** Wake-ups in each timed run. An odd number has a middle. */
const WAKE_UPS = 101;
const WARM_UPS = 5;

/**
 * Two processes on one SQLite file, both idle: one starts a run that only the other can carry out. Measured from the
 * call of `start` until the handler's first step begins there, so with one commit and one claim.
 */
export const WAKE_UP: Experiment = {
  rows: ["wake-up"],
  measure: async (folder) => {
    const runs: number[] = [];
    const raws: number[] = [];
    const slowest: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const ledger = newLedger(folder);
      await using child = startProgram(new URL("./wake-up-child.ts", import.meta.url), [ledger]);
      await child.message();
      raws.push(await pipeMs(child));
      const times = await wakeUps(ledger, child);
      runs.push(median(times));
      slowest.push(Math.max(...times));
    }
    return [
      benchRow({
        row: "wake-up",
        unit: "ms (p50)",
        better: "less",
        goal: 5,
        raw: { what: "ms for a word through a pipe", value: median(raws) },
        durability: "power",
        runs,
        note: `slowest ${slowest.map((ms) => ms.toFixed(1)).join(" / ")} ms`,
      }),
    ];
  },
};

async function wakeUps(ledger: string, child: ChildProgram): Promise<readonly number[]> {
  await using system = await createSystem({ store: sqliteStore(ledger), agents: [] });
  const times: number[] = [];
  for (let n = 0; n < WARM_UPS + WAKE_UPS; n++) {
    // Both become idle; the pauses differ, so that they meet no interval of theirs always at the same place.
    await pause(3 + ((n * 7) % 23));
    const start = Number(process.hrtime.bigint()) / 1e6;
    await startNote(system, n);
    times.push((await notedAt(child, n)) - start);
  }
  return times.slice(WARM_UPS);
}

async function notedAt(child: ChildProgram, n: number): Promise<number> {
  const { n: noted, at } = (await child.message()) as { readonly n: number; readonly at: number };
  if (noted !== n) throw new Error(`the child noted ${noted}, expected ${n}`);
  return at;
}

/** Half of the way there and back. */
async function pipeMs(child: ChildProgram): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < WAKE_UPS; i++) {
    const start = performance.now();
    child.send("ping");
    await child.message();
    times.push((performance.now() - start) / 2);
  }
  return median(times);
}
