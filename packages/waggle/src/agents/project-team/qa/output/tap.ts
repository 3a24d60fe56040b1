import {
  failureMessage,
  type OutputReader,
  type ReadOutput,
  type TestFailure,
} from "../test-outcome.ts";
import { diagnosticsOf, type TapDiagnostics } from "./tap-diagnostics.ts";
import { causeOf } from "./whole-file-failure.ts";

/** A test point with its place in the tree. */
interface TapPoint {
  readonly isOk: boolean;
  readonly name: string;
  readonly directive: "skip" | "todo" | null;
  readonly indent: number;
  readonly path: readonly string[];
  readonly diagnostics: TapDiagnostics;
  /** It stands for the points nested in it. */
  readonly isParent: boolean;
  /** One of the points nested in it failed. */
  readonly childFailed: boolean;
}

const POINT = /^( *)(not )?ok\b(?: (\d+))?(?: -)?(?: (.*))?$/;
const SUBTEST = /^( *)# Subtest: (.*)$/;
const NODE_SUMMARY =
  /^# tests \d+\n# suites \d+\n# pass (\d+)\n# fail (\d+)\n# cancelled (\d+)\n# skipped (\d+)\n# todo (\d+)$/m;

/**
 * Reads TAP 13 and 14 of node:test, tape, tap and others, nested subtests included. The numbers of node:test are
 * its own; elsewhere the innermost points are counted, which are assertions, and the tests that
 * tape skipped.
 */
export const readTap: OutputReader = (text, folder) => {
  const isTap =
    /^TAP version \d+$/m.test(text) || (/^(not )?ok \d+/m.test(text) && /^1\.\.\d+/m.test(text));
  if (!isTap) return null;
  const points = pointsOf(text.split("\n"), folder);
  const leaves = points.filter(
    (point) => !point.isParent || (isFailure(point) && !point.childFailed),
  );
  const failures = [
    ...leaves.filter(isFailure).map((point) => failureOf(point, text)),
    ...[...text.matchAll(/^ *Bail out!(.*)$/gm)].map(
      ([, reason]): TestFailure => ({
        name: "the run bailed out",
        file: null,
        line: null,
        message: (reason ?? "").trim(),
      }),
    ),
  ];
  return { ...countsOf(text, leaves, failures.length), failures };
};

function countsOf(
  text: string,
  leaves: readonly TapPoint[],
  failed: number,
): Omit<ReadOutput, "failures"> {
  const summary = NODE_SUMMARY.exec(text)?.slice(1).map(Number);
  if (summary !== undefined) {
    const [passed = 0, fail = 0, cancelled = 0, skipped = 0, todo = 0] = summary;
    return {
      format: "node:test (tap)",
      unit: "tests",
      counts: { passed, failed: fail + cancelled, skipped, todo },
    };
  }
  // tape tells of a skipped test in a comment only.
  const skippedTests = text.match(/^# SKIP /gm)?.length ?? 0;
  const skipped = skippedTests + leaves.filter((point) => point.directive === "skip").length;
  const todo = leaves.filter((point) => point.directive === "todo").length;
  const passed = leaves.filter((point) => point.isOk && point.directive === null).length;
  // A skipped test is no assertion, and how many it would have made nobody knows.
  const unit = skippedTests > 0 ? "checks" : "assertions";
  return { format: "TAP", unit, counts: { passed, failed, skipped, todo } };
}

function isFailure(point: TapPoint): boolean {
  return !point.isOk && point.directive === null;
}

function failureOf({ path, name, diagnostics }: TapPoint, text: string): TestFailure {
  return {
    name: [...path, name].filter((part) => part !== "").join(" > "),
    file: diagnostics.file,
    line: diagnostics.line,
    message: causeOf(
      failureMessage(diagnostics.message.split("\n")),
      `${diagnostics.file}:${diagnostics.line}:1`,
      text,
    ),
  };
}

/** State of the walk over the lines: open subtests by indentation, and the group of a flat stream. */
interface Walk {
  readonly open: { readonly indent: number; readonly name: string }[];
  readonly nested: Map<number, { failed: boolean }>;
  group: string;
}

function pointsOf(lines: readonly string[], folder: string): readonly TapPoint[] {
  const walk: Walk = { open: [], nested: new Map(), group: "" };
  const points: TapPoint[] = [];
  // Without subtests (tape) a comment names the test whose assertions follow.
  const isFlat = !lines.some((line) => SUBTEST.test(line));
  for (const [i, line] of lines.entries()) {
    const subtest = SUBTEST.exec(line);
    if (subtest !== null) openSubtest(walk, (subtest[1] ?? "").length, subtest[2] ?? "");
    else if (
      isFlat &&
      /^# /.test(line) &&
      !/^# (tests|pass|fail|suites|SKIP|TODO|time=|\{|ok)\b/.test(line)
    ) {
      walk.group = line.slice(2);
    }
    const found = POINT.exec(line);
    if (found !== null) points.push(pointAt(found, lines, i, walk, folder));
  }
  return points;
}

function openSubtest(walk: Walk, indent: number, name: string): void {
  while ((walk.open.at(-1)?.indent ?? -1) >= indent) walk.open.pop();
  walk.open.push({ indent, name: unescaped(name) });
}

function pointAt(
  found: RegExpExecArray,
  lines: readonly string[],
  i: number,
  walk: Walk,
  folder: string,
): TapPoint {
  const indent = (found[1] ?? "").length;
  const { name, directive } = describe(found[4] ?? "");
  const isOk = found[2] === undefined;
  while ((walk.open.at(-1)?.indent ?? -1) >= indent) walk.open.pop();
  const path = walk.open.map((subtest) => subtest.name);
  const children = walk.nested.get(indent);
  walk.nested.delete(indent);
  if (indent > 0) {
    const siblings = walk.nested.get(indent - 4) ?? { failed: false };
    siblings.failed ||= !isOk && directive === null;
    walk.nested.set(indent - 4, siblings);
  }
  return {
    isOk,
    name,
    directive,
    indent,
    path: path.length === 0 && walk.group !== "" ? [walk.group] : path,
    diagnostics: diagnosticsOf(lines, i + 1, indent + 2, folder),
    isParent: children !== undefined,
    childFailed: children?.failed ?? false,
  };
}

function describe(rest: string): Pick<TapPoint, "name" | "directive"> {
  const found = /(?:^| )# (SKIP|TODO|time=[\d.]+m?s)\b.*$/i.exec(rest);
  const word = found?.[1]?.toLowerCase() ?? "";
  const name = unescaped(found === null ? rest : rest.slice(0, found.index)).replace(/ \{$/, "");
  return { name, directive: word === "skip" || word === "todo" ? word : null };
}

function unescaped(name: string): string {
  return name.replace(/\\([#\\])/g, "$1").trim();
}
