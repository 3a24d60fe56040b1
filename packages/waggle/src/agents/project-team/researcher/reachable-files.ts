import type { ProjectFiles } from "../folder/project-files.ts";
import { folderOf, joinPath } from "../folder/relative-path.ts";

const ENDINGS: readonly string[] = [
  "",
  ".js",
  ".mjs",
  ".cjs",
  ".ts",
  ".mts",
  ".cts",
  ".jsx",
  ".tsx",
  "/index.js",
  "/index.ts",
];

/**
 * The files that run when one of `entries` is loaded, as far as relative imports with literal names tell.
 * @param relative - File -> the relative module names it takes in.
 */
export function reachableFiles(
  entries: readonly string[],
  relative: ReadonlyMap<string, readonly string[]>,
  files: ProjectFiles,
): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = entries.flatMap((entry) => resolveFile("", entry, files));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const name of relative.get(file) ?? [])
      open.push(...resolveFile(folderOf(file), name, files));
  }
  return reached;
}

function resolveFile(folder: string, name: string, files: ProjectFiles): string[] {
  const path = joinPath(folder, name);
  if (path === null) return [];
  // TypeScript sources are imported under the name of their output.
  const source = path.replace(/\.([cm]?)js$/, ".$1ts");
  const found = [...ENDINGS.map((ending) => path + ending), source].find((file) => files.has(file));
  return found === undefined ? [] : [found];
}
