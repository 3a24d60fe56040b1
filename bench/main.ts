import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BenchRow, benchRow } from "./measure.ts";
import { benchSimulator } from "./simulator.ts";
import { benchSteps } from "./steps.ts";

const HELP = `Measures Waggle against what this machine alone can do, in one run.

  npm run bench                       all rows
  npm run bench -- --only fsync       rows whose name contains this
  npm run bench -- --json             one JSON array on standard output
  npm run bench -- --dir DIR          where the measured files are made (default: .bench in this folder)

Each row: the median of three runs, its goal, the raw limit measured beside it, and what an acknowledgement
survives: power (fsync before it), process (no fsync), none (memory). Quiet machine, please.
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    dir: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const base = resolve(values.dir ?? join(import.meta.dirname, ".."));
const folder = join(base, ".bench");
mkdirSync(folder, { recursive: true });
const wanted = (row: string): boolean => row.includes(values.only);

const rows: BenchRow[] = [];
try {
  rows.push(...(await benchSteps(folder, wanted)));
  if (wanted("simulator")) rows.push(await simulatorRow());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (rows.length === 0) {
  process.stderr.write(`no row contains '${values.only}'\n`);
  process.exitCode = 2;
} else if (values.json) {
  process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
} else {
  for (const row of rows) process.stdout.write(`${describe(row)}\n`);
}

async function simulatorRow(): Promise<BenchRow> {
  const { schedulesPerSec, rawPerSec } = await benchSimulator();
  return benchRow({
    row: "simulator",
    unit: "schedules/s",
    goal: 100_000,
    raw: { what: "as many awaited promises", value: rawPerSec },
    durability: "none",
    runs: [Math.round(schedulesPerSec)],
  });
}

function describe({ row, value, unit, goal, met, raw, durability, runs }: BenchRow): string {
  const share = `${Math.round((100 * value) / raw.value)} %`;
  return [
    `${row.padEnd(18)} ${value.toLocaleString("en")} ${unit} (${durability}), goal ${goal.toLocaleString("en")}: ${met ? "met" : "MISSED"}`,
    `${"".padEnd(18)} ${share} of the raw ${raw.value.toLocaleString("en")} ${raw.what}; runs ${runs.map((run) => run.toLocaleString("en")).join(" / ")}`,
  ].join("\n");
}
