import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readTestOutput } from "../../../../src/agents/project-team/qa/read-output.ts";

function read(name: string): NonNullable<ReturnType<typeof readTestOutput>> {
  const text = readFileSync(new URL(`fixtures/output/${name}.txt`, import.meta.url), "utf8");
  const output = readTestOutput(text, "/project");
  if (output === null) throw new Error(`nothing read in ${name}`);
  return output;
}

const names = (file: string): readonly string[] => read(file).failures.map((f) => f.name);

test("reads the spec reporter of Node 24 with names, places and messages", () => {
  const { counts, failures, format, unit } = read("node-24.21.0-spec");
  expect({ counts, format, unit }).toEqual({
    counts: { passed: 3, failed: 4, skipped: 1, todo: 1 },
    format: "node:test (spec)",
    unit: "tests",
  });
  expect(failures).toEqual([
    {
      name: "nt/broken.test.mjs",
      file: "nt/broken.test.mjs",
      line: 1,
      message:
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/project/nt/not-there.mjs' imported from /project/nt/broken.test.mjs",
    },
    {
      name: "subtracts: fails # here",
      file: "nt/math.test.mjs",
      line: 4,
      message: "AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:\n\n2 !== 1",
    },
    {
      name: "keeps order",
      file: "nt/math.test.mjs",
      line: 10,
      message: expect.stringContaining("[\n    1,\n+   2,\n    3,\n-   2\n  ]"),
    },
    {
      name: "throws a plain error",
      file: "nt/math.test.mjs",
      line: 11,
      message: "TypeError: boom\nsecond line",
    },
  ]);
});

test("does not take a test that is still to do for a failure in the list of Node 20", () => {
  const { counts, failures } = read("node-20.20.2-spec");
  expect(counts).toEqual({ passed: 3, failed: 4, skipped: 1, todo: 1 });
  expect(failures.map((f) => f.name)).toEqual([
    "/project/nt/broken.test.mjs",
    "subtracts: fails # here",
    "keeps order",
    "throws a plain error",
  ]);
});

test.each(["node-24.21.0-tap", "node-20.20.2-tap"])("reads nested subtests of %s", (file) => {
  const { counts, failures, format, unit } = read(file);
  expect({ counts, format, unit }).toEqual({
    counts: { passed: 3, failed: 4, skipped: 1, todo: 1 },
    format: "node:test (tap)",
    unit: "tests",
  });
  expect(failures.map(({ name, line }) => [name, line])).toEqual([
    [expect.stringContaining("nt/broken.test.mjs"), 1],
    ["subtracts: fails # here", 4],
    ["a list > when filled > keeps order", 10],
    ["a list > when filled > throws a plain error", 11],
  ]);
  expect(failures[1]?.message).toBe(
    "AssertionError: Expected values to be strictly equal:\n\n2 !== 1",
  );
  expect(failures[0]?.message).toContain("Cannot find module");
});

test("reads tape: assertions, skipped tests, the test's name before the assertion's", () => {
  const { counts, failures, unit } = read("tape-5.10.2");
  // One skipped assertion and one skipped test, so they are not all assertions.
  expect(unit).toBe("checks");
  expect(counts).toEqual({ passed: 2, failed: 1, skipped: 2, todo: 1 });
  expect(failures).toEqual([
    {
      name: "deep equality > same object",
      file: "tape/a.test.cjs",
      line: 3,
      message: "deepEqual: expected { a: 2 }, got { a: 1 }",
    },
  ]);
});

test("counts assertions where tape skipped no whole test", () => {
  const text = "TAP version 13\n# one\nok 1 a\nok 2 b # SKIP\n\n1..2\n# tests 2\n# pass  2\n";
  expect(readTestOutput(text, "/x")).toMatchObject({
    unit: "assertions",
    counts: { passed: 1, failed: 0, skipped: 1, todo: 0 },
  });
});

test("reads tap: the innermost points only, with their difference", () => {
  const { counts, failures, format } = read("tap-21.8.0");
  expect({ counts, format }).toEqual({
    counts: { passed: 2, failed: 1, skipped: 1, todo: 1 },
    format: "TAP",
  });
  expect(failures).toEqual([
    {
      name: "a.test.mjs > deep equality > should be equivalent",
      file: "a.test.mjs",
      line: 3,
      message: expect.stringContaining('-  "a": 2,\n+  "a": 1,'),
    },
  ]);
});

test("reads vitest, and counts a file that does not load as a failure", () => {
  const { counts, failures } = read("vitest-5.1.0");
  expect(counts).toEqual({ passed: 2, failed: 4, skipped: 1, todo: 1 });
  expect(failures.map(({ name, file, line }) => [name, file, line])).toEqual([
    ["deep equality", "a.test.mjs", 3],
    ["a list > keeps order", "a.test.mjs", 6],
    ["a list > throws", "a.test.mjs", 6],
    ["(the test file could not be loaded)", "broken.test.mjs", 1],
  ]);
  expect(failures[2]?.message).toBe("TypeError: boom");
});

test("reads mocha with the groups in the name", () => {
  const { counts, failures, format } = read("mocha-12.0.3");
  expect({ counts, format }).toEqual({
    counts: { passed: 1, failed: 2, skipped: 2, todo: 0 },
    format: "mocha",
  });
  expect(failures.map(({ name, file, line }) => [name, file, line])).toEqual([
    ["a list > keeps order", "mo/a.test.cjs", 4],
    ["a list > inner > throws", "mo/a.test.cjs", 7],
  ]);
});

test("reads jest without its excerpts of source code", () => {
  const { counts, failures } = read("jest-30.5.2");
  expect(counts).toEqual({ passed: 1, failed: 3, skipped: 1, todo: 1 });
  expect(failures.map(({ name, file, line, message }) => [name, file, line, message])).toEqual([
    ["a list > keeps order", "je/a.test.js", 4, expect.stringContaining("[2, 1]")],
    ["a list > inner > throws", "je/a.test.js", 7, "TypeError: boom"],
    [
      "Test suite failed to run",
      "je/broken.test.js",
      1,
      "Cannot find module './not-there.js' from 'broken.test.js'",
    ],
  ]);
});

test("reads the summary of ava", () => {
  expect(read("ava-7.0.0").counts).toEqual({ passed: 1, failed: 1, skipped: 1, todo: 1 });
  expect(names("ava-7.0.0")).toEqual(["deep equality"]);
});

test("adds up several runners in one output and says what each counted", () => {
  const { counts, failures, format, unit } = read("eslint-c8-node-24.21.0-tstyche-7.2.5");
  expect({ counts, failures, unit }).toEqual({
    counts: { passed: 245, failed: 0, skipped: 0, todo: 0 },
    failures: [],
    unit: "checks",
  });
  expect(format).toBe("node:test (spec), 184 tests + tstyche, 61 assertions");
});

test("reads nothing out of a text that is no runner's", () => {
  expect(readTestOutput("all 12 tests passed, ok 1 of 3\nTests: none", "/project")).toBeNull();
});

test("reads coloured output as if it had no colours", () => {
  const text = readFileSync(
    new URL("fixtures/output/mocha-12.0.3.txt", import.meta.url),
    "utf8",
  ).replace(/^ {2}1 passing/m, "\u001b[92m \u001b[0m\u001b[32m 1 passing\u001b[0m");
  expect(readTestOutput(text, "/project")?.counts.passed).toBe(1);
});
