import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder with files on this machine. Disposing removes it. */
export interface TemporaryProject extends AsyncDisposable {
  readonly folder: string;
}

/** Writes `files` (path to text) into a new folder; objects are written as JSON. */
export async function temporaryProject(
  files: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>,
): Promise<TemporaryProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "waggle-team-")));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(
      join(folder, path),
      typeof content === "string" ? content : JSON.stringify(content),
    );
  }
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
