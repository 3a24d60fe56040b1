import { explore, formatReport, type Report } from "../packages/waggle/src/testing/index.ts";
import type { ScenarioId } from "./scenario-list.ts";
import { SCENARIOS } from "./scenario-list.ts";

// Runs in a process of its own, so that as many scenarios are explored at one time as there are cores. Gets an
// `ExploreOrder` as its argument and prints an `Explored`.

/** What is to be explored. */
export interface ExploreOrder {
  readonly scenario: ScenarioId;
  readonly seed: number;
  readonly schedules: number;
  /** After so long no further schedules are begun; null: however long it takes. */
  readonly limitSeconds: number | null;
  /** Every schedule within the bound, in the place of samples. */
  readonly exhaustive: { readonly preemptionBound: number; readonly maxSchedules: number } | null;
}

/** What came of it. */
export interface Explored {
  readonly schedules: number;
  readonly marks: Readonly<Record<string, number>>;
  readonly complete: boolean;
  /** The first failure, with the schedule that shows it; null: there was none. */
  readonly failure: string | null;
}

/** Schedules between two looks at the time. */
const BATCH = 5_000;

const order = JSON.parse(process.argv[2] ?? "") as ExploreOrder;
process.stdout.write(JSON.stringify(await exploreAll(order)));

async function exploreAll(wanted: ExploreOrder): Promise<Explored> {
  const { scenario, seed, schedules, limitSeconds, exhaustive } = wanted;
  if (exhaustive !== null) return summed([await explore(SCENARIOS[scenario](), { exhaustive })]);
  const until = limitSeconds === null ? Number.POSITIVE_INFINITY : limitSeconds * 1_000;
  const begun = performance.now();
  const reports: Report[] = [];
  for (let done = 0; done < schedules && performance.now() - begun < until; ) {
    const batch = Math.min(BATCH, schedules - done);
    const report = await explore(SCENARIOS[scenario](), { schedules: batch, seed: seed + done });
    reports.push(report);
    if (report.failure !== undefined) break;
    done += batch;
  }
  return summed(reports);
}

function summed(reports: readonly Report[]): Explored {
  const marks: Record<string, number> = {};
  for (const report of reports) {
    for (const [mark, count] of Object.entries(report.marks)) {
      marks[mark] = (marks[mark] ?? 0) + count;
    }
  }
  const failed = reports.find(({ failure }) => failure !== undefined);
  return {
    schedules: reports.reduce((sum, { schedules }) => sum + schedules, 0),
    marks,
    complete: reports.every(({ complete }) => complete),
    failure: failed === undefined ? null : formatReport(failed),
  };
}
