import { z } from "zod";
import { agent, contract } from "../../../src/index.ts";
import type { Scenario } from "../../../src/testing/index.ts";
import { runWorld, type Weather } from "./run-world.ts";

const napper = contract("napper", { nap: { input: z.null(), output: z.string() } });

/**
 * A run that only sleeps, started by a process that may stand still until others have taken its place: the start counts,
 * and nothing of it is left with a host that has lost itself meanwhile.
 */
export function lostStarters(weather: Weather): Scenario {
  return runWorld(weather, () => ({
    name: "lost starters",
    root: napper.nap,
    input: null,
    agents: (kernel) => [
      agent(napper, {
        async nap(ctx) {
          kernel.life(`napper ${ctx.task}`)("begun");
          await ctx.sleep("nap", 60_000);
          return "rested";
        },
      }),
    ],
    check: (_, ended) => (ended === "rested" ? undefined : `it ended with ${String(ended)}`),
  }));
}
