import {
  failureMessage,
  numberIn,
  type OutputReader,
  placeInStack,
  type TestFailure,
} from "../test-outcome.ts";

const SUMMARY = /^Test Suites: .*\nTests: +(.*)$/m;
const NOT_LOADED = "Test suite failed to run";

/** Reads the default reporter of jest. A suite that cannot be loaded counts as one failed test. */
export const readJest: OutputReader = (text, folder) => {
  const summary = SUMMARY.exec(text)?.[1];
  if (summary === undefined) return null;
  const failures = failuresIn(text.split("\n"), folder);
  const unloaded = failures.filter((failure) => failure.name === NOT_LOADED).length;
  return {
    format: "jest",
    unit: "tests",
    counts: {
      passed: numberIn(summary, /(\d+) passed/),
      failed: numberIn(summary, /(\d+) failed/) + unloaded,
      skipped: numberIn(summary, /(\d+) skipped/),
      todo: numberIn(summary, /(\d+) todo/),
    },
    failures,
  };
};

function failuresIn(lines: readonly string[], folder: string): readonly TestFailure[] {
  const failures = new Map<string, TestFailure>();
  let file: string | null = null;
  for (const [i, line] of lines.entries()) {
    file = /^FAIL (\S+)/.exec(line)?.[1] ?? file;
    const name = /^ {2}● (.*)$/.exec(line)?.[1];
    // jest repeats all failures below "Summary of all failing tests" when there are many.
    const key = `${file}\n${name}`;
    if (name === undefined || failures.has(key)) continue;
    const end = lines.findIndex(
      (other, j) => j > i && /^( {2}● |FAIL |PASS |Test Suites: )/.test(other),
    );
    const body = lines.slice(i + 1, end === -1 ? undefined : end);
    failures.set(key, {
      name: name.replaceAll(" › ", " > "),
      file,
      line: placeInStack(body, folder)?.line ?? null,
      message: failureMessage(withoutExcerpt(body)),
    });
  }
  return [...failures.values()];
}

/** Leaves out the lines of source code that jest shows. */
function withoutExcerpt(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => /^ +>? *\d* *\| /.test(line));
  return start === -1 ? lines : lines.slice(0, start);
}
