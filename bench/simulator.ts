import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { explore } from "../packages/waggle/src/testing/index.ts";
import { drain, inMacrotask } from "../packages/waggle/src/testing/simulator/drain.ts";
import { benchRow, type Experiment, perSecond, type RawMeasure, timeBeside } from "./measure.ts";

const AGENTS = 2;
const EFFECTS = 5;
const SCHEDULES = 50_000;

const scenario: Scenario = {
  name: "two agents with five effects each",
  setup(world) {
    let done = 0;
    for (let agent = 0; agent < AGENTS; agent++) {
      world.process(`agent${agent}`, async (self) => {
        for (let i = 0; i < EFFECTS; i++) await self.effect("work", () => ++done);
      });
    }
    world.invariant(() => (done === AGENTS * EFFECTS ? undefined : `done ${done}`));
  },
};

/** How many schedules of two agents with five effects each the simulator explores, ports only, on one thread. */
export const SIMULATOR: Experiment = {
  rows: ["simulator"],
  measure: async () => {
    let seed = 1;
    const { ms, raw } = await timeBeside(PROMISES, async () => {
      const { failure } = await explore(scenario, { schedules: SCHEDULES, seed });
      if (failure !== undefined) throw new Error(failure.text);
      seed += SCHEDULES;
    });
    return [
      benchRow({
        row: "simulator",
        unit: "schedules/s",
        goal: 100_000,
        raw,
        durability: "none",
        runs: ms.map((time) => perSecond(SCHEDULES, time)),
      }),
    ];
  },
};

const PROMISES: RawMeasure = {
  what: "schedules/s with nothing to choose: their promises alone",
  measure: async () => {
    const start = performance.now();
    await inMacrotask(hopAll);
    return perSecond(SCHEDULES, performance.now() - start);
  },
};

/** As many promises awaited and drained one by one. */
function hopAll(): void {
  const waiting: (() => void)[] = [];
  const agent = async (): Promise<void> => {
    for (let i = 0; i < EFFECTS; i++) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  for (let schedule = 0; schedule < SCHEDULES; schedule++) {
    for (let i = 0; i < AGENTS; i++) void agent();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      next();
      drain();
    }
  }
}
