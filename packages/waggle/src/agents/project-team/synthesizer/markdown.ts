import { counted, listed, SEVERITIES } from "../finding.ts";
import type { ProjectReport, ReportFinding, ReportTask, Verdict } from "./project-report.ts";

/** Findings of one severity that are written out; the rest is counted. */
const MAX_FINDINGS: Readonly<Record<string, number>> = { high: 40, medium: 30, low: 20, info: 15 };

const MAX_OUTPUT_LINES = 25;

const VERDICTS: Readonly<Record<Verdict, string>> = {
  healthy: "HEALTHY",
  "needs-attention": "NEEDS ATTENTION",
  failing: "FAILING",
  unknown: "UNKNOWN",
};

/** The report as Markdown that reads well as plain text too. Ends with a line break. */
export function toMarkdown(report: Omit<ProjectReport, "markdown">): string {
  const name = report.facts.inventory?.manifest?.name;
  const sections = [
    `# Project report: ${name ?? report.folder}`,
    `Verdict: **${VERDICTS[report.verdict]}**`,
    bullets(report.reasons),
    `Goal: ${report.goal.replace(/\s+/g, " ")}\nFolder: \`${report.folder}\``,
    facts(report),
    findings(report.findings),
    output(report.facts.tests),
    notDone(report.notDone),
    tasks(report.tasks),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

function facts({
  facts: { inventory, dependencies, tests, todos },
}: Omit<ProjectReport, "markdown">): string {
  const lines: string[] = [];
  if (inventory !== null) {
    const shares = inventory.languages
      .slice(0, 6)
      .map(
        ({ name, files, lines: count }) =>
          `${name} ${counted(files, "file")}/${counted(count, "line")}`,
      );
    const kinds = inventory.projectKinds.join(", ");
    lines.push(
      `Kind: ${kinds === "" ? "no known manifest" : kinds}`,
      `Size: ${counted(inventory.fileCount, "file")}, ${counted(inventory.lines, "line")}${shares.length === 0 ? "" : ` (${shares.join(", ")})`}`,
    );
    const { manifest } = inventory;
    if (manifest !== null) {
      lines.push(
        `Package: ${manifest.name ?? "without a name"} ${manifest.version ?? "without a version"}, ${manifest.moduleType}, licence ${manifest.license ?? "not given"}, Node ${manifest.engines["node"] ?? "not given"}`,
      );
    }
  }
  if (tests !== null) lines.push(...testLines(tests));
  if (dependencies !== null) lines.push(`Dependencies: ${dependencyLine(dependencies)}`);
  if (todos !== null) {
    const { TODO, FIXME, XXX, HACK } = todos.counts;
    lines.push(`Undone: ${TODO} TODO, ${FIXME} FIXME, ${XXX} XXX, ${HACK} HACK`);
  }
  return lines.length === 0 ? "" : `## Facts\n\n${bullets(lines)}`;
}

function testLines(tests: NonNullable<ProjectReport["facts"]["tests"]>): readonly string[] {
  const lines = [`Tests: ${tests.status} - ${tests.reason}`];
  if (tests.end === null) return lines;
  const script = tests.source === null ? "" : ` (${tests.source})`;
  const read =
    tests.format === null ? "only the exit code is known" : `output read as ${tests.format}`;
  lines.push(
    `Test command: \`${tests.command ?? ""}\`${script}, ${(tests.durationMs / 1000).toFixed(1)} s, ${read}`,
    `Sandbox: ${tests.ranUnsandboxed ? "NONE, as allowed - " : ""}${tests.sandbox ?? ""}`,
  );
  if (tests.install !== null) lines.push(`Installed in a copy: \`${tests.install.command}\``);
  return lines;
}

function dependencyLine(dependencies: NonNullable<ProjectReport["facts"]["dependencies"]>): string {
  const { declared, undeclared } = dependencies;
  const looked = declared.filter((item) => item.isInstalled !== null);
  const installed = looked.filter((item) => item.isInstalled).length;
  const unused = declared.filter(
    (item) => item.use === "nowhere" && item.sort !== "peerDependencies",
  );
  const apart = declared.length - looked.length;
  return [
    `${declared.length} declared${apart === 0 ? "" : ` (${apart} in a package.json that is installed apart)`}`,
    `${installed} of ${looked.length} installed`,
    `${undeclared.length} used but not declared`,
    `${unused.length} declared but not used`,
  ].join(", ");
}

function findings(all: readonly ReportFinding[]): string {
  if (all.length === 0) return "## Findings\n\nNone.";
  const groups = SEVERITIES.flatMap((severity) => {
    const some = all.filter((finding) => finding.severity === severity);
    if (some.length === 0) return [];
    const limit = MAX_FINDINGS[severity] ?? 20;
    const shown = some.slice(0, limit).map(findingText);
    const more = some.length > limit ? [`- ... and ${some.length - limit} more`] : [];
    return [`### ${severity} (${some.length})\n\n${[...shown, ...more].join("\n")}`];
  });
  return `## Findings\n\n${groups.join("\n\n")}`;
}

function findingText({ title, detail, file, line, confidence, category }: ReportFinding): string {
  const place = file === null ? "" : ` - \`${file}${line === null ? "" : `:${line}`}\``;
  const sure = confidence === "high" ? "" : ` (confidence: ${confidence})`;
  const body = category === "todo" ? [] : detail.split("\n").map((text) => `  ${text}`.trimEnd());
  return [`- ${title}${place}${sure}`, ...body].join("\n");
}

/** The end of an output that no finding tells of. */
function output(tests: ProjectReport["facts"]["tests"]): string {
  if (tests === null || tests.outputTail === "" || tests.failures.length > 0) return "";
  const lines = tests.outputTail.split("\n").slice(-MAX_OUTPUT_LINES);
  // A longer fence than any in the output.
  const fence = "`".repeat(
    Math.max(3, ...lines.map((line) => (/^ *(`+)/.exec(line)?.[1] ?? "").length + 1)),
  );
  return `## End of the output\n\n${fence}text\n${lines.join("\n")}\n${fence}`;
}

function notDone(notes: readonly string[]): string {
  return notes.length === 0 ? "" : `## Not done\n\n${bullets(notes)}`;
}

function tasks(all: readonly ReportTask[]): string {
  if (all.length === 0) return "";
  const lines = all.map(({ id, description, asked, outcome, error, because }) => {
    const why = [error?.message, because.length > 0 ? `because of ${listed(because)}` : undefined]
      .filter((text) => text !== undefined)
      .join("; ");
    return `${id}: ${outcome} - ${description} (${asked})${why === "" ? "" : `: ${why}`}`;
  });
  return `## Tasks\n\n${bullets(lines)}`;
}
