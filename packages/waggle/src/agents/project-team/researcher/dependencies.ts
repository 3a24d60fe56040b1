import { compareFindings, compareText } from "../finding.ts";
import {
  DEPENDENCY_SORTS,
  type DependencySort,
  governing,
  isInstalledWithRoot,
  type Manifest,
  readable,
  readManifests,
} from "../folder/manifest.ts";
import { describeUnread, type ProjectFiles } from "../folder/project-files.ts";
import { typesPackage } from "../source/module-name.ts";
import { dependencyFindings } from "./dependency-findings.ts";
import type {
  DeclaredDependency,
  DependencyReport,
  ShippedDevDependency,
  UndeclaredPackage,
} from "./dependency-report.ts";
import { entryPointsOf } from "./entry-points.ts";
import { type ImportSurvey, type PackageUse, surveyImports } from "./import-survey.ts";
import { reachableFiles } from "./reachable-files.ts";
import { packagesInUse } from "./tool-use.ts";

const MAX_DECLARED = 500;
const MAX_UNDECLARED = 100;

/** Compares what the package.json files declare with what scripts take in and with what is installed. */
export async function analyseDependencies(files: ProjectFiles): Promise<DependencyReport> {
  const readings = await readManifests(files);
  const manifests = readable(readings);
  const survey = await surveyImports(files);
  const declared = await declaredDependencies(manifests, survey, files);
  const hasBroken = readings.length > manifests.length;
  const undeclared = hasBroken ? [] : await undeclaredPackages(manifests, survey, files);
  const report: Omit<DependencyReport, "findings"> = {
    kind: "dependencies",
    manifests: manifests.slice(0, 50).map(({ path, name, dependencies }) => ({
      path,
      name,
      counts: {
        dependencies: Object.keys(dependencies.dependencies).length,
        devDependencies: Object.keys(dependencies.devDependencies).length,
        peerDependencies: Object.keys(dependencies.peerDependencies).length,
        optionalDependencies: Object.keys(dependencies.optionalDependencies).length,
      },
    })),
    declared: declared.slice(0, MAX_DECLARED),
    undeclared: undeclared.slice(0, MAX_UNDECLARED),
    shippedDev: await shippedDevDependencies(manifests, survey, files),
    builtins: survey.builtins,
    hasModules: await files.exists("node_modules"),
    scriptsRead: survey.scriptsRead,
    notDone: [
      ...describeUnread(survey.unread, "searched for imports"),
      ...(hasBroken
        ? ["undeclared packages were not looked for, because a package.json is broken"]
        : []),
      ...(manifests.length === 0 && !hasBroken
        ? ["there is no package.json, so nothing is declared"]
        : []),
      ...(survey.computed > 0
        ? [
            `${survey.computed} imports or requires have a computed name; what they load is not known`,
          ]
        : []),
      ...(declared.length > MAX_DECLARED
        ? [`only ${MAX_DECLARED} of ${declared.length} declared dependencies are listed`]
        : []),
    ],
  };
  return { ...report, findings: dependencyFindings(report).toSorted(compareFindings) };
}

async function declaredDependencies(
  manifests: readonly Manifest[],
  survey: ImportSurvey,
  files: ProjectFiles,
): Promise<readonly DeclaredDependency[]> {
  const root = manifests.find((manifest) => manifest.folder === "");
  const declared: DeclaredDependency[] = [];
  for (const manifest of manifests) {
    const withRoot = isInstalledWithRoot(manifest, root);
    for (const { name, range, sort } of dependenciesOf(manifest)) {
      const importedBy = rolesImporting(survey, name);
      declared.push({
        name,
        range,
        sort,
        manifest: manifest.path,
        isInstalled: withRoot ? await isInstalled(files, manifest.folder, name) : null,
        use: importedBy.length > 0 ? "imported" : "nowhere",
        importedBy,
      });
    }
  }
  const inUse = await packagesInUse(declared, manifests, survey, files);
  return declared.map((item) =>
    item.use === "imported" ? item : { ...item, use: inUse.get(item.name) ?? "nowhere" },
  );
}

function dependenciesOf(
  manifest: Manifest,
): readonly { readonly name: string; readonly range: string; readonly sort: DependencySort }[] {
  const seen = new Set<string>();
  const found = DEPENDENCY_SORTS.flatMap((sort) =>
    Object.entries(manifest.dependencies[sort]).flatMap(([name, range]) => {
      if (seen.has(name)) return [];
      seen.add(name);
      return [{ name, range, sort }];
    }),
  );
  return found.sort((a, b) => compareText(a.name, b.name));
}

