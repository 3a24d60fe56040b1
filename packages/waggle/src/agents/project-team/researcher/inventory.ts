import { compareFindings, type Finding, listed } from "../finding.ts";
import { isLockFile, isMinified, isTestFile, roleOf } from "../folder/file-role.ts";
import {
  type Manifest,
  type ManifestReading,
  readable,
  readManifests,
} from "../folder/manifest.ts";
import { describeUnread, type ProjectFiles, type SourceText } from "../folder/project-files.ts";
import { type ProjectKind, projectKinds } from "../folder/project-kind.ts";
import { countLines } from "../folder/text-position.ts";
import { languageOf } from "../source/languages.ts";
import { type EntryPoint, entryPointFindings, entryPointsOf } from "./entry-points.ts";
import {
  conflictFinding,
  emptyTestFinding,
  fileFindings,
  privateKeyFinding,
} from "./file-checks.ts";
import { manifestFindings } from "./manifest-checks.ts";

/** Files, lines and bytes of one language. */
interface LanguageShare {
  readonly name: string;
  readonly files: number;
  /** Of the files that were read. */
  readonly lines: number;
  readonly sizeBytes: number;
}

/** What the root's package.json says. */
interface ManifestFacts {
  readonly name: string | null;
  readonly version: string | null;
  readonly isPrivate: boolean;
  readonly license: string | null;
  readonly moduleType: "module" | "commonjs";
  readonly engines: Readonly<Record<string, string>>;
  /** Names of its scripts. */
  readonly scripts: readonly string[];
  /** Number of package.json files of its workspaces and other folders. */
  readonly otherManifests: number;
}

/** What {@link takeInventory} saw. */
export interface Inventory {
  readonly kind: "inventory";
  readonly projectKinds: readonly ProjectKind[];
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** Lines of the files that were read as text; lock files are not. */
  readonly lines: number;
  /** Without lock files. By number of lines, then name. */
  readonly languages: readonly LanguageShare[];
  readonly manifest: ManifestFacts | null;
  readonly entryPoints: readonly EntryPoint[];
  readonly testFileCount: number;
  /** The first 50 test files by path. */
  readonly testFiles: readonly string[];
  /** The ten largest files. */
  readonly largest: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly skippedFolders: readonly string[];
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  readonly findings: readonly Finding[];
  /** What was left out and why, in sentences. */
  readonly notDone: readonly string[];
}

const MAX_LISTED = 50;
const MAX_FINDINGS = 200;

/** Looks at the whole folder: what there is, what its manifest says, and what is plainly wrong with it. */
export async function takeInventory(files: ProjectFiles): Promise<Inventory> {
  const { listing } = files;
  const survey = new Survey();
  const unread = await files.each(
    ({ path }) => (languageOf(path) !== null && !isLockFile(path)) || isKeyFile(path),
    (source) => survey.add(source),
  );
  const readings = await readManifests(files);
  const root = rootManifest(readings);
  const entryPoints = root === undefined ? [] : await entryPointsOf(root, files);
  const findings = [
    ...survey.findings,
    ...(await manifestFindings(readings, files)),
    ...entryPointFindings(entryPoints, root),
    ...(await fileFindings(files)),
  ].toSorted(compareFindings);
  const testFiles = listing.files.map((file) => file.path).filter(isTestFile);
  return {
    kind: "inventory",
    projectKinds: projectKinds(listing.files),
    fileCount: listing.files.length,
    sizeBytes: listing.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    lines: survey.lines,
    languages: languageShares(files, survey),
    manifest: root === undefined ? null : factsOf(root, readings.length - 1),
    entryPoints,
    testFileCount: testFiles.length,
    testFiles: testFiles.slice(0, MAX_LISTED),
    largest: largestOf(files),
    skippedFolders: listing.skippedFolders.slice(0, MAX_LISTED),
    unreadable: listing.unreadable.slice(0, MAX_LISTED),
    findings: findings.slice(0, MAX_FINDINGS),
    notDone: notDone(files, findings.length, describeUnread(unread, "read")),
  };
}

/** What reading the files one by one brings together. */
class Survey {
  lines = 0;
  readonly findings: Finding[] = [];
  readonly linesByLanguage: Map<string, number> = new Map();

  add(source: SourceText): void {
    const name = languageOf(source.path)?.name;
    const lines = countLines(source.text);
    if (name !== undefined) {
      this.lines += lines;
      this.linesByLanguage.set(name, (this.linesByLanguage.get(name) ?? 0) + lines);
    }
    if (isMinified(source.path)) return;
    for (const check of [conflictFinding, emptyTestFinding, privateKeyFinding]) {
      const finding = check(source);
      if (finding !== null) this.findings.push(finding);
    }
  }
}

function isKeyFile(path: string): boolean {
  return /\.(pem|key)$|(^|\/)id_(rsa|ed25519|ecdsa|dsa)$/.test(path) && roleOf(path) !== "fixture";
}

function rootManifest(readings: readonly ManifestReading[]): Manifest | undefined {
  return readable(readings).find((manifest) => manifest.folder === "");
}

function factsOf(manifest: Manifest, otherManifests: number): ManifestFacts {
  return {
    name: manifest.name,
    version: manifest.version,
    isPrivate: manifest.isPrivate,
    license: manifest.license,
    moduleType: manifest.moduleType,
    engines: manifest.engines,
    scripts: Object.keys(manifest.scripts).slice(0, MAX_LISTED),
    otherManifests,
  };
}

function languageShares(files: ProjectFiles, survey: Survey): readonly LanguageShare[] {
  const shares = new Map<string, LanguageShare>();
  for (const { path, sizeBytes } of files.listing.files) {
    const name = languageOf(path)?.name;
    if (name === undefined || isLockFile(path)) continue;
    const share = shares.get(name) ?? {
      name,
      files: 0,
      lines: survey.linesByLanguage.get(name) ?? 0,
      sizeBytes: 0,
    };
    shares.set(name, {
      ...share,
      files: share.files + 1,
      sizeBytes: share.sizeBytes + sizeBytes,
    });
  }
  return [...shares.values()].sort((a, b) => b.lines - a.lines || (a.name < b.name ? -1 : 1));
}

function largestOf(files: ProjectFiles): Inventory["largest"] {
  return files.listing.files
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.path < b.path ? -1 : 1))
    .slice(0, 10)
    .map(({ path, sizeBytes }) => ({ path, sizeBytes }));
}

function notDone(
  { listing }: ProjectFiles,
  findings: number,
  unread: readonly string[],
): readonly string[] {
  const notes = [...unread];
  if (listing.truncated) {
    notes.push(
      `the folder holds more than ${listing.files.length} files; the rest was not looked at`,
    );
  }
  if (listing.skippedFolders.length > 0) {
    notes.push(`these folders were left out on purpose: ${listed(listing.skippedFolders)}`);
  }
  if (findings > MAX_FINDINGS) {
    notes.push(`${findings - MAX_FINDINGS} more findings of the inventory are not listed`);
  }
  return notes;
}
