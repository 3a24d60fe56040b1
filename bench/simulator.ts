import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { explore } from "../packages/waggle/src/testing/index.ts";
import { drain, inMacrotask } from "../packages/waggle/src/testing/simulator/drain.ts";

/** What {@link benchSimulator} measured, on one thread. */
export interface SimulatorRates {
  /** Schedules of two agents with five effects each, ports only, without traces. */
  readonly schedulesPerSec: number;
  /** The raw limit: as many promises awaited and drained one by one, with nothing to choose. */
  readonly rawPerSec: number;
}

const AGENTS = 2;
const EFFECTS = 5;
const SCHEDULES = 50_000;
const ROUNDS = 5;

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

/** Measures how many schedules a second the simulator explores: the best of five rounds of 50,000. */
export async function benchSimulator(): Promise<SimulatorRates> {
  let schedulesPerSec = 0;
  let rawPerSec = 0;
  for (let round = 0; round < ROUNDS; round++) {
    rawPerSec = Math.max(rawPerSec, await rateOf(() => inMacrotask(hopAll)));
    const seed = 1 + round * SCHEDULES;
    schedulesPerSec = Math.max(
      schedulesPerSec,
      await rateOf(async () => {
        const { failure } = await explore(scenario, { schedules: SCHEDULES, seed });
        if (failure !== undefined) throw new Error(failure.text);
      }),
    );
  }
  return { schedulesPerSec, rawPerSec };
}

async function rateOf(body: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await body();
  return Math.round(SCHEDULES / ((performance.now() - start) / 1_000));
}

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

if (import.meta.main) console.log(await benchSimulator());
