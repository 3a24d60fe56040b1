import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERROR_CODES, RuntimeError, runtimeError } from "../../../src/core/errors.ts";
import { toErrorData } from "../../../src/core/thrown.ts";

test("docs/errors.md lists every code with its facts, and no other", () => {
  const text = readFileSync(new URL("../../../../../docs/errors.md", import.meta.url), "utf8");
  const listed = [...text.matchAll(/^\| `([A-Z_]+)` \| (\w+) \| ([\w-]+) \| (yes|no) \|/gm)];
  const table = Object.fromEntries(
    listed.map(([, code, kind, outcome, retryable]) => [code, { kind, outcome, retryable }]),
  );
  const wanted = Object.fromEntries(
    Object.entries(ERROR_CODES).map(([code, { kind, outcome, retryable }]) => [
      code,
      { kind, outcome, retryable: retryable ? "yes" : "no" },
    ]),
  );
  expect(table).toEqual(wanted);
});

test("an error survives as data and is revived with all it says", () => {
  const details = { limit: 8 };
  const data = runtimeError("LIMIT_REACHED", "too many", { details }).toData();
  const revived = new RuntimeError(JSON.parse(JSON.stringify(data)));
  expect(RuntimeError.is(revived, "LIMIT_REACHED")).toBe(true);
  expect(revived.toData()).toEqual(data);
});

test("a foreign error becomes data that keeps its name and message", () => {
  expect(toErrorData(new TypeError("no"))).toMatchObject({
    code: "HANDLER_FAILED",
    outcome: "unknown",
    message: "no",
    details: { name: "TypeError" },
  });
});
