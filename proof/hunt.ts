import { explore } from "../packages/waggle/src/testing/index.ts";
import { SCENARIOS, type ScenarioId } from "./scenario-list.ts";

// Runs in a process of its own, with a bug planted by plant-hook.ts: explores a scenario until it fails, and
// prints `{ foundAfter, failure }`; foundAfter is null when nothing failed.
const [id, schedules] = process.argv.slice(2);
const report = await explore(SCENARIOS[id as ScenarioId](), { schedules: Number(schedules) });
process.stdout.write(
  JSON.stringify({
    foundAfter: report.failure === undefined ? null : report.schedules,
    failure: report.failure?.text ?? null,
  }),
);
