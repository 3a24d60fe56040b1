import { z } from "zod";

/** How much a finding matters: `high` is broken now, `medium` will hurt, `low` is untidy, `info` is a fact. */
export type Severity = "high" | "medium" | "low" | "info";

/** What a finding is about. */
type FindingCategory =
  | "tests"
  | "syntax"
  | "merge-conflict"
  | "manifest"
  | "dependencies"
  | "secrets"
  | "files"
  | "housekeeping"
  | "todo";

/** One thing the team saw in a project. Plain data; says only what was looked at. */
export interface Finding {
  readonly severity: Severity;
  readonly category: FindingCategory;
  /** One line, names the thing. */
  readonly title: string;
  /** What was seen and why it matters; may be several lines. */
  readonly detail: string;
  /** Relative to the project's folder, or null when the finding has no place. */
  readonly file: string | null;
  /** From 1, or null. */
  readonly line: number | null;
  /** How sure the rule is. `high`: read off directly; `medium`: a rule with known exceptions. */
  readonly confidence: "high" | "medium" | "low";
}

/** Severities from worst to mildest. */
export const SEVERITIES: readonly Severity[] = ["high", "medium", "low", "info"];

/** Categories in the order in which a report shows them. */
const CATEGORIES: readonly FindingCategory[] = [
  "tests",
  "syntax",
  "merge-conflict",
  "manifest",
  "dependencies",
  "secrets",
  "files",
  "housekeeping",
  "todo",
];

/** Checks a {@link Finding}. */
export const findingSchema: z.ZodType<Finding, Finding> = z.object({
  severity: z.enum(["high", "medium", "low", "info"]),
  category: z.enum([
    "tests",
    "syntax",
    "merge-conflict",
    "manifest",
    "dependencies",
    "secrets",
    "files",
    "housekeeping",
    "todo",
  ]),
  title: z.string(),
  detail: z.string(),
  file: z.string().nullable(),
  line: z.number().int().min(1).nullable(),
  confidence: z.enum(["high", "medium", "low"]),
});

/** Order of findings: severity, category, file, line, title. Total for findings that differ in these. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    CATEGORIES.indexOf(a.category) - CATEGORIES.indexOf(b.category) ||
    compareText(a.file ?? "", b.file ?? "") ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compareText(a.title, b.title)
  );
}

/** Code-unit order, the same on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A whole number with commas between the thousands. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** The first `limit` of `items` in words, then how many more there are. */
export function listed(items: readonly string[], limit: number = 10): string {
  const shown = items.slice(0, limit).join(", ");
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown;
}

/** `text` cut to `limit` UTF-16 units, with `...` where it was cut. */
export function clipped(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 3)}...`;
}
