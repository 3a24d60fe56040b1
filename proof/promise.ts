import type { Edit } from "./plant-hook.ts";
import type { Plant } from "./plants.ts";
import type { ScenarioId } from "./scenario-list.ts";

/** One way a promise is explored in the simulator. */
export interface Exploration {
  readonly scenario: ScenarioId;
  /** How many times {@link SCHEDULES} are sampled: more where the window is rare, less of many worlds. Default 1. */
  readonly factor?: number;
  /** Explores every schedule within the bound instead of sampling. */
  readonly exhaustive?: { readonly preemptionBound: number; readonly maxSchedules: number };
}

/** What a check outside the simulator found. */
export interface ProcessResult {
  /** How many times it was tried: kills, appends. */
  readonly tries: number;
  /** What went wrong; null: nothing. */
  readonly failure: string | null;
  /** In words, with figures. */
  readonly summary: string;
}

/** A check with real processes, files or system calls. */
export interface ProcessCheck {
  readonly name: string;
  /** What is changed in the source that its processes load, so that it can see more. */
  readonly edits?: readonly Edit[];
  run(level: Level): Promise<ProcessResult>;
}

/** A planted bug outside the simulator: a check of its own that must fail. */
export interface ProcessPlant {
  readonly name: string;
  /** The bug; none where it is a setting. */
  readonly edits: readonly Edit[];
  run(): Promise<ProcessResult>;
}

/** How much is done: `fast` in a few minutes, `nightly` in up to two hours. */
export type Level = "fast" | "nightly";

/** A promise and how it is proved. */
export interface PromiseRow {
  readonly id: string;
  readonly title: string;
  readonly explorations: readonly Exploration[];
  /** Marks that must be reached in at least {@link MIN_WINDOWS} schedules. */
  readonly windows: readonly string[];
  readonly plants: readonly Plant[];
  readonly processChecks?: readonly ProcessCheck[];
  readonly processPlants?: readonly ProcessPlant[];
}

/** A window that is hit less often proves nothing (promises.md, rule 3). */
export const MIN_WINDOWS = 100;

/** Schedules per sampled exploration of factor 1. */
export const SCHEDULES: Readonly<Record<Level, number>> = { fast: 10_000, nightly: 1_000_000 };

/**
 * Seconds per sampled exploration of factor 1; then it begins no more schedules. A night is to be over after two
 * hours on two cores. It begins at another seed than the night before, so what one leaves out another one reaches.
 */
export const LIMIT_SECONDS: Readonly<Record<Level, number | null>> = { fast: null, nightly: 200 };

/** Schedules within which a planted bug has to be found. */
export const PLANT_SCHEDULES = 10_000;

/** The amount for `level`. */
export function pick<T>(level: Level, fast: T, nightly: T): T {
  return level === "fast" ? fast : nightly;
}