function rolesImporting(survey: ImportSurvey, name: string): readonly string[] {
  const roles = survey.uses.filter((use) => use.name === name).map((use) => use.role);
  // A package may bear the name of a builtin (`events`, `buffer`); an import of it then counts for the package.
  if (roles.length === 0 && survey.builtins.includes(name)) return ["source"];
  return [...new Set(roles)].sort();
}

async function isInstalled(files: ProjectFiles, folder: string, name: string): Promise<boolean> {
  const below = `node_modules/${name}/package.json`;
  if (folder !== "" && (await files.exists(`${folder}/${below}`))) return true;
  return await files.exists(below);
}

async function undeclaredPackages(
  manifests: readonly Manifest[],
  survey: ImportSurvey,
  files: ProjectFiles,
): Promise<readonly UndeclaredPackage[]> {
  const own = new Set(manifests.flatMap((manifest) => manifest.name ?? []));
  const missing = survey.uses.filter(
    (use) =>
      use.role !== "fixture" &&
      use.role !== "generated" &&
      !own.has(use.name) &&
      !survey.ambient.has(use.name) &&
      !isDeclaredFor(use, governing(manifests, use.file)) &&
      !survey.isAlias(use.name),
  );
  const names = [...new Set(missing.map((use) => use.name))].sort();
  const found: UndeclaredPackage[] = [];
  for (const name of names) {
    const uses = missing.filter((use) => use.name === name).toSorted(compareUses);
    const [first] = uses;
    if (first === undefined) continue;
    found.push({
      name,
      file: first.file,
      line: first.line,
      role: first.role,
      uses: uses.length,
      isOptional: uses.every((use) => use.guarded || use.typeOnly),
      isInstalled: await isInstalled(files, "", name),
    });
  }
  return found;
}

const ROLE_ORDER: readonly PackageUse["role"][] = [
  "source",
  "test",
  "tooling",
  "fixture",
  "generated",
];

function compareUses(a: PackageUse, b: PackageUse): number {
  return (
    ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) ||
    compareText(a.file, b.file) ||
    a.line - b.line
  );
}

function isDeclaredFor(use: PackageUse, manifests: readonly Manifest[]): boolean {
  // Without any package.json above it nothing can be declared, so nothing is missing.
  if (manifests.length === 0) return true;
  return manifests.some((manifest) => {
    const declares = (name: string): boolean =>
      DEPENDENCY_SORTS.some((sort) => Object.hasOwn(manifest.dependencies[sort], name));
    const elsewhere = ["browser", "alias", "_moduleAliases", "jest"].some((field) =>
      JSON.stringify(manifest.raw[field] ?? null).includes(use.name),
    );
    return declares(use.name) || (use.typeOnly && declares(typesPackage(use.name))) || elsewhere;
  });
}

/** Bundlers copy what they find into the output, so the sort of a dependency means nothing to them. */
const BUNDLERS: readonly string[] =
  "vite webpack rollup rolldown esbuild tsup tsdown parcel next nuxt @sveltejs/kit astro rspack @rspack/core react-scripts @vercel/ncc bun unbuild".split(
    " ",
  );

async function shippedDevDependencies(
  manifests: readonly Manifest[],
  survey: ImportSurvey,
  files: ProjectFiles,
): Promise<readonly ShippedDevDependency[]> {
  const root = manifests.find((manifest) => manifest.folder === "");
  if (root === undefined) return [];
  const { devDependencies, ...shipped } = root.dependencies;
  if (BUNDLERS.some((name) => Object.hasOwn(devDependencies, name))) return [];
  const entries = (await entryPointsOf(root, files)).map((point) => point.target);
  const reachable = reachableFiles([...entries, "index.js"], survey.relative, files);
  const found = new Map<string, ShippedDevDependency>();
  for (const { name, file, line, typeOnly, guarded, role } of survey.uses) {
    if (typeOnly || guarded || role !== "source" || found.has(name)) continue;
    if (file.endsWith(".d.ts") || !reachable.has(file)) continue;
    const isShipped = Object.values(shipped).some((names) => Object.hasOwn(names, name));
    if (Object.hasOwn(devDependencies, name) && !isShipped) found.set(name, { name, file, line });
  }
  return [...found.values()].sort((a, b) => compareText(a.name, b.name));
}
