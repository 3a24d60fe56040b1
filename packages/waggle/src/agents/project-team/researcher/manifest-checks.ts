import type { Finding } from "../finding.ts";
import { NODE_LOCK_FILES, roleOf } from "../folder/file-role.ts";
import { type Manifest, type ManifestReading, readable } from "../folder/manifest.ts";
import type { ProjectFiles } from "../folder/project-files.ts";
import { joinPath } from "../folder/relative-path.ts";

/** Manifests that cannot be read, and what the root's leaves out or names in vain. */
export async function manifestFindings(
  readings: readonly ManifestReading[],
  files: ProjectFiles,
): Promise<readonly Finding[]> {
  const root = readable(readings).find((manifest) => manifest.folder === "");
  return [
    ...readings.flatMap(brokenFinding),
    ...(files.listing.files.length === 0 ? [] : readmeFinding(files)),
    ...(root === undefined ? [] : housekeeping(root, files)),
    ...(root === undefined ? [] : await scriptFindings(root, files)),
  ];
}

function brokenFinding(reading: ManifestReading): readonly Finding[] {
  if (reading.type === "read" || roleOf(reading.path) === "fixture") return [];
  const isRoot = reading.path === "package.json";
  if (reading.type === "unreadable") {
    return [
      {
        severity: isRoot ? "high" : "medium",
        category: "manifest",
        title: `${reading.path} could not be read as text`,
        detail: "nothing of what it says is known",
        file: reading.path,
        line: null,
        confidence: "high",
      },
    ];
  }
  return [
    {
      severity: isRoot ? "high" : "medium",
      category: "syntax",
      title: `${reading.path} is not valid JSON`,
      detail: `${reading.reason}; npm and Node refuse to read it`,
      file: reading.path,
      line: reading.line,
      confidence: "high",
    },
  ];
}

function atRoot(files: ProjectFiles, pattern: RegExp): boolean {
  return files.listing.files.some((file) => pattern.test(file.path));
}

function note(title: string, detail: string, severity: "low" | "info"): Finding {
  return {
    severity,
    category: "housekeeping",
    title,
    detail,
    file: null,
    line: null,
    confidence: "high",
  };
}

function readmeFinding(files: ProjectFiles): readonly Finding[] {
  if (atRoot(files, /^readme(\.[a-z]+)?$/i)) return [];
  return [note("no README", "nothing at the root tells a newcomer what this is", "low")];
}

function housekeeping(root: Manifest, files: ProjectFiles): readonly Finding[] {
  const findings: Finding[] = [];
  const hasLicence =
    root.license !== null || atRoot(files, /^(licen[cs]e|copying|unlicense)([.-].*)?$/i);
  if (!hasLicence && !root.isPrivate) {
    findings.push(note("no licence", "neither package.json nor a file names one", "low"));
  }
  const declares = ["dependencies", "devDependencies", "optionalDependencies"] as const;
  const hasDependencies = declares.some((sort) => Object.keys(root.dependencies[sort]).length > 0);
  if (hasDependencies && !NODE_LOCK_FILES.some((name) => files.has(name))) {
    findings.push(
      note(
        "no lock file",
        "two installations can bring different versions (published packages leave it out on purpose)",
        "info",
      ),
    );
  }
  if (root.engines["node"] === undefined) {
    findings.push(
      note("engines is not set", "package.json does not say which Node versions it needs", "info"),
    );
  }
  return findings;
}

const SCRIPT_FILE = /^node\s+(?:--?[\w-]+(?:=\S+)?\s+)*([\w./-]+\.[cm]?[jt]s)(?=\s|$)/;

/** Scripts of the form `node path/file.js` whose file is missing and not in a folder that is built. */
async function scriptFindings(root: Manifest, files: ProjectFiles): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, script] of Object.entries(root.scripts)) {
    for (const target of targetsOf(script)) {
      if (await mayBeThere(files, target)) continue;
      findings.push({
        severity: "medium",
        category: "manifest",
        title: `script '${name}' runs a file that is not there: ${target}`,
        detail: `the script is: ${script}`,
        file: root.path,
        line: null,
        confidence: "high",
      });
    }
  }
  return findings;
}

function targetsOf(script: string): readonly string[] {
  // After `cd` paths mean something else.
  if (/(^|[\s;&|])cd\s/.test(script)) return [];
  return script
    .split(/&&|\|\||;|\|/)
    .flatMap((command) => SCRIPT_FILE.exec(command.trim())?.[1] ?? []);
}

async function mayBeThere(files: ProjectFiles, target: string): Promise<boolean> {
  const path = joinPath("", target);
  if (path === null || path === "" || (await files.exists(path))) return true;
  return roleOf(path) === "generated" || (await builtElsewhere(files, path));
}

async function builtElsewhere(files: ProjectFiles, path: string): Promise<boolean> {
  const top = path.split("/")[0] ?? "";
  return (
    path.includes("/") && /^(build|lib|esm|cjs|target)$/.test(top) && !(await files.exists(top))
  );
}
