import { findJsonFault } from "./json-fault.ts";
import type { ProjectFiles } from "./project-files.ts";
import { folderOf, isBelow, nameOf } from "./relative-path.ts";

/** The sorts of dependencies a package.json declares. */
export type DependencySort =
  | "dependencies"
  | "devDependencies"
  | "peerDependencies"
  | "optionalDependencies";

/** All sorts, in the order of their weight: the first that names a package is its sort. */
export const DEPENDENCY_SORTS: readonly DependencySort[] = [
  "dependencies",
  "optionalDependencies",
  "peerDependencies",
  "devDependencies",
];

/** A package.json that was read. Fields of a wrong type are taken as missing. */
export interface Manifest {
  /** Where it is, relative to the root. */
  readonly path: string;
  readonly folder: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly isPrivate: boolean;
  readonly license: string | null;
  readonly moduleType: "module" | "commonjs";
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  /** Patterns of the folders of its workspaces. */
  readonly workspaces: readonly string[];
  /** Name to version range, by sort. */
  readonly dependencies: Readonly<Record<DependencySort, Readonly<Record<string, string>>>>;
  /** The whole object. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** What became of reading one package.json. */
export type ManifestReading =
  | { readonly type: "read"; readonly manifest: Manifest }
  /** Not JSON, or no object. */
  | {
      readonly type: "broken";
      readonly path: string;
      readonly reason: string;
      readonly line: number | null;
    }
  /** Exists, but its text could not be had. */
  | { readonly type: "unreadable"; readonly path: string };

/** Manifests that one analysis reads at most. */
const MAX_MANIFESTS = 500;

/** Reads every package.json below the root, the root's first, then by path; at most 500. */
export async function readManifests(files: ProjectFiles): Promise<readonly ManifestReading[]> {
  const paths = files.listing.files
    .map((file) => file.path)
    .filter((path) => nameOf(path) === "package.json")
    .sort((a, b) => Number(a.includes("/")) - Number(b.includes("/")))
    .slice(0, MAX_MANIFESTS);
  const readings: ManifestReading[] = [];
  for (const path of paths) {
    const text = await files.text(path);
    readings.push(text === null ? { type: "unreadable", path } : parseManifest(path, text));
  }
  return readings;
}

/** The manifests among `readings` that could be read. */
export function readable(readings: readonly ManifestReading[]): readonly Manifest[] {
  return readings.flatMap((reading) => (reading.type === "read" ? [reading.manifest] : []));
}

/** Reads the text of a package.json. */
export function parseManifest(path: string, text: string): ManifestReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const fault = findJsonFault(text);
    const reason = fault?.reason ?? (error instanceof Error ? error.message : String(error));
    return { type: "broken", path, reason, line: fault?.line ?? null };
  }
  const raw = recordOf(value);
  if (raw === null) {
    return { type: "broken", path, reason: "it holds no object", line: 1 };
  }
  return { type: "read", manifest: manifestOf(path, raw) };
}

function manifestOf(path: string, raw: Readonly<Record<string, unknown>>): Manifest {
  const license = raw["license"];
  const workspaces = recordOf(raw["workspaces"])?.["packages"] ?? raw["workspaces"];
  return {
    path,
    folder: folderOf(path),
    name: stringOf(raw["name"]),
    version: stringOf(raw["version"]),
    isPrivate: raw["private"] === true,
    license: stringOf(license) ?? stringOf(recordOf(license)?.["type"]),
    moduleType: raw["type"] === "module" ? "module" : "commonjs",
    engines: stringsOf(raw["engines"]),
    scripts: stringsOf(raw["scripts"]),
    workspaces: Array.isArray(workspaces)
      ? workspaces.filter((item) => typeof item === "string")
      : [],
    dependencies: {
      dependencies: stringsOf(raw["dependencies"]),
      devDependencies: stringsOf(raw["devDependencies"]),
      peerDependencies: stringsOf(raw["peerDependencies"]),
      optionalDependencies: stringsOf(raw["optionalDependencies"]),
    },
    raw,
  };
}

/** The manifests that govern `path`, nearest first: those in its folder and in the folders above it. */
export function governing(manifests: readonly Manifest[], path: string): readonly Manifest[] {
  return manifests
    .filter((manifest) => isBelow(path, manifest.folder))
    .toSorted((a, b) => b.folder.length - a.folder.length);
}

/** True if `manifest` is the root's or that of one of the root's workspaces: what one installation installs. */
export function isInstalledWithRoot(manifest: Manifest, root: Manifest | undefined): boolean {
  if (manifest.folder === "") return true;
  return (root?.workspaces ?? []).some((pattern) => matchesFolder(pattern, manifest.folder));
}

/** Matches a workspace pattern: `*` within one part of the path, `**` over parts; `!` patterns match nothing. */
function matchesFolder(pattern: string, folder: string): boolean {
  const cleaned = pattern.replace(/^\.\//, "").replace(/\/+$/, "");
  if (cleaned.startsWith("!")) return false;
  const source = cleaned
    .split("/")
    .map((part) =>
      part === "**"
        ? "(?:[^/]+/)*"
        : `${part.replace(/[.+^$|()[\]{}\\?]/g, "\\$&").replaceAll("*", "[^/]*")}/`,
    )
    .join("");
  return new RegExp(`^${source}$`).test(`${folder}/`);
}

/** `value` as an object with string keys; null for arrays and everything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Readonly<Record<string, unknown>>;
}

function stringOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(recordOf(value) ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
