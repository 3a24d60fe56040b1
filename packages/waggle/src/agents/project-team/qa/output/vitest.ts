import {
  failureMessage,
  numberIn,
  type OutputReader,
  placeInStack,
  type TestFailure,
} from "../test-outcome.ts";

const SUMMARY = /^ *Test Files {2}.*\n *Tests {2}(.*)$/gm;
const HEADING = /^ FAIL {2}(?:\|[^|]*\| )?(\S+)(?: > (.*)| \[ .* \])?$/;

/** Reads the default reporter of vitest. A test file that cannot be loaded counts as one failed test. */
export const readVitest: OutputReader = (text, folder) => {
  const summaries = [...text.matchAll(SUMMARY)].map((found) => found[1] ?? "");
  if (summaries.length === 0) return null;
  const failures = failuresIn(text.split("\n"), folder);
  const count = (word: string): number =>
    summaries.reduce((sum, line) => sum + numberIn(line, new RegExp(`(\\d+) ${word}`)), 0);
  const unloaded = failures.filter((failure) => failure.name === NOT_LOADED).length;
  return {
    format: "vitest",
    unit: "tests",
    counts: {
      passed: count("passed"),
      failed: count("failed") + unloaded,
      skipped: count("skipped"),
      todo: count("todo"),
    },
    failures,
  };
};

const NOT_LOADED = "(the test file could not be loaded)";

function failuresIn(lines: readonly string[], folder: string): readonly TestFailure[] {
  const failures: TestFailure[] = [];
  for (const [i, line] of lines.entries()) {
    const heading = HEADING.exec(line);
    if (heading?.[1] === undefined) continue;
    const end = lines.findIndex(
      (other, j) => j > i && (HEADING.test(other) || /^⎯{8,}/.test(other)),
    );
    const body = lines.slice(i + 1, end === -1 ? undefined : end);
    // Several tests with the same error share one body, below the last heading.
    const shared = body.length === 0 ? lines.slice(end + 1) : body;
    failures.push({
      name: heading[2] ?? NOT_LOADED,
      file: heading[1],
      line: placeInStack(body, folder)?.line ?? null,
      message: failureMessage(shared.slice(0, 60)),
    });
  }
  return failures;
}
