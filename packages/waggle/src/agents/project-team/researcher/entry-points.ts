import type { Finding } from "../finding.ts";
import { type Manifest, recordOf } from "../folder/manifest.ts";
import type { ProjectFiles } from "../folder/project-files.ts";
import { joinPath } from "../folder/relative-path.ts";

/** A file that package.json names as a way into the package. */
export interface EntryPoint {
  /** The field, such as `main`, `bin.cli` or `exports["./sub"].import`. */
  readonly field: string;
  readonly target: string;
  /** `fallback`: the file is missing, but Node takes `index.js` instead. `outside`: leads out of the folder. */
  readonly state: "found" | "missing" | "fallback" | "outside";
  /** Its folder is missing altogether and a script seems to build it. */
  readonly isBuilt: boolean;
}

const MAX_ENTRY_POINTS = 100;
const FIELDS: readonly string[] = ["main", "module", "types", "typings"];
const BUILD_SCRIPT = /^(build|compile|prepare|prepack|prepublishOnly|bundle|dist|generate)(:|$)/;

/** Every entry point `manifest` names, at most 100, and whether it is there. */
export async function entryPointsOf(
  manifest: Manifest,
  files: ProjectFiles,
): Promise<readonly EntryPoint[]> {
  const named = [
    ...FIELDS.flatMap((field) => targetsOf(field, manifest.raw[field])),
    ...targetsOf("bin", manifest.raw["bin"]),
    ...targetsOf("exports", manifest.raw["exports"]),
  ].slice(0, MAX_ENTRY_POINTS);
  const points: EntryPoint[] = [];
  for (const { field, target } of named) {
    points.push({ field, target, ...(await stateOf(manifest, files, field, target)) });
  }
  return points;
}

/** What is wrong with the entry points of `manifest`. */
export function entryPointFindings(
  points: readonly EntryPoint[],
  manifest: Manifest | undefined,
): readonly Finding[] {
  if (manifest === undefined) return [];
  return points.flatMap((point) => {
    const finding = findingOf(point, manifest.path);
    return finding === null ? [] : [finding];
  });
}

function findingOf(point: EntryPoint, file: string): Finding | null {
  const base = { category: "manifest", file, line: null, confidence: "high" } as const;
  const title = `${point.field} names a file that is not there: ${point.target}`;
  if (point.state === "found") return null;
  if (point.state === "outside") {
    return {
      ...base,
      severity: "medium",
      title: `${point.field} leads out of the package: ${point.target}`,
      detail: "a package can only offer files of its own folder",
    };
  }
  if (point.isBuilt) {
    return {
      ...base,
      severity: "info",
      confidence: "medium",
      title,
      detail: "its whole folder is missing and a script seems to build it; it was not built here",
    };
  }
  if (point.state === "fallback") {
    return {
      ...base,
      severity: "medium",
      title,
      detail: "Node falls back to index.js with a deprecation warning; other tools fail",
    };
  }
  return {
    ...base,
    severity: "high",
    title,
    detail: "whoever loads this entry point gets an error",
  };
}

interface Named {
  readonly field: string;
  readonly target: string;
}

/** Walks strings, condition objects and arrays of `bin` and `exports`. */
function targetsOf(field: string, value: unknown): readonly Named[] {
  if (typeof value === "string") return value === "" ? [] : [{ field, target: value }];
  if (Array.isArray(value)) return value.flatMap((item) => targetsOf(field, item));
  return Object.entries(recordOf(value) ?? {}).flatMap(([key, item]) =>
    targetsOf(/^[\w$]+$/.test(key) ? `${field}.${key}` : `${field}["${key}"]`, item),
  );
}

async function stateOf(
  manifest: Manifest,
  files: ProjectFiles,
  field: string,
  target: string,
): Promise<Pick<EntryPoint, "state" | "isBuilt">> {
  const path = joinPath(manifest.folder, target);
  if (path === null) return { state: "outside", isBuilt: false };
  if (await isThere(files, field, path)) return { state: "found", isBuilt: false };
  const top = path.split("/")[0] ?? "";
  const isBuilt =
    path.includes("/") &&
    !(await files.exists(top)) &&
    Object.keys(manifest.scripts).some((name) => BUILD_SCRIPT.test(name));
  const fallsBack = field === "main" && files.has(joinPath(manifest.folder, "index.js") ?? "");
  return { state: fallsBack ? "fallback" : "missing", isBuilt };
}

async function isThere(files: ProjectFiles, field: string, path: string): Promise<boolean> {
  if (path === "") return true;
  if (path.includes("*")) return matchesPattern(files, path);
  if (field !== "main") return await files.exists(path);
  // `main` is resolved as require does: the file, with an extension, or a folder with an index.
  const candidates = [path, `${path}.js`, `${path}.json`, `${path}.node`, `${path}/index.js`];
  if (candidates.some((candidate) => files.has(candidate))) return true;
  // Not listed, yet there: in a folder the listing skips.
  return !hasFilesBelow(files, path) && (await files.exists(path));
}

function hasFilesBelow(files: ProjectFiles, folder: string): boolean {
  return files.listing.files.some((file) => file.path.startsWith(`${folder}/`));
}

/** `lib/*.js`: true if any listed file fits; the `*` stands for any text, `/` included. */
function matchesPattern(files: ProjectFiles, pattern: string): boolean {
  const [before = "", after = ""] = pattern.split("*");
  return files.listing.files.some(
    ({ path }) =>
      path.length >= before.length + after.length &&
      path.startsWith(before) &&
      path.endsWith(after),
  );
}
