import { expect, test } from "vitest";
import type { ReportFinding } from "../../src/agents/project-team/synthesizer/project-report.ts";
import { failOnMatches, splitFailOn } from "../../src/cli/fail-on.ts";
import { oneLine, printable } from "../../src/cli/printable.ts";

const medium: ReportFinding = {
  ...{ severity: "medium", category: "files", title: "t", detail: "d" },
  ...{ file: null, line: null, confidence: "high", task: "inventory" },
};
const report = { verdict: "needs-attention", findings: [medium, medium] } as const;

test.each([
  ["high", []],
  ["medium", ["medium: 2 findings of severity medium or worse"]],
  ["info", ["info: 2 findings of severity info or worse"]],
  ["failing", []],
  ["unknown", []],
  ["needs-attention", ["needs-attention: the verdict is needs-attention"]],
] as const)("%s matches its own kind and what is worse", (word, matches) => {
  expect(failOnMatches(report, [word])).toEqual(matches);
});

test("needs-attention is also matched by the worse verdict, and by no unknown one", () => {
  const judged = (verdict: "failing" | "unknown") =>
    failOnMatches({ verdict, findings: [] }, ["needs-attention"]).length;
  expect([judged("failing"), judged("unknown")]).toEqual([1, 0]);
});

test("several words may stand in one value or in several", () => {
  expect(splitFailOn(["high, unknown", "high", "failing"])).toEqual(["high", "unknown", "failing"]);
});

test("what acts on a terminal is taken out of text, line breaks and tabs stay", () => {
  expect(printable("a\u001b[31mb\u001b[0m\tc\r\nd\u0007\u202e\u009b")).toBe(
    "ab\tc\nd\uFFFD\uFFFD\uFFFD",
  );
});

test("a line is cut to its limit", () => {
  expect(oneLine("one\n two   three", 10)).toBe("one two...");
});
