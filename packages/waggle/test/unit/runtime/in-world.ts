import { expect } from "vitest";
import { type Process, replay, runSchedule, type Scenario } from "../../../src/testing/index.ts";
import { KernelWorld } from "../../sim/scenarios/kernel-world.ts";

/**
 * Runs `main` once in the simulator, in natural order and virtual time: nothing in a test has to wait.
 * @param scenario - What differs from a world without crashes and faults.
 */
export async function inWorld(
  main: (self: Process, kernel: KernelWorld) => Promise<void>,
  scenario: Partial<Scenario> & { readonly crashes?: number } = {},
): Promise<void> {
  const { crashes = 0, ...rest } = scenario;
  const result = await runSchedule(
    {
      name: "test",
      ...rest,
      setup(world) {
        const kernel = new KernelWorld(world);
        world.process("main", (self) => main(self, kernel), { crashes });
      },
    },
    replay([]),
  );
  expect(result.failure ?? "").toBe("");
}
