import { expect, test } from "vitest";
import { SCENARIOS, type ScenarioId } from "../../../../proof/scenario-list.ts";
import { MESSAGING_SCENARIOS } from "../../../../proof/scenarios-messaging.ts";
import { SCOPE_SCENARIOS } from "../../../../proof/scenarios-scopes.ts";
import { explore, formatReport } from "../../src/testing/index.ts";

// The same scenarios as in `npm run proof`, with fewer schedules: enough to notice that something broke.
for (const [id, scenario] of Object.entries(SCENARIOS)) {
  // Those of scopes, of control and of messages are long.
  const isLong = id in SCOPE_SCENARIOS || id in MESSAGING_SCENARIOS;
  const schedules = isLong ? 100 : 500;
  test(`holds in ${schedules} schedules: ${id}`, async () => {
    const report = await explore(scenario(), { schedules });
    expect(report.failure === undefined ? "" : formatReport(report)).toBe("");
    expect(report.schedules).toBe(schedules);
  }, 60_000);
}

test("finds every schedule of two agents on one cell without a lost update", async () => {
  const small: ScenarioId = "shared-cell-2";
  const exhaustive = { preemptionBound: 2, maxSchedules: 10_000 };
  const report = await explore(SCENARIOS[small](), { exhaustive });
  expect(report.complete).toBe(true);
  expect(report.failures).toBe(0);
});
