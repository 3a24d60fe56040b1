import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { runtimeError } from "../core/errors.ts";
import { FAIL_ON_WORDS, splitFailOn } from "./fail-on.ts";

/** Longest goal, in UTF-16 units: what the planner takes. */
const MAX_GOAL_LENGTH: number = 4_000;

/** A day. */
const MAX_TEST_SECONDS = 86_400;

/** The options of `waggle run` as they were written. */
export interface RawRunOptions {
  readonly in: string;
  readonly out?: string;
  readonly json?: true;
  readonly failOn?: readonly string[];
  readonly install?: true;
  /** False: `--no-sandbox`. */
  readonly sandbox: boolean;
  readonly new?: true;
  readonly durability: string;
  /** Seconds. */
  readonly testTimeout: string;
}

/** What `waggle run` was asked, checked. */
export interface RunArguments {
  readonly goal: string;
  /** Absolute, without links. */
  readonly folder: string;
  /** Absolute; undefined: beside the ledger. */
  readonly outFolder: string | undefined;
  readonly isJson: boolean;
  readonly failOn: readonly string[];
  readonly install: boolean;
  readonly allowUnsandboxed: boolean;
  readonly testTimeoutMs: number;
  readonly isFresh: boolean;
  readonly durability: "power" | "process";
}

/**
 * Checks all arguments, relative to `cwd`.
 * @throws RuntimeError `USAGE` whose `details.problems` names everything that is wrong; nothing happened.
 */
export async function checkRunArguments(
  goal: string,
  options: RawRunOptions,
  cwd: string,
): Promise<RunArguments> {
  const { durability } = options;
  const failOn = splitFailOn(options.failOn ?? []);
  const folder = resolve(cwd, options.in);
  const outFolder = options.out === undefined ? undefined : resolve(cwd, options.out);
  const problems = [
    ...goalProblems(goal),
    ...(options.in === "" ? ["--in: the folder's name is empty"] : await folderProblems(folder)),
    ...(await outProblems(options.out, outFolder)),
    ...failOn
      .filter((word) => !FAIL_ON_WORDS.includes(word))
      .map((word) => `--fail-on: '${word}' is not one of ${FAIL_ON_WORDS.join(", ")}`),
    ...(durability === "power" || durability === "process"
      ? []
      : [`--durability: '${durability}' is not one of power, process`]),
    ...secondsProblems(options.testTimeout),
  ];
  if (problems.length > 0) throw usageProblems(problems);
  return {
    goal: goal.trim(),
    folder: await realpath(folder),
    outFolder,
    isJson: options.json === true,
    failOn,
    install: options.install === true,
    allowUnsandboxed: !options.sandbox,
    testTimeoutMs: 1_000 * Number(options.testTimeout),
    isFresh: options.new === true,
    durability: durability === "process" ? "process" : "power",
  };
}

/** The error for wrong arguments or unusable input: one sentence for each thing that is wrong. */
export function usageProblems(problems: readonly string[]): Error {
  return runtimeError("USAGE", problems.join("; "), { details: { problems } });
}

function goalProblems(goal: string): readonly string[] {
  const { length } = goal.trim();
  if (length === 0) return ["the goal is empty"];
  if (length <= MAX_GOAL_LENGTH) return [];
  return [`the goal has ${length} characters (limit ${MAX_GOAL_LENGTH})`];
}

function secondsProblems(text: string): readonly string[] {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= MAX_TEST_SECONDS) return [];
  return [`--test-timeout: '${text}' is no whole number of seconds from 1 to ${MAX_TEST_SECONDS}`];
}

async function folderProblems(folder: string): Promise<readonly string[]> {
  try {
    if (!(await stat(folder)).isDirectory()) return [`--in: ${folder} is no folder`];
  } catch (error) {
    return [`--in: ${folder} ${isAbsent(error) ? "does not exist" : unusable(error)}`];
  }
  try {
    await access(folder, constants.R_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [`--in: ${folder} ${unusable(error)}`];
  }
}

/** Only looks: the folder is made when the run starts. */
async function outProblems(
  given: string | undefined,
  folder: string | undefined,
): Promise<readonly string[]> {
  if (folder === undefined) return [];
  if (given === "") return ["--out: the folder's name is empty"];
  try {
    if (!(await stat(folder)).isDirectory()) return [`--out: ${folder} is no folder`];
    await access(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return isAbsent(error) ? [] : [`--out: ${folder} ${unusable(error)}`];
  }
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

function unusable(error: unknown): string {
  return `cannot be used (${codeOf(error)})`;
}

/** The code of an error of the file system, such as `EACCES`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
