import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonFault } from "../../../../src/agents/project-team/folder/json-fault.ts";

test.each([
  ['{ "name": }', "expected a value at line 1, column 11"],
  ['{\n  "name": "x",\n}', "expected a name in double quotes at line 3, column 1"],
  ['{\n  "name": "x"\n  "version": "1"\n}', "expected a comma or '}' at line 3, column 3"],
  ['{ "a" "b" }', "expected a colon at line 1, column 7"],
  ["{ name: 1 }", "expected a name in double quotes or '}' at line 1, column 3"],
  ["[1, 2", "expected a comma or ']', found the end of the file at line 1, column 6"],
  ["[1, ]", "expected a value at line 1, column 5"],
  ["{} // no", "expected nothing more at line 1, column 4"],
  ['"open', "expected a value at line 1, column 1"],
  ["", "expected a value, found the end of the file at line 1, column 1"],
  ["[01]", "expected a value or ']' at line 1, column 2"],
])("finds the fault of %j", (text, reason) => {
  expect(findJsonFault(text)?.reason).toBe(reason);
});

test("stands a text that is nested very deep", () => {
  expect(findJsonFault("[".repeat(500_000))?.line).toBe(1);
  expect(findJsonFault(`"${"a\\n".repeat(300_000)}`)?.line).toBe(1);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("agrees with JSON.parse on every text", () => {
  const parts = fc.constantFrom(
    ...'{}[]:, \n"a1-.e\\'.split(""),
    "true",
    "null",
    '"k"',
    "0",
    "1.5",
  );
  const text = fc.array(parts, { maxLength: 12 }).map((list) => list.join(""));
  const nearJson = fc
    .tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 }))
    .map(
      ([json, at, more]) =>
        json.slice(0, at % (json.length + 1)) + more + json.slice(at % (json.length + 1)),
    );
  fc.assert(
    fc.property(fc.oneof(text, nearJson, fc.json()), (candidate) => {
      expect(findJsonFault(candidate) === null).toBe(isJson(candidate));
    }),
    { numRuns: 2_000 },
  );
});

test("does not get lost in a string that never ends", () => {
  expect(findJsonFault(`"${"a".repeat(300_000)}`)?.reason).toContain("expected a value");
  expect(findJsonFault(`"${"\\n a".repeat(100_000)}`)?.reason).toContain("expected a value");
});
