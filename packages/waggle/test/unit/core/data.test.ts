import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeData, encodeData, MAX_VALUE_LENGTH } from "../../../src/core/data.ts";
import { RuntimeError } from "../../../src/core/errors.ts";

function codeOf(value: unknown): string {
  try {
    encodeData(value, "value");
    return "taken";
  } catch (error) {
    return RuntimeError.is(error) ? `${error.code}: ${error.message}` : "foreign error";
  }
}

test("every JSON value comes back equal", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const normal: unknown = JSON.parse(JSON.stringify(value));
      if (JSON.stringify(value).includes('"__proto__":')) return;
      expect(decodeData(encodeData(value, "value"))).toEqual(normal);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["undefined", undefined, "undefined"],
  ["a function", { a: () => 1 }, "a function at a"],
  ["a date", { at: [new Date(0)] }, "an instance of Date at at.0"],
  ["a map", new Map(), "an instance of Map"],
  ["not a number", { deep: { x: Number.NaN } }, "NaN at deep.x"],
  ["a bigint", 1n, "a bigint"],
  ["an object with toJSON", { toJSON: 1 }, "an object with toJSON"],
])("refuses %s and says where it stands", (_name, value, text) => {
  expect(codeOf(value)).toContain("NOT_DATA");
  expect(codeOf(value)).toContain(text);
});

test("refuses a cycle instead of running for ever", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  expect(codeOf(cycle)).toContain("a cycle");
});

test("refuses a value over the limit, with both sizes", () => {
  const text = "x".repeat(MAX_VALUE_LENGTH);
  expect(codeOf(text)).toBe(
    `VALUE_TOO_LARGE: value has ${MAX_VALUE_LENGTH + 2} characters encoded (limit ${MAX_VALUE_LENGTH})`,
  );
});

test("leaves out properties that are undefined", () => {
  expect(encodeData({ a: 1, b: undefined }, "value")).toBe('{"a":1}');
});
