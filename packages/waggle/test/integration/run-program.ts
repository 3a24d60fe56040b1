import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Root of the repository. */
export const REPOSITORY: string = resolve(import.meta.dirname, "../../../..");

/** How a program ended. */
export interface ProgramEnd {
  /** Its exit code; null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it left in the folder for temporary files. */
  readonly leftovers: readonly string[];
}

/** Most that a program may take; then it is killed, and its exit code is null. */
const LIMIT_MS = 30_000;

/**
 * Runs a program as a user of this repository would, with a folder of its own for temporary files.
 * @param program - `file`: its path in the repository; `source`: its TypeScript.
 */
export async function runProgram(
  program: { readonly file: string } | { readonly source: string },
): Promise<ProgramEnd> {
  const folder = await mkdtemp(join(tmpdir(), "waggle-program-"));
  const which = "file" in program ? [program.file] : ["--input-type=module-typescript", "-"];
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, TMPDIR: folder };
  try {
    const end = await new Promise<Omit<ProgramEnd, "leftovers">>((done) => {
      const child = execFile(
        process.execPath,
        ["--conditions=waggle-source", ...which],
        { cwd: REPOSITORY, env, timeout: LIMIT_MS, killSignal: "SIGKILL" },
        (_error, stdout, stderr) => done({ exitCode: child.exitCode, stdout, stderr }),
      );
      child.stdin?.end("source" in program ? program.source : "");
    });
    return { ...end, leftovers: await readdir(folder) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
