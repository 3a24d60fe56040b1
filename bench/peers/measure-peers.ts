import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type BenchRow, median, roundFigure } from "../measure.ts";
import { installPeers } from "./install-peers.ts";
import { PEERS, type PeerProgram, type PeerSource, RECORDED_AT } from "./peer-catalog.ts";
import type { PeerFigure } from "./peer-figure.ts";
import { runCommand } from "./run-command.ts";

const LIMIT_MS = 120_000;

/** Peers call home otherwise, which would be measured too. */
const QUIET = {
  LANGSMITH_TRACING: "false",
  LANGCHAIN_TRACING_V2: "false",
  MASTRA_TELEMETRY_DISABLED: "1",
  VOLTAGENT_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
};

const Report = z.object({
  figures: z.record(z.string(), z.array(z.number()).min(1)),
  note: z.string(),
});
type Report = z.infer<typeof Report>;

/** What all processes of one command gave. */
type Outcome = { readonly reports: readonly Report[] } | { readonly failed: string };

/** Measures peers. Owns the folder they are installed in, below which they keep their data while they run. */
export class Peers {
  readonly #folder: string;
  readonly #progress: (line: string) => void;
  /** Rows share programs; each is run once. */
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  #installed: Promise<string | undefined> | undefined;

  /** @param progress - Gets a line for each thing that takes long. */
  constructor(folder: string, progress: (line: string) => void) {
    this.#folder = folder;
    this.#progress = progress;
  }

  /** `row` with the figures of its peers, one after the other; those that failed are in it with the reason. */
  async beside(row: BenchRow): Promise<BenchRow> {
    const peers: PeerFigure[] = [];
    for (const source of PEERS[row.row] ?? []) peers.push(await this.#figure(row, source));
    return { ...row, peers };
  }

  async #figure(row: BenchRow, source: PeerSource): Promise<PeerFigure> {
    const { peer } = source;
    if (source.type === "record") {
      const { value, note } = source;
      const timesBetter = timesBetterThan(row, value);
      return { type: "recorded", peer, at: RECORDED_AT, value, timesBetter, note };
    }
    const outcome = await this.#outcome(source);
    if ("failed" in outcome) return { type: "failed", peer, reason: outcome.failed };
    const runs = outcome.reports.flatMap(({ figures }) => figures[source.figure] ?? []);
    if (runs.length === 0) {
      return { type: "failed", peer, reason: `${source.command[0]} gave no '${source.figure}'` };
    }
    const rounded = runs.map(roundFigure);
    const value = median(rounded);
    return {
      type: "measured",
      peer,
      version: this.#version(source),
      value,
      runs: rounded,
      timesBetter: timesBetterThan(row, value),
      note: outcome.reports[0]?.note ?? "",
    };
  }

  #outcome(source: PeerProgram): Promise<Outcome> {
    const command = source.command.join(" ");
    const known = this.#outcomes.get(command);
    if (known !== undefined) return known;
    const outcome = this.#run(source);
    this.#outcomes.set(command, outcome);
    return outcome;
  }

  async #run({ peer, command, processes }: PeerProgram): Promise<Outcome> {
    this.#installed ??= this.#install();
    const failed = await this.#installed;
    if (failed !== undefined) return { failed };
    this.#progress(`  ${peer}: ${command.join(" ")} ...`);
    const reports: Report[] = [];
    for (let i = 0; i < processes; i++) {
      const report = await this.#runOnce(command);
      if ("failed" in report) return report;
      reports.push(report);
    }
    return { reports };
  }

  async #runOnce(command: readonly string[]): Promise<Report | { readonly failed: string }> {
    const args = ["--expose-gc", "--no-warnings", ...command];
    const options = { cwd: this.#folder, limitMs: LIMIT_MS, env: QUIET };
    const { stdout, failed } = await runCommand(process.execPath, args, options);
    if (failed !== undefined) return { failed };
    const line = stdout.split("\n").findLast((text) => text.startsWith("{"));
    const report = Report.safeParse(parseJson(line ?? ""));
    if (report.success) return report.data;
    return { failed: `printed no report: ${stdout.slice(-200)}` };
  }

  /** @returns why they are not installed. */
  async #install(): Promise<string | undefined> {
    try {
      await installPeers(this.#folder, this.#progress);
      return undefined;
    } catch (error) {
      return `not installed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #version(source: PeerProgram): string {
    const file = join(this.#folder, "node_modules", source.package, "package.json");
    return z.object({ version: z.string() }).parse(parseJson(readFileSync(file, "utf8"))).version;
  }

  /** Removes what the programs wrote; the installation stays. */
  [Symbol.dispose](): void {
    rmSync(join(this.#folder, "data"), { recursive: true, force: true });
  }
}

function timesBetterThan({ value, better }: BenchRow, theirs: number): number | null {
  const times = better === "more" ? value / theirs : theirs / value;
  return Number.isFinite(times) && times > 0 ? roundFigure(times) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
