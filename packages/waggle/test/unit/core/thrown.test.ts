import { expect, test } from "vitest";
import { MAX_VALUE_LENGTH } from "../../../src/core/data.ts";
import { RuntimeError } from "../../../src/core/errors.ts";
import { errorPayload } from "../../../src/core/payload.ts";
import { KEPT_MESSAGE, storableError, toErrorData } from "../../../src/core/thrown.ts";

const FACTS = { code: "X", kind: "state", outcome: "not-applied", retryable: true } as const;

function errorWith(details: unknown, message = "refused"): RuntimeError {
  return new RuntimeError({ ...FACTS, message, details: details as Record<string, unknown> });
}

const unreadable = Object.defineProperty(new Error("no"), "message", {
  get() {
    throw new Error("no");
  },
});

const circle: Record<string, unknown> = {};
circle["self"] = circle;

test.each([
  ["a date", { when: new Date(0) }],
  ["what is no number", { n: Number.POSITIVE_INFINITY }],
  ["a function", { f: () => 1 }],
  ["a cycle", circle],
  ["too much", { text: "x".repeat(MAX_VALUE_LENGTH) }],
  [
    "a property that throws",
    {
      get a(): never {
        throw new Error("no");
      },
    },
  ],
])("an error with %s in its details keeps all but these", (_, details) => {
  const data = toErrorData(errorWith(details));
  expect(data).toEqual({ ...FACTS, message: "refused", details: { note: expect.any(String) } });
  expect(errorPayload(data).decode()).toEqual({ type: "error", error: data });
});

test("an error is stored without details that are no plain data, whoever made it", () => {
  const { decode } = errorPayload(errorWith({ when: new Date(0) }).toData());
  expect(decode()).toMatchObject({ type: "error", error: { ...FACTS, message: "refused" } });
});

test("a message that cannot be stored is cut, and says so; a long one that can is kept", () => {
  const cut = toErrorData(new Error("x".repeat(5_000_000)));
  expect(cut).toMatchObject({ code: "HANDLER_FAILED", details: { name: "Error" } });
  expect(cut.message).toBe(`${"x".repeat(KEPT_MESSAGE)} ... (5000000 characters)`);
  const long = "x".repeat(1_000_000);
  expect(toErrorData(new Error(long)).message).toBe(long);
});

test("an error that may be no longer than a given limit is cut to fit", () => {
  const error = storableError(errorWith({ a: 1 }, "x".repeat(50_000)).toData(), 40_000);
  expect(JSON.stringify(error).length).toBeLessThan(40_000);
  expect(error).toMatchObject(FACTS);
});

test("a time to come back that is no number is left out", () => {
  const wrong = new RuntimeError({ ...FACTS, message: "busy", retryAfterMs: Number.NaN });
  expect(toErrorData(wrong)).toEqual({ ...FACTS, message: "busy" });
});

test.each([
  ["an object without prototype", Object.create(null)],
  ["an error whose message throws", unreadable],
  [
    "an error of a kind that is no data",
    new RuntimeError({ ...FACTS, kind: new Date(0) as never, message: "m" }),
  ],
])("%s becomes an error all the same", (_, thrown) => {
  const data = toErrorData(thrown);
  expect(data.code).toBe("HANDLER_FAILED");
  expect(errorPayload(data).decode()).toEqual({ type: "error", error: data });
});
