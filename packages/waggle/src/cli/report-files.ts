import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProjectReport } from "../agents/project-team/synthesizer/project-report.ts";
import { printable } from "./printable.ts";
import { codeOf, usageProblems } from "./run-arguments.ts";

/** The report of a run as it is printed with `--json` and stands in `report.json`. */
export interface ReportDocument extends ProjectReport {
  readonly run: string;
  /** Absolute paths of the two files. */
  readonly files: { readonly json: string; readonly markdown: string };
}

/**
 * Makes the folder in which the report will stand.
 * @throws RuntimeError `USAGE` in words for the user.
 */
export async function makeReportFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw usageProblems([`the report's folder ${folder} cannot be made (${codeOf(error)})`]);
  }
}

/**
 * Writes `report.md` (printable, see {@link printable}) and `report.json` into `folder`, each at once or not at all. Writing again gives the same
 * files: a report holds nothing of the process that writes it.
 */
export async function writeReportFiles(
  folder: string,
  run: string,
  report: ProjectReport,
): Promise<ReportDocument> {
  const files = { json: join(folder, "report.json"), markdown: join(folder, "report.md") };
  const document: ReportDocument = { run, files, ...report };
  await mkdir(folder, { recursive: true });
  await replaceFile(files.markdown, printable(report.markdown));
  await replaceFile(files.json, `${JSON.stringify(document, null, 2)}\n`);
  return document;
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
