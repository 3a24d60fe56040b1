import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { childCommand, type Preload, startChild } from "../child-process.ts";
import { type FileOperation, readFileTrace } from "./file-trace.ts";
import { TracedDisk } from "./traced-disk.ts";

/** What a recorded process does. */
export interface RecordedWork {
  readonly durability: "power" | "process";
  readonly streams: number;
  /** In all, over streams and sessions. */
  readonly appends: number;
  /** How often the store is opened and closed. */
  readonly sessions: number;
  readonly seed: number;
  readonly preload?: Preload;
}

/** All that a store did to its files while it was written to, and where they stood. */
export interface StoreRecording {
  readonly operations: readonly FileOperation[];
  /** Number of streams that were written. */
  readonly streams: number;
  /** Path of the store in the recording. */
  readonly path: string;
  /** Path of the file of acknowledgements in the recording. */
  readonly acknowledgements: string;
}

const SOURCE = join(import.meta.dirname, "file-recorder.cpp");

/** Why stores cannot be recorded here; undefined where they can. */
export function recordingObstacle(): string | undefined {
  if (process.platform !== "linux") return `it needs Linux, this is ${process.platform}`;
  const folders = (process.env["PATH"] ?? "").split(":");
  if (!folders.some((folder) => existsSync(join(folder, "g++")))) return "g++ is not installed";
  return undefined;
}

/**
 * Runs a process that writes to a new store in `folder`, and records the system calls on its files, with contents.
 * @throws Error where {@link recordingObstacle} says so, when the process fails, or when the recording does not
 * build exactly the files that are on the disk at the end.
 */
export async function recordStore(folder: string, work: RecordedWork): Promise<StoreRecording> {
  const obstacle = recordingObstacle();
  if (obstacle !== undefined) throw new Error(`a store cannot be recorded: ${obstacle}`);
  const library = join(folder, "file-recorder.so");
  await promisify(execFile)("g++", [
    ...["-std=c++17", "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"],
  ]);
  const [recorded, trace] = [join(folder, "recorded"), join(folder, "trace")];
  mkdirSync(recorded);
  const [path, acknowledgements] = [join(recorded, "store.db"), join(recorded, "acknowledged")];
  const { durability, streams, appends, sessions, seed, preload } = work;
  const numbers = [streams, appends, sessions, seed].map(String);
  const args = [path, acknowledgements, durability, ...numbers];
  const child = startChild(childCommand("power-cut/recorded-child", args, preload), {
    ...preload?.environment,
    LD_PRELOAD: library,
    FILE_RECORDER_FOLDER: recorded,
    FILE_RECORDER_TRACE: trace,
  });
  await child.ended();
  const operations = readFileTrace(readFileSync(trace));
  checkRecording(recorded, operations);
  return { operations, streams, path, acknowledgements };
}

/** A call that is not recorded would make the files different. */
function checkRecording(folder: string, operations: readonly FileOperation[]): void {
  const disk = new TracedDisk();
  for (const operation of operations) disk.apply(operation);
  const image = disk.imageAfterPowerLoss(() => "kept", Math.random);
  const names = readdirSync(folder).map((name) => join(folder, name));
  const missing = names.filter((path) => !path.endsWith("-shm") && !image.has(path));
  const wrong = [...image].filter(
    ([path, contents]) => !names.includes(path) || !readFileSync(path).equals(contents),
  );
  const faults = [...missing, ...wrong.map(([path]) => path)];
  if (faults.length > 0) throw new Error(`the recording is incomplete for ${faults.join(", ")}`);
}
