import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Preload } from "../packages/waggle/test/process/child-process.ts";

/**
 * Runs `program`, a file of this folder, in a process of its own, with `question` as its argument.
 * @returns what it printed, decoded; it prints one JSON text.
 * @throws if it fails.
 */
export async function askProgram(
  program: string,
  question: unknown,
  preload?: Preload,
): Promise<unknown> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const first = preload === undefined ? [] : ["--import", preload.module];
  const child = spawn(
    process.execPath,
    ["--conditions=waggle-source", ...first, file, JSON.stringify(question)],
    { env: { ...process.env, ...preload?.environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const [output, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | string | null>((resolve) =>
      child.on("close", (exit, signal) => resolve(exit ?? signal)),
    ),
  ]);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors}`);
  return JSON.parse(output);
}
