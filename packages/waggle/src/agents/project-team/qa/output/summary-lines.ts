import { numberIn, type OutputReader } from "../test-outcome.ts";

/** Reads the summary of tstyche, a runner of type tests. */
export const readTstyche: OutputReader = (text) => {
  const summary = /^Targets: .*\n(?:Test files: .*\n)?(?:Tests: +(.*)\n)?Assertions: +(.*)$/m.exec(
    text,
  );
  if (summary === null) return null;
  const line = summary[1] ?? summary[2] ?? "";
  return {
    format: "tstyche",
    unit: summary[1] === undefined ? "assertions" : "tests",
    counts: {
      passed: numberIn(line, /(\d+) passed/),
      failed: numberIn(line, /(\d+) failed/),
      skipped: numberIn(line, /(\d+) skipped/),
      todo: numberIn(line, /(\d+) todo/),
    },
    failures: [],
  };
};

/** Reads the summary at the end of ava's output. */
export const readAva: OutputReader = (text) => {
  const lines = text.trimEnd().split("\n").slice(-12).join("\n");
  const hasSummary = /^ {2}(\d+ tests? (failed|passed)|\d+ uncaught exceptions?)$/m.test(lines);
  if (!hasSummary || !/^ {2}[✔✘] /m.test(text)) return null;
  return {
    format: "ava",
    unit: "tests",
    counts: {
      passed:
        numberIn(lines, /^ {2}(\d+) tests? passed$/m) || (text.match(/^ {2}✔ /gm) ?? []).length,
      failed: numberIn(lines, /^ {2}(\d+) tests? failed$/m),
      skipped: numberIn(lines, /^ {2}(\d+) tests? skipped$/m),
      todo: numberIn(lines, /^ {2}(\d+) tests? todo$/m),
    },
    failures: [...text.matchAll(/^ {2}✘ \[fail\]: (.*)$/gm)].map((found) => ({
      name: found[1] ?? "",
      file: null,
      line: null,
      message: "",
    })),
  };
};
