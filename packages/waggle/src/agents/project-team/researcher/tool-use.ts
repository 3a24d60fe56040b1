import { isScript } from "../folder/file-role.ts";
import { type Manifest, recordOf } from "../folder/manifest.ts";
import type { ProjectFiles } from "../folder/project-files.ts";
import { extensionOf } from "../folder/relative-path.ts";
import type { ImportSurvey } from "./import-survey.ts";

/** Commands whose package has another name. */
const COMMANDS: Readonly<Record<string, string>> = {
  tsc: "typescript",
  ng: "@angular/cli",
  biome: "@biomejs/biome",
  "run-s": "npm-run-all",
  "run-p": "npm-run-all",
  "ts-node-esm": "ts-node",
  swc: "@swc/cli",
  babel: "@babel/cli",
  changeset: "@changesets/cli",
  commitlint: "@commitlint/cli",
  playwright: "@playwright/test",
  lerna: "lerna",
  wdio: "@wdio/cli",
  jsr: "jsr",
  c8: "c8",
  nyc: "nyc",
};

/** Fields of package.json that declare packages rather than use them. */
const DECLARING: ReadonlySet<string> = new Set([
  "dependencies",
  "devDependencies",
  "peerDependencies",
  "optionalDependencies",
  "peerDependenciesMeta",
  "bundledDependencies",
  "bundleDependencies",
  "name",
  "description",
  "keywords",
]);

interface Candidate {
  readonly name: string;
  readonly use: string;
  readonly isInstalled: boolean | null;
}

/**
 * How the declared packages that no script imports are in use all the same. Errs on the side of "in use": a name
 * counts wherever it stands as a whole word in configuration, scripts or code.
 * @returns Name -> how; a name that is missing is used nowhere.
 */
export async function packagesInUse(
  declared: readonly Candidate[],
  manifests: readonly Manifest[],
  survey: ImportSurvey,
  files: ProjectFiles,
): Promise<ReadonlyMap<string, "mentioned" | "implied">> {
  const inUse = new Map<string, "mentioned" | "implied">();
  const fields = manifests.map(usingText).join("\n");
  const peers = await installedPeers(declared, files);
  for (const { name, use } of declared) {
    if (use === "imported") continue;
    if (wordsFor(name).some((word) => containsWord(fields, word) || survey.mentions(word))) {
      inUse.set(name, "mentioned");
    } else if (isImplied(name, files) || peers.has(name)) inUse.set(name, "implied");
    else if (await hasMentionedCommand(name, fields, survey, files)) inUse.set(name, "mentioned");
  }
  return inUse;
}

/** The package that brings `command`, by its name or by a table of well-known ones. */
export function packageOfCommand(command: string): string {
  return Object.hasOwn(COMMANDS, command) ? (COMMANDS[command] ?? command) : command;
}

/** The words by which configuration names a package: its name, its command, its short name as a plugin. */
function wordsFor(name: string): readonly string[] {
  const commands = Object.entries(COMMANDS).flatMap(([command, owner]) =>
    owner === name ? [command] : [],
  );
  const plugin =
    /^(@[^/]+\/)?(?:eslint|babel|prettier|stylelint|remark|rehype|postcss|karma|grunt|gulp)-(?:plugin|config|preset)?-?(.*)$/.exec(
      name,
    );
  const scope = plugin?.[1] ?? "";
  const short = plugin?.[2] ?? "";
  return [
    name,
    `${name}rc`,
    ...commands,
    ...(plugin === null ? [] : [`${scope}${short}`.replace(/\/$/, "")]),
  ].filter((word) => word !== "");
}

function usingText(manifest: Manifest): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(manifest.raw).filter(([field]) => !DECLARING.has(field))),
  );
}

function containsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const around = `${text[at - 1] ?? " "}${text[at + word.length] ?? " "}`;
    if (!/\w/.test(around)) return true;
  }
  return false;
}

/** Types, the compiler where there is something to compile, and what only changes how others behave. */
function isImplied(name: string, files: ProjectFiles): boolean {
  if (name.startsWith("@types/") || name === "node") return true;
  const hasTypeScript = files.listing.files.some(
    ({ path }) => isScript(path) && /^\.[cm]?tsx?$/.test(extensionOf(path)),
  );
  return hasTypeScript && (name === "typescript" || name === "tslib");
}

/** Packages that an installed package of ours needs beside it. */
async function installedPeers(
  declared: readonly Candidate[],
  files: ProjectFiles,
): Promise<ReadonlySet<string>> {
  const peers = new Set<string>();
  for (const { name, isInstalled } of declared) {
    if (isInstalled !== true) continue;
    const manifest = await installedManifest(name, files);
    for (const peer of Object.keys(recordOf(manifest?.["peerDependencies"]) ?? {})) peers.add(peer);
  }
  return peers;
}

async function hasMentionedCommand(
  name: string,
  fields: string,
  survey: ImportSurvey,
  files: ProjectFiles,
): Promise<boolean> {
  const bin = (await installedManifest(name, files))?.["bin"];
  const commands = typeof bin === "string" ? [] : Object.keys(recordOf(bin) ?? {});
  return commands.some((command) => containsWord(fields, command) || survey.mentions(command));
}

async function installedManifest(
  name: string,
  files: ProjectFiles,
): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await files.text(`node_modules/${name}/package.json`);
  if (text === null) return null;
  try {
    return recordOf(JSON.parse(text));
  } catch {
    // A broken package in node_modules tells nothing about what it needs.
    return null;
  }
}
