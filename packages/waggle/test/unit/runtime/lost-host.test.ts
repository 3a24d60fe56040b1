import { expect, test } from "vitest";
import { z } from "zod";
import { type RunId, rootTaskId } from "../../../src/core/ids.ts";
import { agent, contract, createSystem } from "../../../src/index.ts";
import type { Store } from "../../../src/ports/store.ts";
import { type Process, simulatedStore } from "../../../src/testing/index.ts";
import type { KernelWorld } from "../../sim/scenarios/kernel-world.ts";
import { inWorld } from "./in-world.ts";

const napper = contract("napper", { nap: { input: z.null(), output: z.string() } });

/** A store that stands still when a run has been started, for longer than a host waits for its beats. */
function stallingStore(self: Process, kernel: KernelWorld): Store {
  const store = simulatedStore(self, kernel.ledger);
  let isStalled = false;
  const stalled = (): Promise<void> =>
    self.effect("stalled", () => {}, { ready: () => !isStalled });
  return {
    ...store,
    beat: (host, report) => stalled().then(() => store.beat(host, report)),
    commit: async (batch) => {
      const result = await store.commit(batch);
      if (batch.writes.some((write) => write.type === "gate" && write.from === null)) {
        isStalled = true;
        await self.clock.sleep(13_000);
        isStalled = false;
      }
      return result;
    },
  };
}

test("a host that lost itself while it started a run leaves the run to its successor", async () => {
  await inWorld(async (self, kernel) => {
    const { clock, random } = self;
    const agents = [
      agent(napper, {
        async nap(ctx) {
          await ctx.sleep("nap", 60_000);
          return "rested";
        },
      }),
    ];
    const store = stallingStore(self, kernel);
    const system = await createSystem({ store, agents, clock, random, pollMs: 1_000 });
    const run = await system.start(napper.nap, null, { id: "run" });
    expect(await run.result()).toBe("rested");
    const [started, first] = kernel.events(rootTaskId("run" as RunId));
    expect([started?.type, first?.type]).toEqual(["started", "resumed"]);
    await system[Symbol.asyncDispose]();
  });
});
