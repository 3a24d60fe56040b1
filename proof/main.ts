import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Lanes } from "./lanes.ts";
import { type Level, type PromiseRow, SCHEDULES } from "./promise.ts";
import { PROMISES } from "./promises.ts";
import { type Proof, type ProofPlan, prove } from "./prove.ts";

/** Parts of proofs that go on at one time. One more than cores: checks with real processes mostly wait. */
const LANES = availableParallelism() + 1;

const DAY_MS = 86_400_000;

const HELP = `Proves what Waggle promises: explores schedules in the simulator, kills real processes, and
plants a bug for each promise that the proof has to find.

  npm run proof                      everything, the fast set
  npm run proof -- --only R4,R8      these promises
  npm run proof -- --nightly         the large set, up to two hours on two cores; seeds of the day
  npm run proof -- --seed 17         schedules from this seed on (default 1)
  npm run proof -- --json            one JSON array on standard output
  npm run proof -- --verbose         each part on standard error when it is done (a night does so anyway)

Exit code: 0 all proven, 1 something is not, 2 wrong arguments.
`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    nightly: { type: "boolean", default: false },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", short: "v", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const wanted = values.only?.split(",").map((id) => id.trim().toUpperCase());
const unknown = (wanted ?? []).filter((id) => !PROMISES.some((row) => row.id === id));
if (unknown.length > 0) {
  const known = PROMISES.map((row) => row.id).join(", ");
  process.stderr.write(`no such promise: ${unknown.join(", ")} (there are ${known})\n`);
  process.exit(2);
}
// The processes that it starts, several hundred, load the source in a third of the time.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "../node_modules/.cache/compiled");
const level: Level = values.nightly ? "nightly" : "fast";
const seed = readSeed(values.seed);
const rows = PROMISES.filter(({ id }) => wanted?.includes(id) ?? true);
const proofs: Proof[] = [];
const plan: ProofPlan = {
  level,
  seed,
  lanes: new Lanes(LANES),
  checks: new Map(),
  // A night is long: it shows that it goes on.
  onDone: (what) => {
    if (level === "nightly" || values.verbose) process.stderr.write(`${what}\n`);
  },
};
if (level === "nightly") process.stderr.write(`seeds from ${seed} on\n`);
await Promise.all(rows.map(proveRow));
// As they are listed, whichever was faster.
proofs.sort((a, b) => place(a) - place(b));
if (values.json) process.stdout.write(`${JSON.stringify(proofs, null, 2)}\n`);
process.exitCode = proofs.every((proof) => proof.proven) ? 0 : 1;

async function proveRow(row: PromiseRow): Promise<void> {
  const proof = await prove(row, plan);
  proofs.push(proof);
  if (values.json) process.stderr.write(`${row.id} ${proof.proven ? "proven" : "NOT PROVEN"}\n`);
  else process.stdout.write(`${describe(proof)}\n`);
}

/** The same seeds each time for the fast set; for a night those of the day, unless others are given. */
function readSeed(given: string | undefined): number {
  if (given === undefined) {
    return level === "fast" ? 1 : Math.floor(Date.now() / DAY_MS) * SCHEDULES.nightly;
  }
  const read = Number(given);
  if (Number.isSafeInteger(read) && read >= 0) return read;
  process.stderr.write(`--seed ${given} is no whole number of at least 0\n`);
  process.exit(2);
}

function place({ id }: Proof): number {
  return rows.findIndex((row) => row.id === id);
}

function describe(proof: Proof): string {
  const { id, title, schedules, windows, seconds } = proof;
  const head = `${id.padEnd(4)} ${proof.proven ? "proven    " : "NOT PROVEN"} ${title}`;
  const counts = [
    `${schedules} schedules`,
    windows === null ? undefined : `rarest window hit ${windows} times`,
    `${seconds} s`,
  ];
  return [
    head,
    `       ${counts.filter((count) => count !== undefined).join(", ")}`,
    ...proof.processes.map((line) => `       ${line}`),
    ...proof.plants.map(
      ({ name, foundAfter }) =>
        `       planted bug "${name}": ${foundAfter === null ? "NOT FOUND" : `found after ${foundAfter}`}`,
    ),
    ...proof.problems.map((problem) => `       problem: ${problem}`),
  ].join("\n");
}
