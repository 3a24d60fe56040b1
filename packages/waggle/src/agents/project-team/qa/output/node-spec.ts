import {
  failureMessage,
  type OutputReader,
  placeOf,
  type TestCounts,
  type TestFailure,
} from "../test-outcome.ts";
import { causeOf } from "./whole-file-failure.ts";

const SUMMARY =
  /^ℹ tests \d+\n(?:ℹ suites \d+\n)?ℹ pass (\d+)\nℹ fail (\d+)\nℹ cancelled (\d+)\nℹ skipped (\d+)\nℹ todo (\d+)$/gm;

/**
 * Reads the `spec` reporter of `node:test`, the default of Node 24. Several runs in one output are added up;
 * cancelled tests count as failed. A test that has subtests is a test too, as the runner counts.
 */
export const readNodeSpec: OutputReader = (text, folder) => {
  const summaries = [...text.matchAll(SUMMARY)];
  if (summaries.length === 0) return null;
  const counts = summaries.reduce<TestCounts>(
    (sum, [, pass, fail, cancelled, skipped, todo]) => ({
      passed: sum.passed + Number(pass),
      failed: sum.failed + Number(fail) + Number(cancelled),
      skipped: sum.skipped + Number(skipped),
      todo: sum.todo + Number(todo),
    }),
    { passed: 0, failed: 0, skipped: 0, todo: 0 },
  );
  return { format: "node:test (spec)", unit: "tests", counts, failures: failuresIn(text, folder) };
};

/** The entries below `failing tests`: a line with the place, a line with the name, then the error, indented. */
function failuresIn(text: string, folder: string): readonly TestFailure[] {
  const lines = text.split("\n");
  const failures: TestFailure[] = [];
  let isList = false;
  for (const [i, line] of lines.entries()) {
    if (/^✖ failing tests:$/.test(line)) isList = true;
    else if (line.startsWith("ℹ tests ")) isList = false;
    const before = lines[i - 1] ?? "";
    const name = isList && before.startsWith("test at ") ? failedName(line) : null;
    if (name === null) continue;
    const place = placeOf(before.slice("test at ".length), folder);
    const body = errorBelow(lines, i + 1);
    failures.push({
      name,
      file: place?.file ?? null,
      line: place?.line ?? null,
      message: causeOf(failureMessage(body), before, text),
    });
  }
  return failures;
}

/** Node 20 lists tests that are still to do with a cross too, and with `# TODO` or a reason behind the time. */
function failedName(line: string): string | null {
  const timed = /^✖ (.*) \([\d.]+m?s\)( # .*)?$/.exec(line);
  if (timed !== null) return timed[2] === undefined ? (timed[1] ?? null) : null;
  return /^✖ (.*)$/.exec(line)?.[1] ?? null;
}

function errorBelow(lines: readonly string[], from: number): readonly string[] {
  const end = lines.findIndex((line, i) => i >= from && line !== "" && !line.startsWith("  "));
  return lines.slice(from, end === -1 ? undefined : end);
}
