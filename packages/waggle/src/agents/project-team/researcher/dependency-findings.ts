import { counted, type Finding, listed, type Severity } from "../finding.ts";
import type {
  DeclaredDependency,
  DependencyReport,
  UndeclaredPackage,
} from "./dependency-report.ts";

/** What is wrong with the dependencies that `report` tells of. */
export function dependencyFindings(report: Omit<DependencyReport, "findings">): readonly Finding[] {
  return [
    ...report.undeclared.map((item) => undeclaredFinding(item)),
    ...report.declared
      .filter((item) => item.use === "nowhere" && item.sort !== "peerDependencies")
      .map((item) => unusedFinding(item, report.hasModules)),
    ...report.shippedDev.map(
      ({ name, file, line }): Finding => ({
        severity: "high",
        category: "dependencies",
        title: `shipped code loads '${name}', which is declared for development only`,
        detail: "whoever installs the package without development dependencies gets an error",
        file,
        line,
        confidence: "high",
      }),
    ),
    ...notInstalledFindings(report),
  ];
}

const UNDECLARED_SEVERITY: Readonly<Record<UndeclaredPackage["role"], Severity>> = {
  source: "high",
  test: "medium",
  tooling: "low",
  fixture: "info",
  generated: "info",
};

const PLACES: Readonly<Record<UndeclaredPackage["role"], string>> = {
  source: "source code",
  test: "tests",
  tooling: "scripts, examples or configuration",
  fixture: "fixtures",
  generated: "generated files",
};

function undeclaredFinding(item: UndeclaredPackage): Finding {
  const installed = item.isInstalled
    ? "it is installed only because something else brings it"
    : "it is not installed either";
  return {
    severity: item.isOptional ? "low" : UNDECLARED_SEVERITY[item.role],
    category: "dependencies",
    title: `'${item.name}' is used but not declared`,
    detail: item.isOptional
      ? `no package.json above the file declares it, though every use expects that it may be missing or takes types only; ${installed}`
      : `${PLACES[item.role]} takes it in at ${counted(item.uses, "place")}, and no package.json above the file declares it; ${installed}`,
    file: item.file,
    line: item.line,
    confidence: "high",
  };
}

function unusedFinding(item: DeclaredDependency, hasModules: boolean): Finding {
  const isDev = item.sort === "devDependencies";
  const surely = hasModules || !isDev;
  return {
    severity: isDev ? "low" : "medium",
    category: "dependencies",
    title: `'${item.name}' is declared but not used`,
    detail: `it stands in ${item.sort}, and no script, configuration or code names it${
      surely
        ? ""
        : "; whether another tool needs it beside itself is not known before it is installed"
    }`,
    file: item.manifest,
    line: null,
    confidence: isDev ? (hasModules ? "medium" : "low") : "medium",
  };
}

function notInstalledFindings(report: Omit<DependencyReport, "findings">): readonly Finding[] {
  const needed = report.declared.filter(
    (item) =>
      item.isInstalled !== null &&
      (item.sort === "dependencies" || item.sort === "devDependencies"),
  );
  const names = [...new Set(needed.filter((item) => !item.isInstalled).map((item) => item.name))];
  if (names.length === 0) return [];
  const all = new Set(needed.map((item) => item.name)).size;
  return [
    {
      // Nothing installed is the state of a fresh checkout; a part of it is an installation gone wrong.
      severity: report.hasModules ? "medium" : "info",
      category: "dependencies",
      title: `${names.length} of ${counted(all, "declared dependency", "declared dependencies")} ${names.length === 1 ? "is" : "are"} not installed`,
      detail: listed(names, 20),
      file: null,
      line: null,
      confidence: "high",
    },
  ];
}
