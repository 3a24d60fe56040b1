import type { DependencyReport } from "../researcher/dependency-report.ts";
import { packageOfCommand } from "../researcher/tool-use.ts";

/**
 * The declared packages that are not installed and that the tests need: source or tests import them, or the
 * commands of the test script name them. Sorted. Those that only benchmarks, examples or other scripts need don't
 * keep tests from running.
 */
export function missingForTests(
  report: DependencyReport,
  chain: readonly string[],
): readonly string[] {
  const words = new Set(
    chain
      .flatMap((command) => command.split(/[\s"'=]+/))
      .flatMap((word) => [word, packageOfCommand(word)]),
  );
  const missing = report.declared.filter(
    (item) =>
      item.isInstalled === false &&
      (item.sort === "dependencies" || item.sort === "devDependencies") &&
      (words.has(item.name) ||
        item.importedBy.includes("source") ||
        item.importedBy.includes("test")),
  );
  return [...new Set(missing.map((item) => item.name))].sort();
}
