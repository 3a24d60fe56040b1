import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startProgram } from "./child-program.ts";
import { EXPERIMENTS } from "./experiments.ts";
import type { BenchRow, Experiment, FailedRow } from "./measure.ts";
import { Peers } from "./peers/measure-peers.ts";
import { rowText } from "./row-text.ts";

const HELP = `Measures Waggle against what this machine alone can do, and against others, in one run.

  npm run bench                       all rows, some minutes
  npm run bench -- --only fsync       rows whose name contains this
  npm run bench -- --list             the names of the rows
  npm run bench -- --peers            other systems beside ours, some minutes more. Those that need no server are
                                      installed at fixed versions in .bench-peers (once, 900 MB) and measured in the
                                      same run; of the others a recorded figure is shown, with its date
  npm run bench -- --json             one JSON array on standard output
  npm run bench -- --dir DIR          where .bench, with the measured files, and .bench-peers are made
                                      (default: this folder). Measure on a real disk

Each row: the median of three runs, its goal, the raw limit measured beside it, and what an acknowledgement
survives: power (fsync before it), process (no fsync), none (memory). Progress goes to standard error.
Ends with 1 if a row could not be measured, 2 for a wrong command line; a missed goal is no failure.
Quiet machine, please.
`;

/** No experiment takes so long unless it hangs. */
const LIMIT_MS = 300_000;

interface Arguments {
  readonly only: string;
  readonly list: boolean;
  readonly peers: boolean;
  readonly json: boolean;
  readonly dir: string;
  readonly help: boolean;
}

const given = readArguments();
const experiments = EXPERIMENTS.filter(({ rows }) => rows.some(isWanted));
if (given.help) {
  process.stdout.write(HELP);
} else if (experiments.length === 0) {
  process.stderr.write(`no row contains '${given.only}'; --list names them\n`);
  process.exitCode = 2;
} else if (given.list) {
  process.stdout.write(`${experiments.flatMap(({ rows }) => rows.filter(isWanted)).join("\n")}\n`);
} else {
  process.exit(await measureAll());
}

/** @returns the exit code. */
async function measureAll(): Promise<number> {
  const folder = join(given.dir, ".bench");
  mkdirSync(folder, { recursive: true });
  // Also when it is interrupted.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  using peers = new Peers(join(given.dir, ".bench-peers"), progress);
  const all: (BenchRow | FailedRow)[] = [];
  for (const experiment of experiments) {
    const measured = await measure(experiment, folder);
    for (const row of measured.filter(({ row }) => isWanted(row))) {
      const complete = given.peers && "value" in row ? await peers.beside(row) : row;
      if (!given.json) await print(rowText(complete));
      all.push(complete);
    }
  }
  if (given.json) await print(JSON.stringify(all, null, 2));
  return all.some((row) => "failed" in row) ? 1 : 0;
}

/** In a process of its own. One that fails does not keep the others from being measured. */
async function measure(
  experiment: Experiment,
  folder: string,
): Promise<readonly (BenchRow | FailedRow)[]> {
  progress(`${experiment.rows.join(", ")} ...`);
  const program = new URL("./experiment-child.ts", import.meta.url);
  const index = String(EXPERIMENTS.indexOf(experiment));
  try {
    await using child = startProgram(program, [index, folder], LIMIT_MS);
    // It sends what experiment-child.ts says.
    const { rows, failed, stack } = (await child.message()) as {
      readonly rows?: readonly BenchRow[];
      readonly failed?: string;
      readonly stack?: string;
    };
    if (rows !== undefined) return rows;
    process.stderr.write(`${stack}\n`);
    return failedRows(experiment, failed ?? "it has no rows");
  } catch (error) {
    return failedRows(experiment, error instanceof Error ? error.message : String(error));
  }
}

function failedRows({ rows }: Experiment, failed: string): readonly FailedRow[] {
  process.stderr.write(`${failed}\n`);
  return rows.map((row) => ({ row, failed }));
}

function isWanted(row: string): boolean {
  return row.includes(given.only);
}

/** Resolves when all of it is out: the process is ended by a call. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", default: "" },
        list: { type: "boolean", default: false },
        peers: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        dir: { type: "string", default: join(import.meta.dirname, "..") },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return { ...values, dir: resolve(values.dir) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(2);
  }
}
