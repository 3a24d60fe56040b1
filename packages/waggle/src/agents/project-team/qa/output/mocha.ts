import {
  failureMessage,
  numberIn,
  type OutputReader,
  placeInStack,
  type TestFailure,
} from "../test-outcome.ts";

const SUMMARY = /^ {2}(\d+) passing(?: \(.*\))?$/m;

/** Reads the reporters of mocha that end in `N passing` (spec, dot and others). Pending tests count as skipped. */
export const readMocha: OutputReader = (text, folder) => {
  const summary = SUMMARY.exec(text);
  if (summary === null) return null;
  const rest = text.slice(summary.index);
  return {
    format: "mocha",
    unit: "tests",
    counts: {
      passed: Number(summary[1]),
      failed: numberIn(rest, /^ {2}(\d+) failing$/m),
      skipped: numberIn(rest, /^ {2}(\d+) pending$/m),
      todo: 0,
    },
    failures: failuresIn(rest.split("\n"), folder),
  };
};

/** Numbered entries: the names of the groups and the test, one a line, the last with a colon; then the error. */
function failuresIn(lines: readonly string[], folder: string): readonly TestFailure[] {
  const starts = lines.flatMap((line, i) => (/^ {2}\d+\) /.test(line) ? [i] : []));
  return starts.map((start, n): TestFailure => {
    const block = lines.slice(start, starts[n + 1]);
    const titleEnd = block.findIndex((line) => /:$/.test(line));
    const title = block.slice(0, titleEnd + 1).map((line) => line.replace(/^ *(\d+\) )?/, ""));
    const body = block.slice(titleEnd + 1);
    const place = placeInStack(body, folder);
    return {
      name: title.join(" > ").replace(/:$/, ""),
      file: place?.file ?? null,
      line: place?.line ?? null,
      message: failureMessage(body),
    };
  });
}
