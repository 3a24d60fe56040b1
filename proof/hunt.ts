import {
  brokenStoreCases,
  explore,
  storeConformance,
} from "../packages/waggle/src/testing/index.ts";
import { memorySubject, sqliteSubject } from "../packages/waggle/test/conformance/subjects.ts";
import type { Hunt, StoreName } from "./plants.ts";
import { PLANT_SCHEDULES } from "./promise.ts";
import { SCENARIOS, type ScenarioId } from "./scenario-list.ts";

// Runs in a process of its own, with a bug planted by plant-hook.ts: tries until something fails, and prints
// `{ foundAfter, failure }`; foundAfter is null when nothing failed.

interface Found {
  readonly foundAfter: number | null;
  readonly failure: string | null;
}

/** A case that takes longer has been broken: the healthy ones take milliseconds. */
const CASE_LIMIT_MS = 3_000;

async function inScenario(scenario: ScenarioId): Promise<Found> {
  const options = { schedules: PLANT_SCHEDULES, shrinks: false };
  const report = await explore(SCENARIOS[scenario](), options);
  if (report.failure === undefined) return { foundAfter: null, failure: null };
  return { foundAfter: report.schedules, failure: report.failure.text };
}

/** Case by case, up to the one that has to notice. */
async function inConformance(store: StoreName, expected: string): Promise<Found> {
  const make = store === "memory" ? memorySubject : sqliteSubject;
  let tried = 0;
  for (const one of storeConformance) {
    tried++;
    if (one.name !== expected) continue;
    const [broken] = await brokenStoreCases(make, { limitMs: CASE_LIMIT_MS, cases: [one] });
    return broken === undefined
      ? { foundAfter: null, failure: null }
      : { foundAfter: tried, failure: `${broken.name}: ${String(broken.error)}` };
  }
  throw new Error(`there is no case '${expected}'`);
}

const hunt = JSON.parse(process.argv[2] ?? "") as Hunt;
const found =
  hunt.type === "scenario"
    ? await inScenario(hunt.scenario)
    : await inConformance(hunt.store, hunt.case);
process.stdout.write(JSON.stringify(found));
// A broken case may have left a store open.
process.exit(0);
