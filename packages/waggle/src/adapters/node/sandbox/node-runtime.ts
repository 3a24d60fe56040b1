import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

/** Where programs are looked for when nobody says otherwise. */
export const STANDARD_PATH: string = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/** The Node that runs this process, and the npm that goes with it. Absolute real paths. */
export interface NodeRuntime {
  readonly node: string;
  /** The folder of the package `npm`; undefined if none was found. */
  readonly npmFolder: string | undefined;
}

/**
 * Finds them: npm beside Node, then where `npm` on `searchPath` leads.
 * @param searchPath - Folders, separated as in `PATH`.
 */
export async function findNodeRuntime(searchPath: string): Promise<NodeRuntime> {
  const node = await realpath(process.execPath);
  const beside = join(dirname(dirname(node)), "lib/node_modules/npm/bin/npm-cli.js");
  const onPath = await findProgram("npm", searchPath);
  for (const candidate of [beside, onPath]) {
    if (candidate === undefined) continue;
    const script = await realpath(candidate).catch(() => undefined);
    if (script?.endsWith("/bin/npm-cli.js")) return { node, npmFolder: dirname(dirname(script)) };
  }
  return { node, npmFolder: undefined };
}

/** The first file `name` in the folders of `searchPath` that may be executed, or undefined. */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    // Relative entries would make the answer depend on where the caller stands.
    if (!folder.startsWith("/")) continue;
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
